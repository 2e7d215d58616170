import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockExpr, MaskSpec, Model, RopeScaling } from '../../../../compiler/2-check/model.ts';
import { evaluate } from '../../../../compiler/3-graph/evaluate.ts';
import { forwardGraph, generateGraph, isAutoregressive, lossGraph } from '../../../../compiler/3-graph/model/entry-graphs.ts'; // prettier-ignore
import type { Graph } from '../../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../../compiler/3-graph/verify.ts';
import { gqa, makeModel, number, op, ref, rms, span, use } from './model-builder.ts';
import { models, randomWeights } from './random-model.ts';
import { referenceLogits } from './reference-model.ts';

const tokens = [3, 0, 6, 2, 2, 5, 1];

function expectClose(actual: ArrayLike<number>, wanted: readonly number[], tolerance = 1e-9): void {
  expect(actual.length).toBe(wanted.length);
  const worst = wanted.reduce(
    (m, value, i) => Math.max(m, Math.abs(value - (actual[i] ?? NaN)) / (1 + Math.abs(value))),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}

function logitsOf(model: Model, batch: readonly (readonly number[])[]): Float64Array {
  const values = new Map<string, ArrayLike<number>>([...randomWeights(model), ['tokens', batch.flat()]]);
  const graph = forwardGraph(model);
  verifyGraph(graph);
  const out = evaluate(graph, { batch: batch.length, seq: batch[0]?.length ?? 0 }, values).outputs.get('logits');
  return out?.data ?? new Float64Array(0);
}

describe('forward graph', () => {
  it('is the model, whatever its knobs', () => {
    fc.assert(
      fc.property(models, (model) => {
        const other = tokens.toReversed();
        const weights = randomWeights(model);
        const wanted = [tokens, other].flatMap((sequence) => referenceLogits(model, weights, sequence)).flat();
        expectClose(logitsOf(model, [tokens, other]), wanted);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it.each<[string, MaskSpec]>([
    ['full', { kind: 'full' }],
    ['a window that sees later tokens', { kind: 'window', size: 2 }],
    ['no part', { kind: 'all', parts: [] }],
  ])('has masks that are not causal: %s', (_, mask) => {
    const model = makeModel({ mixers: [gqa({ mask })] });
    expectClose(logitsOf(model, [tokens]), referenceLogits(model, randomWeights(model), tokens).flat());
  });

  const mixed: BlockExpr = op('/', op('-', op('*', op('+', number(1), number(2)), ref('x')), number(0.5)), number(4));
  it.each<[string, BlockExpr]>([
    ['numbers folded', mixed],
    ['number - tensor', op('-', number(1), ref('x'))],
    ['number / tensor', op('/', number(1), use.norm(rms, 'rms.mix', ref('x')))],
    ['x twice', op('*', ref('x'), ref('x'))],
    ['x alone', ref('x')],
  ])('has the arithmetic of blocks: %s', (_, value) => {
    const model = makeModel({ mixers: [gqa()], wiring: () => [{ name: 'y', value, span }] });
    expectClose(logitsOf(model, [tokens]), referenceLogits(model, randomWeights(model), tokens).flat());
  });

  it('names nodes by their place', () => {
    const paths = forwardGraph(makeModel()).nodes.map((node) => node.origin.path);
    for (const path of [
      'embed',
      'layers.0.rms.mix',
      'layers.1.attn.q',
      'layers.1.mlp.down',
      'layers.0',
      'head.norm',
      'head',
    ])
      expect(paths).toContain(path);
  });

  it('makes layers that differ in names only', () => {
    const { nodes } = forwardGraph(makeModel({ mixers: [gqa(), gqa(), gqa()] }));
    const ops = (layer: number) =>
      nodes.filter((node) => node.origin.path.startsWith(`layers.${layer}`)).map((node) => node.op);
    // The tables of RoPE are made by the first layer.
    expect(ops(1)).toEqual(ops(2));
    expect(ops(0)).toEqual(expect.arrayContaining(ops(1)));
  });
});

describe('loss graph', () => {
  // mean over counted labels of lse - logit[label] + z lse^2
  it.each([
    [null, 0],
    [null, 0.01],
    [5, 0.01],
  ])('ignore %s, z-loss %s', (ignore, zLoss) => {
    const model = makeModel({ vocab: 7 });
    const labels = [0, 6, 2, 2, 5, 1, 4];
    const logits = referenceLogits(model, randomWeights(model), tokens);
    const losses = logits.flatMap((row, t) => {
      if (labels[t] === ignore) return [];
      const lse = Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0));
      return [lse - (row[labels[t] ?? -1] ?? NaN) + zLoss * lse * lse];
    });
    const values = new Map<string, ArrayLike<number>>([
      ...randomWeights(model),
      ['tokens', tokens],
      ['labels', labels],
      ['loss_scale', [1 / losses.length]],
    ]);
    const out = evaluate(lossGraph(model, { ignore, zLoss }), { batch: 1, seq: 7 }, values).outputs.get('loss');
    expectClose(out?.data ?? [], [losses.reduce((a, b) => a + b, 0) / losses.length]);
  });
});

/** Logits after each chunk, with the caches kept from run to run. */
function generate(
  model: Model,
  graph: Graph,
  chunks: readonly (readonly number[])[],
  seqOf: (chunk: readonly number[]) => number,
) {
  const stored = new Map<string, ArrayLike<number>>(randomWeights(model));
  let offset = 0;
  return chunks.map((chunk) => {
    const seq = seqOf(chunk);
    const padded = Array.from({ length: seq }, (_, i) => chunk[i] ?? 0);
    const inputs: [string, ArrayLike<number>][] = [
      ['tokens', padded],
      ['offset', [offset]],
      ['last', [chunk.length - 1]],
    ];
    const { outputs, updates } = evaluate(graph, { batch: 1, seq, past: 12 }, new Map([...stored, ...inputs]));
    for (const [name, value] of updates) stored.set(name, value.data);
    offset += chunk.length;
    return [...(outputs.get('logits')?.data ?? [])];
  });
}

// Equal factors for all pairs are linear scaling; a grown theta is one of its own.
describe('rope that depends on the length of a run', () => {
  const dim = 6;
  const model = (scaling: RopeScaling, theta = 100): Model =>
    makeModel({ mixers: [gqa({ headDim: dim, rope: { dim, theta, pairing: 'half', scaling } })] });
  const longrope = model({ kind: 'longrope', factor: 1, original: 4, short: [1, 1, 1], long: [3, 3, 3], attentionFactor: null }); // prettier-ignore
  const dynamic = model({ kind: 'dynamic', factor: 2, original: 4 });
  const none = model({ kind: 'none' });
  const [thrice, grown] = [model({ kind: 'linear', factor: 3 }), model({ kind: 'none' }, 100 * ((2 * 7) / 4 - 1) ** (6 / 4))]; // prettier-ignore

  it.each<[string, Model, number, Model]>([
    ['longrope up to the original context', longrope, 4, none],
    ['longrope beyond it', longrope, 7, thrice],
    ['dynamic up to the original context', dynamic, 3, none],
    ['dynamic beyond it', dynamic, 7, grown],
  ])('%s', (_, scaled, length, wanted) => {
    const sequence = tokens.slice(0, length);
    expectClose(logitsOf(scaled, [sequence]), [...logitsOf(wanted, [sequence])]);
  });

  it.each<[string, Model, number, Model]>([
    ['longrope, a cache as long as the original context', longrope, 4, none],
    ['longrope, a longer one', longrope, 5, thrice],
    ['dynamic', dynamic, 7, grown],
  ])('a run that generates has the length of its cache: %s', (_, scaled, past, wanted) => {
    const run = (of: Model): number[] => {
      const graph = generateGraph(of);
      const caches = ['k', 'v'].map((part) => [`cache.layers.0.attn.${part}`, Array.from({ length: past * 2 * dim }, () => 0)] as const); // prettier-ignore
      const values = new Map<string, ArrayLike<number>>([...randomWeights(of), ...caches, ['tokens', [3, 0, 6]], ['offset', [0]], ['last', [2]]]); // prettier-ignore
      return [...(evaluate(graph, { batch: 1, seq: 3, past }, values).outputs.get('logits')?.data ?? [])];
    };
    expectClose(run(scaled), run(wanted));
  });
});

describe('generate graph', () => {
  it('continues as the whole sequence would, token by token and in padded chunks', () => {
    fc.assert(
      fc.property(models, (model) => {
        const graph = generateGraph(model);
        verifyGraph(graph);
        const wanted = referenceLogits(model, randomWeights(model), tokens);
        expectClose(generate(model, graph, tokens.map((t) => [t]), () => 1).flat(), wanted.flat()); // prettier-ignore
        const chunks = [tokens.slice(0, 3), tokens.slice(3, 5), tokens.slice(5)];
        expectClose(
          generate(model, graph, chunks, () => 4).flat(),
          [2, 4, 6].flatMap((t) => wanted[t] ?? []),
        );
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('keeps padding beyond the context in range', () => {
    const model = makeModel({
      context: 8,
      embed: { positions: { length: 8, offset: 0, init: { kind: 'constant', value: 0 } } },
    });
    const chunks = [tokens.slice(0, 4), tokens.slice(4)];
    const wanted = referenceLogits(model, randomWeights(model), tokens);
    expectClose(
      generate(model, generateGraph(model), chunks, () => 6).flat(),
      [3, 6].flatMap((t) => wanted[t] ?? []),
    );
  });

  it.each<[MaskSpec, boolean]>([
    [{ kind: 'causal' }, true],
    [{ kind: 'full' }, false],
    [{ kind: 'window', size: 4 }, false],
    [{ kind: 'all', parts: [{ kind: 'window', size: 4 }, { kind: 'causal' }] }, true],
  ])('is there only for models that see no later token: %j', (mask, yes) => {
    const model = makeModel({ mixers: [gqa(), gqa({ mask })] });
    expect(isAutoregressive(model)).toBe(yes);
    if (!yes) expect(() => generateGraph(model)).toThrow('sees later tokens');
  });
});
