// Takes: an analysis and a position. Gives: what can be written there, as an editor shows it.
// Promises: what the key at the cursor takes stands first; snippets only where the editor has them.
import { CompletionItemKind, InsertTextFormat, MarkupKind, type CompletionItem, type Position } from 'vscode-languageserver'; // prettier-ignore
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import type { CandidateKind } from '../../../compiler/2-check/inspect/completion/candidate.ts';
import { completeAt } from '../../../compiler/2-check/inspect/completion/complete.ts';
import { Symbols } from '../../../compiler/2-check/inspect/names/symbols.ts';
import type { Analysis } from '../analysis.ts';
import { offsetOf, rangeOf } from '../positions.ts';

const kinds: { readonly [K in CandidateKind]: CompletionItemKind } = {
  key: CompletionItemKind.Property,
  constructor: CompletionItemKind.Constructor,
  part: CompletionItemKind.Struct,
  value: CompletionItemKind.Variable,
  word: CompletionItemKind.EnumMember,
  model: CompletionItemKind.Class,
  run: CompletionItemKind.Event,
  block: CompletionItemKind.Function,
  keyword: CompletionItemKind.Keyword,
  function: CompletionItemKind.Function,
  unit: CompletionItemKind.Unit,
  module: CompletionItemKind.Module,
};

export function completionsAt(analysis: Analysis, position: Position, withSnippets: boolean): CompletionItem[] {
  const { source, symbols, prelude } = analysis;
  const offset = offsetOf(source, position);
  const reread = (text: string): Symbols => new Symbols(parseFile({ path: source.path, text }).ast, prelude);
  const { start, candidates } = completeAt(source.text, offset, symbols, reread);
  const range = rangeOf({ file: source, start, end: offset });
  return candidates.map(({ label, kind, detail, about, insert, snippet, rank }, index) => {
    const isSnippet = withSnippets && snippet.includes('$');
    return {
      label,
      kind: kinds[kind],
      ...(detail === '' ? {} : { detail }),
      ...(about === '' ? {} : { documentation: { kind: MarkupKind.Markdown, value: about } }),
      sortText: `${rank}${String(index).padStart(4, '0')}`,
      insertTextFormat: isSnippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      textEdit: { range, newText: isSnippet ? snippet : insert },
    };
  });
}
