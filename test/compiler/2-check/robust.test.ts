// Takes: files with pieces cut out, doubled or swapped. Gives: proof that checking reports and never throws.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, readSpec } from './prelude.ts';

const texts = ['quickstart.model', 'families/gemma3.model', 'families/llama.model', 'families/gpt2.model'].map(
  readSpec,
);
const pieces = texts.map((text) => text.match(/\s+|[\w.]+|[^\s\w]/g) ?? []);
const words = [
  'none',
  'layer',
  'x',
  '3',
  '"t"',
  'cycle',
  '[',
  '{ }',
  'attn',
  'gqa',
  'rms',
  'M',
  'let ',
  '*',
  '= ',
  'model = ',
];

describe('checkFile', () => {
  it('never throws, whatever the text', () => {
    const edit = fc.record({
      at: fc.nat(),
      word: fc.constantFrom(...words),
      how: fc.constantFrom('cut', 'put', 'swap'),
    });
    fc.assert(
      fc.property(fc.constantFrom(...pieces), fc.array(edit, { minLength: 1, maxLength: 3 }), (source, edits) => {
        const text = [...source];
        for (const { at, word, how } of edits) {
          const index = at % text.length;
          if (how === 'cut') text.splice(index, 1);
          else text.splice(index, how === 'swap' ? 1 : 0, word);
        }
        const { diagnostics } = check(text.join(''));
        expect(diagnostics.every(({ span, message }) => span.start <= span.end && message.length > 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
