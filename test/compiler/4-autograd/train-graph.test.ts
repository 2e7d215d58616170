import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model, OptimizerSpec, TrainSpec } from '../../../compiler/2-check/model.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { lossGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import { elements } from '../../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../../compiler/2-check/parameters/parameters.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { glu, gqa, layerNorm, makeModel, makeTrain, mlp, rms, wirings } from '../3-graph/model/model-builder.ts';
import { models, numbers, randomWeights } from '../3-graph/model/random-model.ts';

type Values = Map<string, ArrayLike<number>>;

const sizes = { batch: 2, seq: 4 };
const tokens = [3, 0, 6, 2, 2, 5, 1, 4];
const labels = [1, 2, 6, 0, 3, 5, 5, 2];
const batch: [string, ArrayLike<number>][] = [
  ['tokens', tokens],
  ['labels', labels],
  ['loss_scale', [1 / 8]],
];

/** Outputs of one run as numbers; updates are written back to `values`. */
function run(
  graph: Graph,
  values: Values,
  inputs: readonly [string, ArrayLike<number>][],
  at = sizes,
): Record<string, number> {
  verifyGraph(graph);
  const { outputs, updates } = evaluate(graph, at, new Map([...values, ...inputs]));
  for (const [name, value] of updates) values.set(name, value.data);
  return Object.fromEntries([...outputs].map(([name, value]) => [name, value.data[0] ?? NaN]));
}

function stepOf(model: Model, train: TrainSpec): Graph {
  const graphs = trainGraphs(model, train);
  if (!('step' in graphs)) throw new Error('accumulates');
  return graphs.step;
}

const clock = (step: number, scale = 1): [string, number[]][] => [
  ['step', [step]],
  ['lr_scale', [scale]],
];

/** Gradients by name, from one step of plain SGD. */
function gradientsOf(
  model: Model,
  values: Values,
  loss: TrainSpec['loss'] = { ignore: null, zLoss: 0 },
): Map<string, number[]> {
  const after = new Map(values);
  run(stepOf(model, makeTrain({ loss })), after, [...batch, ...clock(1)]);
  return new Map(
    parameters(model).map(({ name }) => {
      const moved = after.get(name) ?? [];
      return [name, Array.from(values.get(name) ?? [], (p, i) => p - (moved[i] ?? NaN))];
    }),
  );
}

const squares = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x * x, 0);

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(wanted.length);
  const worst = Array.from(wanted).reduce(
    (m, x, i) => Math.max(m, Math.abs(x - (actual[i] ?? NaN)) / (1 + Math.abs(x))),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}

describe('gradients of whole models', () => {
  // Smooth activations only: a finite difference across the corner of relu is no derivative.
  const smooth = models.filter((model) => !/"act":"relu2?"/.test(JSON.stringify(model)));
  it('are the slope of the loss along a random direction, for every parameter', () => {
    fc.assert(
      fc.property(smooth, (model) => {
        const loss = { ignore: 5, zLoss: 0.01 };
        const values: Values = new Map(randomWeights(model));
        const graph = lossGraph(model, loss);
        const gradients = gradientsOf(model, values, loss);
        for (const [i, parameter] of parameters(model).entries()) {
          const direction = numbers(elements(parameter), 77 + i);
          const lossAt = (distance: number) => {
            const moved = direction.map((d, j) => (values.get(parameter.name)?.[j] ?? NaN) + distance * d);
            return run(graph, new Map([...values, [parameter.name, moved]]), batch)['loss'] ?? NaN;
          };
          const h = 1e-5;
          const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
          const predicted = (gradients.get(parameter.name) ?? []).reduce(
            (sum, g, j) => sum + g * (direction[j] ?? NaN),
            0,
          );
          expect([parameter.name, Math.abs(slope - predicted) < 1e-5 * (1 + Math.abs(slope))]).toEqual([
            parameter.name,
            true,
          ]);
        }
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  it('are output as one norm', () => {
    const model = makeModel({ vocab: 7 });
    const values: Values = new Map(randomWeights(model));
    const total = [...gradientsOf(model, values).values()].reduce((sum, g) => sum + squares(g), 0);
    const { grad_norm: norm = NaN } = run(stepOf(model, makeTrain()), new Map(values), [...batch, ...clock(1)]);
    expect(norm).toBeCloseTo(Math.sqrt(total), 10);
  });
});

const adamw = (knobs: Partial<Extract<OptimizerSpec, { kind: 'adamw' }>> = {}): OptimizerSpec => ({
  kind: 'adamw',
  params: ['all'],
  lr: 0.01,
  betas: [0.9, 0.99],
  eps: 1e-8,
  weightDecay: 0.1,
  noDecay: ['vector', 'embed'],
  ...knobs,
});

const sgd = (knobs: Partial<Extract<OptimizerSpec, { kind: 'sgd' }>> = {}): OptimizerSpec => ({
  kind: 'sgd',
  params: ['all'],
  lr: 0.1,
  momentum: 0.9,
  weightDecay: 0.1,
  noDecay: ['vector'],
  ...knobs,
});

/** Optimizers by their textbook loops, over gradients from `gradientsOf`. */
class ReferenceOptimizer {
  readonly model: Model;
  readonly train: TrainSpec;
  readonly values: Values;
  private readonly m = new Map<string, number[]>();
  private readonly v = new Map<string, number[]>();

  constructor(model: Model, train: TrainSpec, values: Values) {
    this.model = model;
    this.train = train;
    this.values = values;
  }

  step(t: number, scale: number): number {
    const gradients = gradientsOf(this.model, this.values, this.train.loss);
    const norm = Math.sqrt([...gradients.values()].reduce((sum, g) => sum + squares(g), 0));
    const { clipNorm } = this.train;
    const clip = clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    for (const { name, class: place } of parameters(this.model)) {
      const named = (o: OptimizerSpec) => o.params.includes('all') || o.params.includes(place);
      const spec = this.train.optimizers.find(named) ?? this.train.optimizers.find((o) => o.params.includes('rest'));
      if (!spec) throw new Error(`no optimizer for ${name}`);
      const decay = spec.noDecay.includes(place) || spec.noDecay.includes('all') ? 0 : spec.weightDecay;
      const lr = spec.lr * scale;
      const [m, v] = [this.m.get(name) ?? [], this.v.get(name) ?? []];
      this.m.set(name, m);
      this.v.set(name, v);
      const next = Array.from(this.values.get(name) ?? [], (p, i) => {
        const g = (gradients.get(name)?.[i] ?? NaN) * clip;
        if (spec.kind === 'sgd') {
          m[i] = spec.momentum * (m[i] ?? 0) + g + decay * p;
          return p - lr * m[i];
        }
        const [b1, b2] = spec.betas;
        m[i] = b1 * (m[i] ?? 0) + (1 - b1) * g;
        v[i] = b2 * (v[i] ?? 0) + (1 - b2) * g * g;
        const update = m[i] / (1 - b1 ** t) / (Math.sqrt(v[i] / (1 - b2 ** t)) + spec.eps);
        return p - lr * decay * p - lr * update;
      });
      this.values.set(name, next);
    }
    return norm;
  }
}

const model = makeModel({ vocab: 7, mixers: [gqa({ biases: 'qkv' })], ffn: mlp(6, 'gelu'), norm: layerNorm });

const trainBy =
  (...optimizers: OptimizerSpec[]) =>
  () =>
    trainGraphs(model, makeTrain({ optimizers }));

/** What one step changes of the query weight: it and its states. */
const updatesOf = (optimizer: OptimizerSpec) =>
  stepOf(model, makeTrain({ optimizers: [optimizer] }))
    .updates.map(({ source }) => source.attrs.name)
    .filter((name) => name.endsWith('attn.q.weight'));

describe('optimizers', () => {
  it.each<[string, Partial<TrainSpec>]>([
    ['AdamW', { optimizers: [adamw()] }],
    ['AdamW, clipped', { optimizers: [adamw()], clipNorm: 0.5 }],
    ['AdamW, clip that does not bite', { optimizers: [adamw()], clipNorm: 1000 }],
    ['AdamW, betas near 0 and 1', { optimizers: [adamw({ betas: [0, 0.9999] })] }],
    ['AdamW, all decayed', { optimizers: [adamw({ noDecay: [] })] }],
    ['SGD with momentum', { optimizers: [sgd()], clipNorm: 1 }],
    ['SGD without', { optimizers: [sgd({ momentum: 0, noDecay: ['all'] })] }],
    [
      'one for matrices, one for the rest',
      { optimizers: [sgd({ params: ['matrix', 'head'] }), adamw({ params: ['rest'] })] },
    ],
    ['one for each class', { optimizers: [sgd({ params: ['matrix'] }), sgd({ params: ['head'], lr: 0.2 }), adamw({ params: ['embed'] }), adamw({ params: ['vector'], lr: 0.002 })] }], // prettier-ignore
  ])('%s', (_, knobs) => {
    const train = makeTrain(knobs);
    const graph = stepOf(model, train);
    const values: Values = new Map(randomWeights(model));
    const reference = new ReferenceOptimizer(model, train, new Map(values));
    for (const [t, scale] of [
      [1, 0.5],
      [2, 1],
      [3, 0.25],
      [4, 1],
    ] as const) {
      const norm = reference.step(t, scale);
      expect(run(graph, values, [...batch, ...clock(t, scale)])['grad_norm']).toBeCloseTo(norm, 8);
    }
    for (const { name } of parameters(model))
      expectClose(values.get(name) ?? [], reference.values.get(name) ?? [], 1e-9);
  });

  it('names its states after the parameters', () => {
    expect(updatesOf(adamw()).sort()).toEqual(['adam.m.layers.0.attn.q.weight', 'adam.v.layers.0.attn.q.weight', 'layers.0.attn.q.weight']); // prettier-ignore
    expect(updatesOf(sgd()).sort()).toEqual(['layers.0.attn.q.weight', 'sgd.momentum.layers.0.attn.q.weight']);
    expect(updatesOf(sgd({ momentum: 0 }))).toEqual(['layers.0.attn.q.weight']);
  });

  it('has bias corrections without cancellation at any step', () => {
    // One parameter that all steps move by lr: with a constant gradient, m / sqrt(v) is 1 after correction.
    const constant = makeModel({ vocab: 7, mixers: [gqa()] });
    const graph = stepOf(
      constant,
      makeTrain({ optimizers: [adamw({ betas: [0.9, 0.999], weightDecay: 0, eps: 1e-12 })] }),
    );
    for (const t of [1, 2, 5, 50, 499, 501, 5000, 100_000]) {
      const values: Values = new Map(randomWeights(constant));
      const gradient = gradientsOf(constant, values).get('head.weight') ?? [];
      values.set(
        'adam.m.head.weight',
        gradient.map((g) => g * (1 - 0.9 ** (t - 1))),
      );
      values.set(
        'adam.v.head.weight',
        gradient.map((g) => g * g * (1 - 0.999 ** (t - 1))),
      );
      const before = Array.from(values.get('head.weight') ?? []);
      run(graph, values, [...batch, ...clock(t)]);
      expectClose(
        values.get('head.weight') ?? [],
        before.map((p, i) => p - 0.01 * Math.sign(gradient[i] ?? NaN)),
        1e-8,
      );
    }
  });

  it('refuses parameters with no optimizer, or two', () => {
    expect(trainBy(sgd({ params: ['matrix'] }))).toThrow('no optimizer for parameter embed.weight of class embed');
    expect(trainBy(sgd(), adamw({ params: ['matrix'] }))).toThrow(
      'two optimizers for parameter layers.0.attn.q.weight',
    );
    expect(trainBy(sgd({ params: ['rest'] }), adamw({ params: ['rest'] }))).toThrow('two optimizers');
  });
});

describe('accumulation', () => {
  it('over two micro-batches is one step over both', () => {
    const model = makeModel({ vocab: 7 });
    const train = makeTrain({ optimizers: [adamw()], clipNorm: 0.5 });
    const graphs = trainGraphs(model, { ...train, accumulate: 2 });
    if ('step' in graphs) throw new Error('does not accumulate');
    const whole: Values = new Map(randomWeights(model));
    const parts: Values = new Map(whole);
    const step = stepOf(model, train);
    for (const t of [1, 2]) {
      const wanted = run(step, whole, [...batch, ...clock(t)]);
      const halves = [0, 4].map(
        (from) =>
        run(graphs.accumulate, parts, [['tokens', tokens.slice(from, from + 4)], ['labels', labels.slice(from, from + 4)], ['loss_scale', [1 / 8]]], { batch: 1, seq: 4 }), // prettier-ignore
      );
      const applied = run(graphs.apply, parts, clock(t));
      expect(halves.reduce((sum, { loss = NaN }) => sum + loss, 0)).toBeCloseTo(wanted['loss'] ?? NaN, 10);
      expect(applied['grad_norm']).toBeCloseTo(wanted['grad_norm'] ?? NaN, 10);
    }
    for (const { name } of parameters(model)) {
      expectClose(parts.get(name) ?? [], whole.get(name) ?? [], 1e-10);
      expect(squares(parts.get(`grad.${name}`) ?? [NaN])).toBe(0);
    }
  });
});

const inputsOf = (graph: Graph) =>
  graph.nodes.flatMap((node) => (node.op === 'source' && node.attrs.role === 'input' ? [node.attrs.name] : []));

describe('dropout', () => {
  const model = makeModel({ vocab: 7, mixers: [gqa(), gqa()], wiring: wirings.parallel1, ffn: glu(6), norm: rms });
  const places = (dropout: TrainSpec['dropout']) =>
    stepOf(model, makeTrain({ dropout })).nodes.flatMap((node) => {
      if (node.origin.path.startsWith('grad')) return [];
      if (node.op === 'dropout') return [{ rate: node.attrs.rate, stream: node.attrs.stream, at: node.origin.path }];
      return node.op === 'attention' && node.attrs.dropout ? [{ ...node.attrs.dropout, at: node.origin.path }] : [];
    });

  it('needs no seed when nothing is dropped', () => {
    expect(inputsOf(stepOf(model, makeTrain()))).not.toContain('seed');
    expect(places({ embed: 0, residual: 0, attention: 0 })).toEqual([]);
  });

  it('has a stream of its own in each place', () => {
    const dropout = { embed: 0.1, residual: 0.2, attention: 0.3 };
    expect(inputsOf(stepOf(model, makeTrain({ dropout })))).toContain('seed');
    expect(places(dropout)).toEqual([
      { rate: 0.1, stream: 0, at: 'embed' },
      { rate: 0.3, stream: 1, at: 'layers.0.attn' },
      { rate: 0.2, stream: 2, at: 'layers.0' },
      { rate: 0.2, stream: 3, at: 'layers.0' },
      { rate: 0.3, stream: 4, at: 'layers.1.attn' },
      { rate: 0.2, stream: 5, at: 'layers.1' },
      { rate: 0.2, stream: 6, at: 'layers.1' },
    ]);
  });

  it.each<[keyof TrainSpec['dropout'], number]>([
    ['embed', 1],
    ['residual', 4],
    ['attention', 2],
  ])('only of %s', (kind, count) => {
    expect(places({ embed: 0, residual: 0, attention: 0, [kind]: 0.5 })).toHaveLength(count);
  });

  it('is the same for the same seed, and its gradient follows the mask', () => {
    const train = makeTrain({ dropout: { embed: 0.3, residual: 0.3, attention: 0.3 } });
    const graph = stepOf(model, train);
    const start: Values = new Map(randomWeights(model));
    const step = (values: Values, seed: number) => run(graph, values, [...batch, ...clock(1), ['seed', [seed]]]);
    const stepped = new Map(start);
    const { loss = NaN } = step(stepped, 5);
    expect(step(new Map(start), 5)['loss']).toBe(loss);
    expect(step(new Map(start), 6)['loss']).not.toBe(loss);
    // The slope of the dropped-out loss along the gradient is the gradient's square.
    const gradient = Array.from(
      start.get('embed.weight') ?? [],
      (p, i) => p - (stepped.get('embed.weight')?.[i] ?? NaN),
    );
    const h = 1e-5 / Math.sqrt(squares(gradient));
    const lossAt = (by: number) => {
      const moved = Array.from(start.get('embed.weight') ?? [], (p, i) => p + by * (gradient[i] ?? NaN));
      return step(new Map([...start, ['embed.weight', moved]]), 5)['loss'] ?? NaN;
    };
    expect((lossAt(h) - lossAt(-h)) / (2 * h)).toBeCloseTo(squares(gradient), 5);
  });
});
