// Takes: texts and sizes of pieces. Gives: the tokens of the whole, however it is cut.
import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesTokenizer } from '../../../runtime/tokenizer/bytes.ts';
import { encodeDocument, type PieceSizes } from '../../../runtime/tokenizer/encode-document.ts';
import { openTokenizer } from '../../../runtime/tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../../../runtime/tokenizer/tokenizer.ts';

const folder = join(import.meta.dirname, 'references');
const kinds = readdirSync(folder, { withFileTypes: true }).filter(
  (each) => each.isDirectory() && each.name !== 'chats',
);

async function tokensOf(
  tokenizer: Tokenizer,
  parts: string[],
  sizes: PieceSizes,
): Promise<{ tokens: number[]; pieces: number }> {
  // prettier-ignore
  const [tokens, lengths]: [number[], number[]] = [[], []];
  for await (const piece of encodeDocument(tokenizer, parts, sizes)) {
    tokens.push(...piece);
    lengths.push(piece.length);
  }
  return { tokens, pieces: lengths.length };
}

const words = ['the', 'dog', ' ', '  ', '\n', '\n\n', ' the quick', '12345', '\t', "it's", '小林', '🍋', 'é', '.\n', '<tool>', '▁', '</s>', 'thorn-eel']; // prettier-ignore

describe.each(kinds.map(({ name }) => name))('a document by the tokenizer %s', async (kind) => {
  const tokenizer = await openTokenizer(join(folder, kind));
  const closed = (text: string): number[] => {
    const tokens = tokenizer.encode(text);
    return kind === 'unigram' || tokenizer.end === null ? [...tokens] : [...tokens, tokenizer.end];
  };

  it('has the tokens of the whole', async () => {
    await assert(
      asyncProperty(array(constantFrom(...words), { minLength: 20, maxLength: 200 }), async (parts) => {
        const { tokens } = await tokensOf(tokenizer, parts, { piece: 60, before: 30, after: 20 });
        expect(tokens).toEqual(closed(parts.join('')));
      }),
      { numRuns: 200 },
    );
  });

  it('is cut into pieces, and is whole where nothing can be cut', async () => {
    const sizes = { piece: 60, before: 30, after: 20 };
    const lines = 'the dog and the fox\n'.repeat(20);
    const cut = await tokensOf(tokenizer, [lines], sizes);
    expect(cut.pieces).toBeGreaterThan(8);
    expect(cut.tokens).toEqual(closed(lines));
    const whole = await tokensOf(tokenizer, ['x'.repeat(1000)], sizes);
    expect(whole.pieces).toBe(3);
    expect(whole.tokens).toEqual(closed('x'.repeat(1000)));
  });
});

describe('a document in bytes', () => {
  it('has no more than its bytes', async () => {
    const { tokens } = await tokensOf(bytesTokenizer, ['aé\n', 'b'], { piece: 1, before: 2, after: 1 });
    expect(tokens).toEqual([...new TextEncoder().encode('aé\nb')]);
  });
});
