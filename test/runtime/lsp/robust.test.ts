// Every feature on texts with pieces cut out, doubled and swapped, and cut off anywhere: answers, and never a throw.
import * as fc from 'fast-check';
import { ResponseError } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { describe, expect, it } from 'vitest';
import { codeActionsAt } from '../../../runtime/lsp/features/code-actions.ts';
import { completionsAt } from '../../../runtime/lsp/features/completion.ts';
import { diagnosticsOf } from '../../../runtime/lsp/features/diagnostics.ts';
import { formattingOf } from '../../../runtime/lsp/features/formatting.ts';
import { hoverAt } from '../../../runtime/lsp/features/hover.ts';
import { inlayHintsOf } from '../../../runtime/lsp/features/inlay-hints.ts';
import { definitionAt, highlightsAt, referencesAt } from '../../../runtime/lsp/features/navigation.ts';
import { documentSymbolsOf, foldingRangesOf } from '../../../runtime/lsp/features/outline.ts';
import { renameableAt, renameAt } from '../../../runtime/lsp/features/renaming.ts';
import { analysisOf, specs, uri } from './prelude.ts';

const everything = { start: { line: 0, character: 0 }, end: { line: 100_000, character: 0 } };
const texts = specs.map(({ text }) => text).filter((text) => text.length < 4000);
const pieces = texts.map((text) => text.match(/\s+|[\w.]+|[^\s\w]/g) ?? []);
const words = ['none', 'layer', 'x', '3', '"t', 'cycle', '[', ']', '{', '}', '(', 'attn', 'gqa', 'rms', 'let ', '*', '= ', '.', '\n', '#', 'from ', 'block ', 'variant ', '\r\n', '\u{1f600}', 'é', 'init ', 'lint '] as const; // prettier-ignore

/** Asks for everything at every one of `offsets`. */
function askAll(text: string, offsets: readonly number[]): void {
  const analysis = analysisOf(text);
  const document = TextDocument.create(uri, 'model', 1, text);
  const inside = ({ start, end }: { start: { line: number }; end: { line: number } }): boolean =>
    start.line <= end.line && end.line < document.lineCount;
  expect(diagnosticsOf(analysis).every(({ range, message }) => inside(range) && message !== '')).toBe(true);
  expect(foldingRangesOf(analysis).every(({ startLine, endLine }) => startLine < endLine)).toBe(true);
  documentSymbolsOf(analysis);
  inlayHintsOf(analysis, everything);
  codeActionsAt(analysis, everything);
  const formatted = TextDocument.applyEdits(document, formattingOf(analysis));
  expect(formattingOf(analysisOf(formatted))).toEqual([]);
  for (const offset of offsets) {
    const position = document.positionAt(offset);
    hoverAt(analysis, position);
    completionsAt(analysis, position, true);
    definitionAt(analysis, position);
    highlightsAt(analysis, position);
    referencesAt(analysis, position, true);
    if (!(renameableAt(analysis, position) instanceof ResponseError)) renameAt(analysis, position, 'quite_new');
  }
}

const edit = fc.record({
  at: fc.nat(),
  word: fc.constantFrom(...words),
  how: fc.constantFrom('cut', 'put', 'swap', 'double'),
});

describe('the server', () => {
  it('answers on mutated files', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...pieces),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
        (source, edits, places) => {
          const text = [...source];
          for (const { at, word, how } of edits) {
            const index = at % text.length;
            if (how === 'double') text.splice(index, 0, ...text.slice(index, index + 12));
            else text.splice(index, how === 'put' ? 0 : 1, ...(how === 'cut' ? [] : [word]));
          }
          const whole = text.join('');
          askAll(
            whole,
            places.map((place) => place % (whole.length + 1)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('answers at the end of every text that is being typed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), (text, at) => {
        const cut = text.slice(0, at % (text.length + 1));
        askAll(cut, [cut.length]);
      }),
      { numRuns: 100 },
    );
  });

  it('answers on nonsense', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 40 }),
        fc.nat(),
        (list, at) => {
          const text = list.join(' ');
          askAll(text, [at % (text.length + 1)]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
