// Takes: budgets. Gives: proof that `solve` finds the sizes of the language page, deterministically.
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../../compiler/2-check/parameters/parameters.ts';
import { check, modelOf } from './prelude.ts';

/** Llama-like, 128256 tokens tied, head_dim 128, four query heads to a key head. */
function atlas(budget: string, aspect = '128 in 100..200', step = 512): string {
  return `model Atlas {
    vocab = 128_256; context = 8192; budget = ${budget}
    d_model, n_layers = solve(params = budget +- 2%, aspect = ${aspect}, step = ${step})
    embed token { tie = head }
    mixer attn = gqa { head_dim = 128; heads = d_model / head_dim; kv_heads = heads / 4 }
    ffn mlp = glu { width = round(8/3 * d_model, to = 64, mode = nearest) }
  }`;
}

describe('solve', () => {
  it.each([
    ['500M', 1536, 12, 494.3e6],
    ['1B', 2048, 17, 1.009e9],
    ['3B', 3072, 26, 2.9705e9],
    ['7B', 4096, 36, 6.877e9],
    ['8B', 4608, 33, 7.949e9],
  ])('%s -> %d x %d', (budget, dModel, nLayers, params) => {
    const model = modelOf(atlas(budget));
    expect([model.dModel, model.nLayers]).toEqual([dModel, nLayers]);
    expect(parameterCount(model).total / params).toBeCloseTo(1, 3);
  });

  it('says the three nearest when nothing fits', () => {
    const { diagnostics } = check(atlas('100M'));
    expect(diagnostics.map(({ code }) => code)).toEqual(['solve-infeasible']);
    expect(diagnostics[0]?.message).toMatch(/nearest are 512 x \d+ \([\d.]+M\), .*, /);
  });

  it('reports the fault when no size passes the shape checks', () => {
    const { diagnostics } = check(atlas('3B').replace('heads / 4', 'heads * 2'));
    expect(diagnostics.map(({ code }) => code)).toContain('kv-heads');
  });

  it('solves again when a variant changes what the size depends on', () => {
    const text = `${atlas('3B')}\nvariant Tiny from Atlas { budget = 500M }\nvariant Wide from Atlas { mlp.width = 4 * d_model }`;
    expect(modelOf(text, 'Tiny').dModel).toBe(1536);
    const wide = modelOf(text, 'Wide');
    expect(Math.abs(parameterCount(wide).total / 3e9 - 1)).toBeLessThanOrEqual(0.02);
    expect(wide.nLayers).toBeLessThan(26);
  });

  it('wants both sizes, set together', () => {
    const { diagnostics } = check(`${atlas('3B')}\nvariant V from Atlas { d_model = 1024 }`);
    expect(diagnostics.map(({ code }) => code)).toContain('wrong-arguments');
  });
});

describe('solve with sizes without end', () => {
  it('refuses what would take longer than people wait', () => {
    const start = performance.now();
    const wide = atlas('3T').replace('100..200', '1..200').replace('step = 512', 'step = 64');
    const { diagnostics } = check(wide);
    expect(diagnostics.map(({ message }) => message).join()).toContain('too many sizes');
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
