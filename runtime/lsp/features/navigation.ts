// Takes: an analysis and a position. Gives: where the name there is defined, and where it is used.
// Promises: definitions in specs/std are found too; places of the prelude carry their own file.
import { DocumentHighlightKind, type DocumentHighlight, type Location, type Position } from 'vscode-languageserver';
import type { Found } from '../../../compiler/2-check/inspect/names/symbols.ts';
import type { Analysis } from '../analysis.ts';
import { locationOf, offsetOf, rangeOf } from '../positions.ts';

export function nameAt({ symbols, source }: Analysis, position: Position): Found | null {
  return symbols.at(offsetOf(source, position));
}

export function definitionAt(analysis: Analysis, position: Position): Location | null {
  const found = nameAt(analysis, position);
  const span = found === null ? null : analysis.symbols.definitionOf(found);
  return span === null ? null : locationOf(span, analysis.uri, analysis.source);
}

export function referencesAt(analysis: Analysis, position: Position, withDefinition: boolean): Location[] {
  const occurrences = nameAt(analysis, position)?.thing.occurrences ?? [];
  const wanted = withDefinition ? occurrences : occurrences.filter(({ how }) => how === 'uses');
  return wanted.map(({ span }) => locationOf(span, analysis.uri, analysis.source));
}

export function highlightsAt(analysis: Analysis, position: Position): DocumentHighlight[] {
  const occurrences = nameAt(analysis, position)?.thing.occurrences ?? [];
  return occurrences
    .filter(({ span }) => span.file === analysis.source)
    .map(({ span, how }) => ({
      range: rangeOf(span),
      kind: how === 'uses' ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
    }));
}
