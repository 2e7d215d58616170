import { expect, test } from 'vitest';
import type { Graph, Node } from '../../../compiler/3-graph/ops.ts';
import type { Dim, ScalarType } from '../../../compiler/3-graph/types.ts';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, constant, exp, mul, rsqrt, sigmoid, sub } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise, sumOver } from '../../../compiler/3-graph/node-build.ts';
import { forwardGraph, generateGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import { loadsOf } from '../../../compiler/5-optimize/group-parts.ts';
import type { Program } from '../../../compiler/5-optimize/groups.ts';
import { printGroup } from '../../../compiler/5-optimize/print-program.ts';
import { simplify } from '../../../compiler/5-optimize/simplify.ts';
import { verifyProgram } from '../../../compiler/5-optimize/verify-program.ts';
import { glu, gqa, makeModel, makeTrain } from '../3-graph/model/model-builder.ts';
import { expectEqual, sourceValues } from './compare.ts';

const d = (name: string, size: number): Dim => ({ name, size });
const [s, m, w] = [d('s', 4), d('m', 6), d('w', 5)];

class Small extends GraphBuilder {
  source(
    name: string,
    dims: readonly Dim[],
    role: 'input' | 'state' | 'parameter' = 'input',
    type: ScalarType = 'f32',
  ) {
    return this.add('source', { name, role, type: { type, dims } }, []);
  }
  product(x: Node, y: Node, ...over: string[]): Node {
    return this.add('contract', { over }, [x, y]);
  }
}

/** The printed groups of the fused program, after comparing it with the graph's meaning. */
function groupsOf(build: (b: Small) => void): string {
  const b = new Small('small');
  build(b);
  const graph = b.finish();
  const program = expectEqual(graph, {}, sourceValues(graph, {}, 2, { position: [1] }));
  return named(program);
}

function named(program: Program): string {
  const text = program.groups.map((group) => printGroup(group).join('\n')).join('\n');
  return text.replaceAll(/\bt(\d+)\[/g, (_, id: string) => `${program.tensors[Number(id)]?.name}[`);
}

test('a norm is one row program; its statistic is not stored', () => {
  const text = groupsOf((b) => {
    const x = b.source('x', [s, m]);
    const squares = elementwise(b, [x], (v) => mul(v, v));
    const scale = elementwise(b, [sumOver(b, squares, ['m'])], (v) => rsqrt(add(v, 0.1)));
    b.output(
      'y',
      elementwise(b, [x, scale, b.source('g', [m])], (v, r, g) => mul(mul(v, r), g)),
    );
  });
  expect(text).toBe(
    ['rows [s=4] of [m=6]', 'r0 = sum x[s, m] * x[s, m]', 'y[s, m] = x[s, m] * rsqrt(r0 + 0.1) * g[m]'].join('\n'),
  );
});

test('gate and up share their operand: two accumulators, one store', () => {
  const text = groupsOf((b) => {
    const x = b.source('x', [s, m]);
    const [gate, up] = ['gate', 'up'].map((name) => b.product(x, b.source(name, [w, m]), 'm'));
    if (gate && up)
      b.output(
        'y',
        elementwise(b, [gate, up], (g, u) => mul(mul(g, sigmoid(g)), u)),
      );
  });
  expect(text).toBe(
    [
      'contract batch [] m [s=4] n [w=5]',
      'acc0 = sum [m=6] x[s, m] * gate[w, m]',
      'acc1 = sum [m=6] x[s, m] * up[w, m]',
      'y[s, w] = acc0 * sigmoid(acc0) * acc1',
    ].join('\n'),
  );
});

test('a sum of products is one accumulator of several terms, the residual its epilogue', () => {
  const text = groupsOf((b) => {
    const [a, c] = [b.source('a', [s, w]), b.source('c', [s, w])];
    const [x, y] = [b.product(a, b.source('wa', [w, m]), 'w'), b.product(c, b.source('wc', [w, m]), 'w')];
    const sum = elementwise(b, [x, y], (p, q) => add(p, q));
    b.output(
      'y',
      elementwise(b, [b.source('residual', [s, m]), sum], (r, v) => add(r, v)),
    );
  });
  expect(text).toBe(
    [
      'contract batch [] m [s=4] n [m=6]',
      'acc0 = sum [w=5] a[s, w] * wa[w, m] + sum [w=5] c[s, w] * wc[w, m]',
      'y[s, m] = residual[s, m] + acc0',
    ].join('\n'),
  );
});

const operand = (value: 'dear' | 'scaled') => (b: Small) => {
  const x = b.source('x', [s, m]);
  const a = elementwise(b, [x], (v) => (value === 'dear' ? exp(v) : mul(2, v)));
  b.output('y', b.product(a, b.source('g', [w, m]), 'm'));
};

test('an expensive operand of a product is stored, a scaled one is not', () => {
  expect(groupsOf(operand('scaled'))).toContain('sum [m=6] 2 * x[s, m] * g[w, m]');
  expect(groupsOf(operand('dear'))).toMatch(/^map .*\n.* = exp\(x\[s, m\]\)\ncontract/);
});

test('merged heads become axes of the sum, so that both operands are linear in them', () => {
  const text = groupsOf((b) => {
    const merged = b.add('merge', { dims: ['h', 'e'], into: 'he' }, [b.source('x', [s, d('h', 2), d('e', 4)])]);
    b.output('y', b.product(merged, b.source('o', [m, d('he', 8)]), 'he'));
  });
  expect(text).toContain('sum [he_1=2, he_0=4] x[s, he_1, he_0] * o[m, 4 * he_1 + he_0]');
});

test('an update in place joins its neighbours and comes after the last reader of the old value', () => {
  const text = groupsOf((b) => {
    const [p, state] = [b.source('p', [s, m], 'parameter'), b.source('state', [s, m], 'state')];
    const next = elementwise(b, [state, b.source('g', [s, m])], (v, g) => add(mul(0.9, v), g));
    b.update(state, next);
    b.update(
      p,
      elementwise(b, [p, next], (v, n) => sub(v, n)),
    );
    b.output('y', b.product(p, b.source('x', [w, m]), 'm'));
  });
  expect(text.split('\n').slice(-2)).toEqual([
    'p[s, m] = p[s, m] - (0.9 * state[s, m] + g[s, m])',
    'state[s, m] = 0.9 * state[s, m] + g[s, m]',
  ]);
  expect(text.indexOf('contract')).toBeLessThan(text.indexOf('map'));
});

test.each<[string, (b: Small, x: Node) => Node, number]>([
  ['its own element', (b, x) => elementwise(b, [x], (v) => mul(2, v)), 1],
  ['another element', (b, x) => elementwise(b, [x, b.add('rotate_pairs', { dim: 'm', pairing: 'half', inverse: false }, [x])], (v, r) => add(v, r)), 2], // prettier-ignore
  ['a sum of all', (b, x) => elementwise(b, [x, sumOver(b, x, ['s', 'm'])], (v, total) => mul(v, total)), 1],
])('an update that reads %s', (_, value, count) => {
  const text = groupsOf((b) => {
    const x = b.source('x', [s, m], 'state');
    b.update(x, value(b, x));
  });
  expect(text.split('\n').filter((line) => /^(map|rows)/.test(line))).toHaveLength(count);
});

test('two states that swap go through a copy', () => {
  const text = groupsOf((b) => {
    const [x, y] = [b.source('x', [m], 'state'), b.source('y', [m], 'state')];
    b.update(x, y);
    b.update(y, x);
  });
  expect(text).toBe(['map [m=6]', 'graph:map[m] = x[m]', 'x[m] = y[m]', 'map [m=6]', 'y[m] = graph:map[m]'].join('\n'));
});

test('rows of a cache are written in place before they are read', () => {
  const text = groupsOf((b) => {
    const cache = b.source('cache', [d('past', 8), m], 'state');
    const rows = elementwise(b, [b.source('x', [d('past', 2), m])], (v) => mul(2, v));
    const next = b.add('update', { dim: 'past' }, [cache, rows, b.source('position', [], 'input', 'i32')]);
    b.update(cache, next);
    b.output('y', sumOver(b, next, ['past']));
  });
  expect(text).toBe(
    [
      'map [past=2, m=6]',
      'cache[position[] + past, m] = 2 * x[past, m]',
      'rows [m=6] of [past=8]',
      'r0 = sum cache[past, m]',
      'row y[m] = r0',
    ].join('\n'),
  );
});

test('a cache whose new rows come from its old ones is copied', () => {
  groupsOf((b) => {
    const cache = b.source('cache', [d('past', 8), m], 'state');
    const rows = b.add('slice', { dim: 'past', start: 2, size: 3 }, [cache]);
    b.update(cache, b.add('update', { dim: 'past' }, [cache, rows, b.source('position', [], 'input', 'i32')]));
  });
});

test('a sum of more tensors than fit is computed in parts', () => {
  const b = new Small('wide');
  const inputs = Array.from({ length: 30 }, (_, i) => b.source(`x${i}`, [m]));
  b.output(
    'y',
    elementwise(b, inputs, (...xs) => xs.reduce((x, y) => add(x, y), constant(0))),
  );
  const graph = b.finish();
  const program = expectEqual(graph, {}, sourceValues(graph, {}, 2), 8);
  expect(program.groups.length).toBeLessThanOrEqual(6);
});

test('few results of many elements are reduced in stages', () => {
  const text = groupsOf((b) => b.output('y', sumOver(b, b.source('x', [d('a', 96), d('b', 64)]), ['a', 'b'])));
  expect(text).toMatch(/^rows \[a=96\] of \[b=64\]\n.*\n.*\nrows \[\] of \[a=96\]/);
});

const layers = 4;
const model = makeModel({ mixers: Array.from({ length: layers }, () => gqa({ headDim: 4 })), ffn: glu(12) });
const sizes = { batch: 2, seq: 8, past: 16 };
const options = { fusion: true, maxTensors: 10 };

function fused(graph: Graph, own = sizes): Program {
  const program = fuse(simplify(graph), own, options);
  verifyProgram(program, options.maxTensors);
  return program;
}

/** The groups of one layer as text, tensors numbered by first use: equal text makes equal kernels. */
function layerText(program: Program, path: string): string[] {
  return program.groups
    .filter(({ name }) => name.includes(`:${path}.`) || name.endsWith(`:${path}`))
    .map((group) => {
      const ids = new Map<string, number>();
      return printGroup(group)
        .join('\n')
        .replaceAll(/\bt(\d+)\[/g, (_, id: string) => {
          ids.set(id, ids.get(id) ?? ids.size);
          return `t${ids.get(id)}[`;
        });
    });
}

test('a layer takes 11 groups forward, and layers are equal', () => {
  const program = fused(forwardGraph(model));
  expect(program.groups).toHaveLength(11 * layers + 2);
  expect(layerText(program, 'layers.1')).toEqual(layerText(program, 'layers.2'));
});

test('a layer takes 11 groups to decode a token, both ropes and the cache among them', () => {
  const program = fused(generateGraph(model), { batch: 1, seq: 1, past: 16 });
  expect(program.groups).toHaveLength(11 * layers + 2);
  expect(layerText(program, 'layers.1')).toEqual(layerText(program, 'layers.2'));
});

test('products of one token take norms and rotations in, products of many do not', () => {
  const folded = (sizes: Record<string, number>): number =>
    fuse(simplify(generateGraph(model)), sizes, { fusion: true, maxTensors: 12, fewRows: true }).groups.length;
  expect(folded({ batch: 1, seq: 1, past: 16 })).toBe(7 * layers + 1);
  expect(folded({ batch: 1, seq: 16, past: 16 })).toBe(11 * layers + 1); // but that of the last token
});

const adamw = [{ kind: 'adamw', params: ['all'], lr: 1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1, noDecay: [] } as const]; // prettier-ignore

function step(clipNorm: number | null): Program {
  const graphs = trainGraphs(model, makeTrain({ optimizers: adamw, clipNorm }));
  return fused('step' in graphs ? graphs.step : graphs.apply);
}

const parameterCount = 9 * layers + 3;

test('a layer takes 20 groups backward, the optimizer one per parameter', () => {
  const program = step(1);
  const backward = program.groups.filter(({ name }) => name.includes(':grad.layers.'));
  expect(backward).toHaveLength(20 * layers);
  expect(layerText(program, 'grad.layers.1')).toEqual(layerText(program, 'grad.layers.2'));
  const steps = program.groups.filter(({ name }) => name.includes(':optimizer.'));
  expect(steps.filter(({ kind }) => kind === 'map').length).toBeLessThanOrEqual(parameterCount + 2);
});

test('without clipping the optimizer steps where the gradient is made', () => {
  const program = step(null);
  const backward = program.groups.filter(({ name }) => name.includes(':grad.layers.'));
  expect(backward).toHaveLength(20 * layers);
  expect(layerText(program, 'grad.layers.1')).toEqual(layerText(program, 'grad.layers.2'));
  // The numbers all steps share, and the embedding, whose gradient's group reads what it would overwrite.
  expect(program.groups.filter(({ name }) => name.includes(':optimizer.')).length).toBeLessThanOrEqual(3);
  const at = (part: string): number => program.groups.findIndex(({ name }) => name.includes(part));
  expect(at(':grad.layers.3.attn.q')).toBeLessThan(at(':grad.layers.2.mlp.down'));
});

test('the loss reads the logits once more and writes their gradient', () => {
  const graphs = trainGraphs(model, makeTrain());
  const program = fused('step' in graphs ? graphs.step : graphs.apply);
  const loss = program.groups.filter(({ name }) => name === 'row:loss');
  expect(loss).toHaveLength(2);
});

test('in mixed precision products read halves, and what only products read is written in halves', () => {
  const precision = { compute: 'f16', logits: 'f32', keep: [] } as const;
  const graphs = trainGraphs(model, makeTrain({ optimizers: adamw, clipNorm: 1, precision }));
  const { groups, tensors } = fused('step' in graphs ? graphs.step : graphs.apply);
  const products = groups.filter((group) => group.kind === 'contract');
  const operands = products.flatMap(({ accumulators }) => accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]))); // prettier-ignore
  expect(new Set(loadsOf(operands).map(({ tensor }) => tensors[tensor]?.type))).toEqual(new Set(['f16']));
  const forward = products.filter(({ name }) => name.startsWith('contract:layers.1.'));
  const written = forward.flatMap(({ stores }) => stores.map(({ tensor }) => tensors[tensor]?.type));
  expect(new Set(written)).toEqual(new Set(['f16']));
});

test('without fusion every node is a group', () => {
  const graph = forwardGraph(model);
  const program = fuse(graph, sizes, { fusion: false, maxTensors: 10 });
  expect(program.groups.length).toBeGreaterThan(25 * layers);
});
