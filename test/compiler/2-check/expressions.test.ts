// Takes: expressions as the value of a model's name. Gives: proof of their numbers, units and faults.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, errorsOf, modelOf, small } from './prelude.ts';

/** The number an expression has in a model with d_model = 768: read through a multiplier of a block. */
function valueOf(expr: string, items = ''): number {
  const text = `model M { vocab = 256; d_model = 768; n_layers = 6; mixer attn = gqa { heads = 12 }; ffn mlp = glu { }
    number = ${expr}
    ${items}
    embed token { scale = number } }`;
  return modelOf(text).embed.scale;
}

function codesOf(expr: string): string[] {
  const text = `model M { vocab = 256; d_model = 768; n_layers = 6; mixer attn = gqa { heads = 12 }; ffn mlp = glu { }
    embed token { scale = ${expr} } }`;
  return check(text).diagnostics.map(({ code }) => code);
}

describe('numbers', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['10 - 2 - 3', 5],
    ['7 % 3', 1],
    ['-7 % 3', 2],
    ['1e-3 * 1_000', 1],
    ['3B / 1M', 3000],
    ['0.1M', 100_000],
    ['2%', 0.02],
    ['1 + 10%', 1.1],
    ['50% * 8', 4],
    ['4KiB / 1KiB', 4],
    ['2Mtok / 1Ktok', 2000],
    ['sqrt(16) + log(exp(2))', 6],
    ['min(3, 1, 2) + max(3, 1, 2)', 4],
    ['floor(2.7) + ceil(2.1)', 5],
    ['round(2.5)', 3],
    ['round(8/3 * 512, to = 64)', 1344],
    ['round(8/3 * 512, to = 64, mode = ceil)', 1408],
    ['round(8/3 * 2048, 64, nearest)', 5440],
    ['round(8/3 * 4096, to = 256, mode = ceil)', 11_008],
    ['round(100, to = 64, mode = floor)', 64],
    ['cast(sqrt(3072), bf16)', 55.5],
    ['cast(0.1, f32)', Math.fround(0.1)],
    ['cast(2049, f16)', 2048],
    ['cast(1.0009765625, f16)', 1.0009765625],
    ['d_model / n_layers', 128],
    ['attn.head_dim', 64],
    ['attn.rope.dim', 64],
    ['mlp.width', 2048],
  ])('%s = %d', (expr, value) => {
    expect(valueOf(expr)).toBeCloseTo(value, 9);
  });

  it.each([
    ['unknown', ['unknown-name']],
    ['1tok + 1KiB', ['wrong-unit']],
    ['1tok + 1', ['wrong-unit']],
    ['1tok * 1tok', ['wrong-unit']],
    ['3tok', ['wrong-type']],
    ['sqrt()', ['wrong-arguments']],
    ['sqrt(1, 2)', ['wrong-arguments']],
    ['round(1, to = 0)', ['out-of-range']],
    ['round(1, mode = up)', ['wrong-arguments']],
    ['cast(1, int8)', ['wrong-arguments']],
    ['sqr(4)', ['unknown-name']],
    ['1 < 2', ['wrong-type']],
    ['list[5]', ['wrong-type']],
    ['cycle [1, 2]', ['wrong-arguments']],
    ['"text"', ['wrong-type']],
    ['solve(1)', ['wrong-arguments']],
    ['layer', ['wrong-arguments']],
    ['attn.haeds', ['unknown-name']],
    ['1 / 0', ['not-finite']],
    ['0 / 0', ['not-finite']],
  ])('%s: %j', (expr, codes) => {
    expect(codesOf(expr)).toEqual(codes);
  });

  it('follows names wherever they are set, in any order', () => {
    expect(valueOf('a', 'a = b * 2; b = c + 1; c = d_model')).toBe(1538);
  });

  it.each([
    // A key of gqa that stands in the model block, where the mixer's own `heads` hides it.
    ['heads = 4; mixer attn = gqa { head_dim = 64; kv_heads = heads / 2 }; ffn mlp = glu { }', 'foreign-key'],
    ['aspect = 3; mixer attn = gqa { heads = 12 }; ffn mlp = glu { }', 'unused-name'],
    ['mixer attn = gqa { heads = 12 }; ffn mlp = glu { heads = 3; width = attn.heads * 64 }', 'foreign-key'],
    ['let a = 12; mixer attn = gqa { let a = 6; heads = a }; ffn mlp = glu { }', 'unused-name'],
  ])('sees names that nothing asks for: %s', (items, code) => {
    const text = `model M { vocab = 256; d_model = 768; n_layers = 6; ${items} }`;
    expect(errorsOf(text)).toEqual([code]);
  });

  it('does not call a name unused that a base, a derived mixer or a train block uses', () => {
    const text = `model M { vocab = 256; d_model = 768; n_layers = 6; long = 500
      mixer attn = gqa { groups = 3; heads = groups * 4 }
      mixer local = attn { heads = 6; mask = causal & window(9) }
      ffn mlp = glu { }
      block b(mix) { h = x + mix(x); y = h + mlp(h) }
      stack n_layers { cycle [b(attn), b(local)] } }
      train { steps = long }
      variant V from M { attn.heads = 24; train { steps = 3 } }`;
    expect(errorsOf(text)).toEqual([]);
  });

  it('picks from lists', () => {
    expect(valueOf('list[n_layers - 4]', 'list = [10, 20, 30]')).toBe(30);
    const { diagnostics } = check(small('list = [1]; embed.scale = list[1]'));
    expect(diagnostics.map(({ code }) => code)).toEqual(['out-of-range']);
  });

  it('names the ring when names depend on each other', () => {
    const { diagnostics } = check(
      'model M { vocab = a; a = b; b = a; d_model = 64; mixer attn = gqa { heads = 1 }; ffn mlp = glu { } }',
    );
    expect(diagnostics.find(({ code }) => code === 'cycle')?.message).toContain('a -> b -> a');
  });

  it('rounds to a multiple, in the direction asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 512 }), (x, to) => {
        const [low, near, high] = ['floor', 'nearest', 'ceil'].map((mode) =>
          valueOf(`round(${x}, to = ${to}, mode = ${mode})`),
        );
        expect([low, near, high].map((value) => (value ?? 1) % to)).toEqual([0, 0, 0]);
        expect(low).toBeLessThanOrEqual(x);
        expect(high).toBeGreaterThanOrEqual(x);
        expect(Math.abs((near ?? 0) - x)).toBeLessThanOrEqual(to / 2);
      }),
      { numRuns: 50 },
    );
  });
});
