// Takes: models that trip a lint, and `lint allow`. Gives: proof of which lints are told where.
import { describe, expect, it } from 'vitest';
import { check, small } from './prelude.ts';

const lints = (items: string, after = ''): string[] =>
  check(small(items, after)).diagnostics.map(({ code, severity }) => `${severity} ${code}`);

describe('lints', () => {
  it.each([
    ['', []],
    ['vocab = 50_257', ['warning vocab-multiple']],
    ['mlp.width = 2100', ['warning width-multiple']],
    ['mlp.ratio = 4', ['info glu-ratio']],
    ['n_layers = 12', ['info aspect']],
    ['attn.head_dim = 128', ['info heads-width']],
    ['attn.mask = causal & window(64)', ['warning window-no-effect']],
    ['context = 8192; attn.mask = causal & window(64)', ['warning window-reach']],
    ['stack n_layers { cycle [main * 4] }', ['warning cycle-tail']],
  ])('%s: %j', (items, expected) => {
    const variant = `variant V from M { ${items} }`;
    expect(lints('', variant)).toEqual(expected);
  });

  it.each(['vocab_multiple', 'W1', 'vocab', 'vocab_multiple in V', 'W2, W1 in V'])('lint allow %s', (words) => {
    const variant = 'variant V from M { vocab = 300 }';
    expect(lints('', `${variant}\nlint allow ${words}`)).toEqual([]);
    expect(lints('', variant)).toEqual(['warning vocab-multiple']);
  });

  it('allows in the model it stands in, or that it names', () => {
    const variants = 'variant V from M { vocab = 300; lint allow W1 }\nvariant W from M { vocab = 300 }';
    expect(lints('', variants)).toEqual(['warning vocab-multiple']);
    expect(lints('', `${variants}\nlint allow W1 in W`)).toEqual([]);
    expect(lints('', 'variant V from M { vocab = 300 }\nlint allow W1 in M')).toEqual(['warning vocab-multiple']);
  });

  it('mentions dropout', () => {
    expect(lints('', 'train { dropout { residual = 0.1 } }')).toEqual(['info dropout']);
    expect(lints('', 'train { dropout = 0.1 }\nlint allow train.dropout')).toEqual([]);
  });
});
