// Takes: models and variants. Gives: proof of embed and head keys, conditions, pinned keys, and what lints may be allowed.
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../../../compiler/2-check/parameters/parameters.ts';
import { check, modelOf, small } from '../prelude.ts';

const codesOf = (text: string): string[] => check(text).diagnostics.map(({ code }) => code);

describe('embed and head', () => {
  it.each([
    ['vocab = 250', 250],
    ['vocab = 250; embed.pad_to = 64', 256],
    ['vocab = 256; embed.pad_to = 64', 256],
    ['vocab = 257; embed.pad_to = 64', 320],
  ])('%s: %d rows', (items, rows) => {
    const model = modelOf(small('', `variant V from M { ${items} }`), 'V');
    expect(model.embed.rows).toBe(rows);
  });

  it('a factorised embedding has rows of its own width and a map', () => {
    const size = (items: string): number => parameterCount(modelOf(small(items))).total;
    expect(size('embed.dim = 128') - size('')).toBe(256 * 128 + 128 * 768 - 256 * 768);
    expect(size('embed { dim = 128; tie = head }; head.dim = 128') - size('embed.tie = head')).toBe(256 * 128 + 2 * 128 * 768 - 256 * 768); // prettier-ignore
    expect(size('embed.dim = 768')).toBe(size(''));
  });

  it('waves have no parameters', () => {
    const model = modelOf(small('embed.pos = sinusoidal(theta = 500)'));
    expect([model.embed.sinusoidal, model.embed.positions]).toEqual([{ theta: 500, offset: 0, spacing: 'open' }, null]);
    expect(parameterCount(model).total).toBe(parameterCount(modelOf(small())).total);
  });

  it.each([
    ['embed.pos = alibi', 'unknown-constructor'],
    ['head medusa { }', 'unknown-constructor'],
    ['head lm { pool = mean }', 'foreign-key'],
    ['data corpus { }', 'unknown-key'],
    ['optimizer adamw { }', 'unknown-key'],
    ['tower text { }', 'missing-key'],
    ['project { dim = 512 }', 'unknown-key'],
  ])('%s: %s', (items, code) => {
    expect(codesOf(small(items))).toContain(code);
  });
});

describe('conditions', () => {
  it.each([
    ['M.params in 10M..100M', true],
    ['M.d_model in 768..1000', true],
    ['M.d_model in [512, 768]', true],
    ['M.d_model in [512, 1024]', false],
    ['1 < M.n_layers <= 6 < 7', true],
    ['1 < M.n_layers < 6', false],
    ['(M.d_model == 768) & (M.n_layers == 6)', true],
    ['(M.d_model == 768) & (M.n_layers in [5, 7])', false],
    ['diff(M, M).d_model == 0', true],
    ['M.attn.heads == 12', true],
    ['M.attn.head_dim * M.attn.heads == M.d_model', true],
  ])('assert %s: %s', (text, holds) => {
    const errors = check(small('', `assert ${text}`)).diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code }) => code)).toEqual(holds ? [] : ['assert-failed']);
  });

  it.each([
    ['M.flops < 3', 'unknown-name'],
    ['M.d_model in 5', 'wrong-type'],
    ['M.d_model', 'wrong-type'],
    ['diff(M, M).flops < 3', 'unknown-name'],
    ['M.d_model == (1 < 2)', 'wrong-type'],
  ])('assert %s: %s', (text, code) => {
    expect(codesOf(small('', `assert ${text}`))).toContain(code);
  });

  it('knows cycles of a stack by their names', () => {
    const stack = (require: string): string => small(`
      mixer other = attn { }; block b(mix) { h = x + mix(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
      stack n_layers { mix = cycle [attn, other]; each b(mix); require ${require} }`); // prettier-ignore
    expect(codesOf(stack('mix[last] in [other]'))).not.toContain('assert-failed');
    expect(codesOf(stack('mix[0] in [other]'))).toContain('assert-failed');
  });
});

describe('pinned (W9)', () => {
  const model = (base: string, mid: string, own: string): string =>
    `model A { vocab = 256; context = 64; d_model = 1024; n_layers = 8; ${base}; ffn mlp = glu { } }
     variant B from A { ${mid} }
     variant C from B { ${own} }`;
  const heads = 'mixer attn = gqa { head_dim = 64; heads = d_model / head_dim; kv_heads = heads / 4 }';

  it.each([
    ['a number over an expression, and what it derives from', heads, 'attn.kv_heads = 1', 'attn.heads = 32', ['attn.kv_heads']],
    ['by way of another', heads, 'attn.kv_heads = 2', 'd_model = 2048', ['attn.kv_heads']],
    ['the pin that it follows through', heads, 'attn { heads = 8; kv_heads = 4 }', 'd_model = 2048', ['attn.heads']],
    ['said again', heads, 'attn.kv_heads = 1', 'd_model = 2048; attn.kv_heads = 1', []],
    ['the same number', heads, 'attn.kv_heads = 1', 'attn.heads = 4', []],
    ['nothing it derives from', heads, 'attn.kv_heads = 1', 'mlp.ratio = 4', []],
    ['an expression over an expression', heads, 'attn.kv_heads = heads / 2', 'attn.heads = 32', []],
    ['a number over std', 'mixer attn = gqa { heads = 16 }', 'attn.kv_heads = 4', 'attn.heads = 32', []],
  ])('%s', (_, base, mid, own, expected) => {
    const told = check(model(base, mid, own)).diagnostics.filter(({ code }) => code === 'pinned');
    expect(told.map(({ message }) => message.split(' ')[0])).toEqual(expected);
  }); // prettier-ignore

  it('may be allowed', () => {
    const text = model(heads, 'attn.kv_heads = 1', 'd_model = 2048');
    expect(codesOf(text)).toContain('pinned');
    expect(codesOf(`${text}\nlint allow pinned in C`)).not.toContain('pinned');
    expect(codesOf(`${text}\nlint allow attn.kv_heads in A`)).toContain('pinned');
  });
});

describe('lints', () => {
  it('ask for a larger vocabulary of production models alone', () => {
    expect(codesOf(small())).not.toContain('vocab-range');
    expect(codesOf(small('profile = production'))).toContain('vocab-range');
    expect(codesOf(small('profile = production', 'lint allow vocab_range'))).not.toContain('vocab-range');
    expect(codesOf(small('', 'variant V from M { profile = production; vocab = 128_000 }'))).not.toContain('vocab-range');
  }); // prettier-ignore

  it('go by the rows there are', () => {
    const padded = 'model M { vocab = 250; context = 64; d_model = 768; n_layers = 6; embed.pad_to = 64; mixer attn = gqa { heads = 12 }; ffn mlp = glu { } }';
    expect(codesOf(padded)).not.toContain('vocab-multiple');
    expect(codesOf(padded.replace('64; mixer', '10; mixer'))).toContain('vocab-multiple');
  }); // prettier-ignore

  it('are allowed in a model, or in a train block of it', () => {
    const text = small('profile = production');
    expect(codesOf(`${text}\nlint allow vocab in M`)).not.toContain('vocab-range');
    expect(codesOf(`${text}\nlint allow vocab in M.finetune`)).toContain('vocab-range');
    expect(codesOf(`${text}\nlint allow vocab in N`)).toContain('unknown-model');
  });
});
