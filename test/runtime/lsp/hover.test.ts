// Hover and inlay hints: meaning from the schema, values from the models of the file.
import type { MarkupContent } from 'vscode-languageserver';
import { describe, expect, it } from 'vitest';
import { hoverAt } from '../../../runtime/lsp/features/hover.ts';
import { inlayHintsOf } from '../../../runtime/lsp/features/inlay-hints.ts';
import { atCursor } from './client.ts';
import { analysisOf } from './prelude.ts';

const atlas = `model Atlas { # text
  vocab = 128_256; context = 8192
  budget = 3B
  d_model, n_layers = solve(params = budget +- 2%, aspect = 128 in 100..200, step = 512)
  norm ln = rms { eps = 1e-5 }
  embed token { tie = head }
  mixer attn = gqa {
    head_dim = 128; heads = d_model / head_dim; kv_heads = heads / 4
    rope { dim = head_dim; theta = 500_000 }
  }
  ffn mlp = glu { act = silu; width = round(8/3 * d_model, to = 64) }
  block main { h = x + attn(ln.mix(x)); y = h + mlp(ln.ffn(h)) }
  stack n_layers { cycle [main] }
  head.norm = ln
}
variant Tiny from Atlas { budget = 500M; attn.kv_heads = 1 }
train { model = Atlas; seq = context / 2; optimizer adamw { lr = 3e-4 } }
`;

/** The text at the `nth` place of a word. */
function hover(word: string, nth = 0): string {
  let at = -1;
  for (let i = 0; i <= nth; i++) at = atlas.indexOf(word, at + 1);
  const { text, position } = atCursor(`${atlas.slice(0, at)}|${atlas.slice(at)}`);
  return (hoverAt(analysisOf(text), position)?.contents as MarkupContent | undefined)?.value ?? '';
}

describe('hover', () => {
  it.each([
    ['a key: meaning, values, type, default, formula, source', 'kv_heads', 0, [/key and value heads/, /= \*\*6\*\* in Atlas; 1 in Tiny/, /a whole number above 0 · default `heads`/, /softmax/, /arXiv 2305\.13245/]], // prettier-ignore
    ['a key in a variant: its value there', 'kv_heads', 1, [/= \*\*1\*\* in Tiny; 6 in Atlas/]],
    ['a key with a unit', 'context', 0, [/longest sequence/, /in tokens/]],
    ['a local name', 'budget', 0, [/= \*\*3_000_000_000\*\* in Atlas; 500_000_000 in Tiny/]],
    ['a size that was solved', 'd_model', 0, [/= \*\*3072\*\* in Atlas; 1536 in Tiny/]],
    ['a use of a name: where it comes from, its value, the value around it', 'd_model', 1, [/d_model, n_layers = solve/, /`d_model` = \*\*3072\*\*/, /`d_model \/ head_dim` = \*\*24\*\*/]], // prettier-ignore
    ['a number in an expression', '8/3', 0, [/`8\/3 \* d_model` = \*\*8192\*\*/, /round\(.*\)` = \*\*8192\*\*/]],
    ['a number with a unit', '3B', 0, [/times 10\^9/]],
    ['a part: parameters and work', 'attn(', 0, [/mixer attn = gqa/, /23_592_960 parameters and 47_185_920 FLOPs per token.* in each of 26 layers of Atlas/]], // prettier-ignore
    ['a model', 'Atlas', 0, [/2_970_516_480 parameters · 26 layers · d_model 3072/]],
    ['a constructor', 'glu', 0, [/Gated linear unit/, /act\(/, /arXiv 2002\.05202/]],
    ['a word of a key', 'silu', 0, [/activation/]],
    ['a norm', 'ln.mix', 0, [/norm ln = rms/, /Root-mean-square/]],
    ['an instance of a norm', 'mix(x)', 0, [/an instance of the norm/]],
    ['an equation', 'h = x', 0, [/h = x \+ attn/]],
    ['a function', 'solve', 0, [/sizes with so many parameters/]],
    ['a role', 'mixer', 0, [/moves information between tokens/]],
    ['a keyword', 'from', 0, [/what it changes/]],
    ['a key of a train block', 'seq', 0, [/length of a training sequence/, /= \*\*4096\*\*/]],
    ['a key of an optimizer', 'lr', 0, [/peak learning rate/]],
  ])('%s', (_, word, nth, patterns) => {
    const text = hover(word, nth);
    expect(patterns.filter((pattern) => !pattern.test(text)).map(String), text).toEqual([]);
  });

  it('says nothing in a comment', () => expect(hover('text')).toBe(''));
});

describe('inlay hints', () => {
  const everything = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };

  it('show what derives, and how large a model is', () => {
    const lines = atlas.split('\n');
    const hints = inlayHintsOf(analysisOf(atlas), everything);
    expect(
      hints.map(
        ({ position, label }) =>
          `${lines[position.line]?.slice(0, position.character).trim().split(/[;{] /).at(-1) ?? ''} ${typeof label === 'string' ? label : ''}`,
      ),
    ).toEqual([
      'model Atlas { 2.971B parameters',
      'd_model, n_layers = solve(params = budget +- 2%, aspect = 128 in 100..200, step = 512) = 3072, 26',
      'heads = d_model / head_dim = 24',
      'kv_heads = heads / 4 = 6',
      'dim = head_dim = 128',
      'width = round(8/3 * d_model, to = 64) = 8192',
      'variant Tiny from Atlas { 508.9M parameters',
      'seq = context / 2 = 4096',
    ]);
  });

  it('only of the lines that are shown', () => {
    const range = { start: { line: 10, character: 0 }, end: { line: 11, character: 0 } };
    expect(inlayHintsOf(analysisOf(atlas), range).map(({ label }) => label)).toEqual(['= 8192']);
  });
});
