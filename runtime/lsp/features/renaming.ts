// Takes: an analysis, a position, a new name. Gives: the edits, or an error that says why the name has to stay.
// Promises: what it gives leaves a file with the same models.
import { LSPErrorCodes, ResponseError, type Position, type Range, type WorkspaceEdit } from 'vscode-languageserver';
import { fixedReason, rename, type Checked } from '../../../compiler/2-check/inspect/names/rename.ts';
import { Analysis } from '../analysis.ts';
import { nameAt } from './navigation.ts';
import { rangeOf } from '../positions.ts';

export function renameableAt(
  analysis: Analysis,
  position: Position,
): { range: Range; placeholder: string } | ResponseError {
  const found = nameAt(analysis, position);
  if (found === null) return refused('there is no name here');
  const reason = fixedReason(found, analysis.symbols);
  if (reason !== null) return refused(reason);
  return { range: rangeOf(found.occurrence.span), placeholder: found.thing.root.text };
}

export function renameAt(analysis: Analysis, position: Position, to: string): WorkspaceEdit | ResponseError {
  const found = nameAt(analysis, position);
  if (found === null) return refused('there is no name here');
  const { uri, source, prelude, symbols, checked } = analysis;
  const check = (text: string): Checked => new Analysis(uri, { path: source.path, text }, prelude).checked;
  const renaming = rename(found, to, symbols, checked, check);
  if ('refused' in renaming) return refused(renaming.refused);
  const edits = renaming.places.map((span) => ({ range: rangeOf(span), newText: to }));
  return { changes: { [uri]: edits } };
}

function refused(message: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}
