// Diffs of models: what the texts set, what follows from it, and what a checkpoint is worth.
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { diffModels, type ModelDiff } from '../../../compiler/explain/diff/diff.ts';
import { printDiff } from '../../../compiler/explain/diff/print.ts';
import { baseOf, writtenModel } from '../../../compiler/explain/diff/written.ts';
import { checkSourceFile, chooseModel, type LoadedFile, readPrelude, readSource } from '../../../runtime/model-file.ts';

const std = readPrelude().map((file) => parseFile(file).ast);
const plain = { red: String, green: String, bold: String, dim: String };

const load = (text: string): LoadedFile => checkSourceFile({ path: 'test.model', text });

const spec = (name: string): LoadedFile =>
  checkSourceFile(readSource(join(import.meta.dirname, '..', '..', '..', 'specs', `${name}.model`)));

function diff(a: LoadedFile, nameA: string | undefined, b: LoadedFile, nameB: string | undefined): ModelDiff {
  const [before, after] = [chooseModel(a, nameA), chooseModel(b, nameB)];
  const written = [writtenModel(a.ast, std, before.name), writtenModel(b.ast, std, after.name)];
  const [first, second] = written;
  if (!first || !second) throw new Error('no such model');
  return diffModels(before, after, { a: first, b: second });
}

const base = `
model A {
  vocab = 256; context = 64; d_model = 64; n_layers = 4
  budget = 16
  norm rms { eps = 1e-5 }
  mixer attn = gqa { head_dim = budget; heads = d_model / head_dim; kv_heads = 2; rope { theta = 10_000 } }
  ffn mlp = glu { act = silu; ratio = 8/3 }
  block = pre_norm(attn, mlp)
}
`;
const variant = (overrides: string): ModelDiff => {
  const file = load(`${base}variant B from A { ${overrides} }`);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return diff(file, 'A', file, 'B');
};
const derived = ({ changed }: ModelDiff): [string, readonly string[]][] =>
  changed.filter(({ origin }) => origin === 'derived').map(({ path, from }) => [path, from]);

describe('a variant and its base', () => {
  it('lists exactly the overridden key', () => {
    const result = variant('attn.kv_heads = 1');
    expect(result.overridden).toEqual([{ path: 'attn.kv_heads', a: '2', b: '1' }]);
    expect(result.changed).toEqual([{ path: 'attn.kv_heads', a: '2', b: '1', origin: 'written', from: [] }]);
  });

  const cases: [overrides: string, overridden: string[], derived: [string, string[]][]][] = [
    ['d_model = 128', ['d_model'], [['attn.heads', ['d_model']], ['mlp.width', ['d_model']]]],
    ['budget = 32', ['budget'], [
      ['attn.heads', ['budget']], ['attn.head_dim', ['budget']], ['attn.v_dim', ['budget']], ['attn.scale', ['budget']],
      ['attn.rope.dim', ['budget']],
    ]],
    ['n_layers = 2', ['n_layers'], [['stack', ['n_layers']]]],
    ['rms.eps = 1e-6', ['rms.eps'], [['head.norm.eps', ['rms.eps']]]],
    ['mlp.ratio = 4', ['mlp.ratio'], [['mlp.width', ['mlp.ratio']]]],
    ['init.default = normal(std = 0.1)', ['init.default'], [
      ['init.embed', ['init.default']], ['init.head', ['init.default']], ['init.attn.q', ['init.default']],
      ['init.attn.k', ['init.default']], ['init.attn.v', ['init.default']], ['init.attn.o', ['init.default']],
      ['init.mlp.gate', ['init.default']], ['init.mlp.up', ['init.default']], ['init.mlp.down', ['init.default']],
    ]],
    ['attn.rope = none', ['attn.rope'], [
      ['attn.rope.dim', ['attn.rope']], ['attn.rope.theta', ['attn.rope']], ['attn.rope.pairing', ['attn.rope']], ['attn.rope.scaling', ['attn.rope']],
    ]],
  ]; // prettier-ignore
  it.each(cases)('%s', (overrides, overridden, follows) => {
    const result = variant(overrides);
    expect(result.overridden?.map(({ path }) => path)).toEqual(overridden);
    expect(derived(result)).toEqual(follows);
  });

  it('says nothing where a variant writes an equal value in another way', () => {
    const same = variant('attn.heads = 4; mlp.width = 192');
    expect([same.same, same.overridden, same.layers]).toEqual([true, [], []]);
    const one = variant('attn.heads = 4; attn.kv_heads = 4');
    expect(one.overridden?.map(({ path }) => path)).toEqual(['attn.kv_heads']);
  });

  /** Each sets one key that the canonical form has, or one that others derive from. */
  const settings: readonly (readonly [path: string, value: string])[] = [
    ['vocab', '512'], ['context', '128'], ['d_model', '128'], ['n_layers', '8'], ['budget', '32'], ['rms.eps', '1e-6'],
    ['rms.gain', '1 + weight'], ['embed.tie', 'head'], ['embed.scale', '2'], ['attn.kv_heads', '1'], ['attn.scale', '0.5'],
    ['attn.mask', 'causal & window(16)'], ['attn.bias', 'all'], ['attn.softcap', '30'], ['attn.rope.theta', '500_000'],
    ['attn.rope.pairing', 'interleaved'], ['mlp.act', 'gelu'], ['mlp.ratio', '4'], ['mlp.bias', 'all'], ['head.softcap', '15'],
    ['head.scale', '0.5'], ['init.default', 'normal(std = 0.1)'], ['init.attn.o', 'normal(std = 0.01)'],
  ]; // prettier-ignore
  it('lists exactly what is set, whatever is set together', () => {
    const subset = fc.subarray([...settings], { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(subset, (chosen) => {
        const result = variant(chosen.map(([path, value]) => `${path} = ${value}`).join('; '));
        expect(result.overridden?.map(({ path }) => path).sort()).toEqual(chosen.map(([path]) => path).sort());
        const set = new Set(chosen.map(([path]) => path));
        for (const { path, origin, from } of result.changed) {
          expect([path, origin]).toEqual([path, set.has(path) ? 'written' : 'derived']);
          if (origin === 'derived') expect([path, from.length > 0, from.filter((each) => !set.has(each))]).toEqual([path, true, []]); // prettier-ignore
        }
      }),
      { numRuns: 60 },
    );
  });

  it('knows the base', () => {
    const { ast } = load(`${base}variant B from A { n_layers = 2 }`);
    expect([baseOf(ast, 'A'), baseOf(ast, 'B'), baseOf(ast, 'C')]).toEqual([null, 'A', null]);
  });
});

describe('every model of the families', () => {
  const families = ['quickstart', ...['gemma2', 'gpt2', 'llama', 'qwen3'].map((name) => `families/${name}`)];
  it.each(families)('%s: equal to itself; a variant of no overridden key is its base', (name) => {
    const file = spec(name);
    for (const model of file.file.models) {
      const same = diff(file, model.name, file, model.name);
      expect([same.same, same.overridden, same.changed, same.layers, same.parameters.loads.names.length]).toEqual([
        true, [], [], [], same.parameters.loads.total,
      ]); // prettier-ignore
      expect(printDiff(same, plain)).toBe(`${model.name} -> ${model.name}: the same function`);
      const own = baseOf(file.ast, model.name);
      if (own === null) continue;
      const { overridden, changed } = diff(file, own, file, model.name);
      expect(changed.length > 0).toBe((overridden ?? []).length > 0);
    }
  });
});

describe('the variants of the large example', () => {
  const file = spec('examples/atlas');
  const rows: [variant: string, overridden: string[]][] = [
    ['AtlasTiny', ['budget']],
    ['Atlas128k', ['context', 'attn.rope.scaling', ...['factor', 'low', 'high', 'original'].map((key) => `attn.rope.scaling.${key}`)]],
    ['AtlasMQA', ['attn.kv_heads']],
    ['AtlasCLA2', ['attn.kv_from']],
    ['AtlasParallel', ['main']],
    ['AtlasDiffusion', ['attn.mask']],
  ]; // prettier-ignore
  it.each(rows)('%s', (name, overridden) => {
    const result = diff(file, 'Atlas', file, name);
    expect(result.overridden?.map(({ path }) => path)).toEqual(overridden);
    expect(derived(result).filter(([, from]) => from.some((each) => !overridden.includes(each)) || from.length === 0)).toEqual([]); // prettier-ignore
  });

  it('know what a size that was solved for follows from', () => {
    expect(new Map(derived(diff(file, 'Atlas', file, 'AtlasTiny'))).get('mlp.width')).toEqual(['budget']);
    expect(new Map(derived(diff(file, 'Atlas', file, 'AtlasMQA'))).get('n_layers')).toEqual(['attn.kv_heads']);
  });
});

describe('parameters', () => {
  it('says which weights of the first fill the second', () => {
    const { parameters } = variant('attn.kv_heads = 1; n_layers = 5');
    expect(parameters.added.map(({ name }) => name)).toContain('layers.4.attn.q.weight');
    expect(parameters.reshaped[0]).toEqual({ name: 'layers.0.attn.k.weight', a: [32, 64], b: [16, 64] });
    const { names, total } = parameters.loads;
    expect(names.length).toBe(total - parameters.added.length - parameters.reshaped.length);
    expect(names).toContain('embed.weight');
  });
});

describe('the text', () => {
  it('puts layers and parameters together', () => {
    const file = load(`${base}variant B from A { attn.kv_heads = 1; n_layers = 6 }`);
    const text = printDiff(diff(file, 'A', file, 'B'), plain);
    expect(text).toContain('  n_layers       4 -> 6\n');
    expect(text).toContain('  layers 0..3\n    - attn: gqa 4/2 heads of 16');
    expect(text).toContain('  layers 4..5 (only in the second)\n');
    expect(text).toContain('layers.0..3.attn.k.weight    32 x 64 -> 16 x 64\n');
    expect(text).toMatch(/a checkpoint of the first fills \d+ of \d+ tensors of the second, \d+\.\d % of its numbers/);
  });
});
