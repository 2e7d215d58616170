// Takes: nothing. Gives: for every op, random small graphs around it, over float sources with random values.
// Promises: total over `OpName`: a new op does not compile until it has cases.
import * as fc from 'fast-check';
import type { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, and, cast, constant, div, exp, le, lt, max, mul, pow, select, sigmoid, sin, sub, tanh, variable } from '../../../compiler/3-graph/expr-build.ts'; // prettier-ignore
import { hasBias } from '../../../compiler/3-graph/infer/attention-dims.ts';
import { elementwise } from '../../../compiler/3-graph/node-build.ts';
import type { AttentionAttrs, Node, OpName } from '../../../compiler/3-graph/ops.ts';
import type { Dim, ScalarType, Sizes } from '../../../compiler/3-graph/types.ts';

export interface Case {
  readonly build: (builder: GraphBuilder) => Node;
  /** Of the symbols; `batch` and `seq` are bound to sizes nothing else has. */
  readonly sizes: Sizes;
  /** Values of the integer sources; float sources get random ones. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

type Cases = fc.Arbitrary<Case>;

const size = (max = 4): fc.Arbitrary<number> => fc.integer({ min: 1, max });

export function source(builder: GraphBuilder, name: string, dims: readonly Dim[], type: ScalarType = 'f32'): Node {
  return builder.add('source', { name, role: 'input', type: { type, dims } }, []);
}

const dims = (sizes: Readonly<Record<string, number | string>>): Dim[] => Object.entries(sizes).map(([name, size]) => ({ name, size })); // prettier-ignore

const some = (names: readonly string[], min = 1): fc.Arbitrary<string[]> => fc.subarray([...names], { minLength: min });
const shuffled = (names: readonly string[]): fc.Arbitrary<string[]> => fc.shuffledSubarray([...names], { minLength: names.length }); // prettier-ignore

/** x [batch, i, j], with batch a symbol. */
const tensor = fc.record({ batch: size(3), i: size(), j: size(5) }).map(({ batch, i, j }) => ({
  sizes: { batch },
  dims: dims({ batch: 'batch', i, j }),
  i,
  j,
}));

const pairing = fc.constantFrom('half' as const, 'interleaved' as const);

const scores = {
  scaled: mul(0.7, variable('score', 'f32')),
  capped: mul(2, tanh(mul(0.4, variable('score', 'f32')))),
  // ALiBi: linear in the distance
  distant: add(mul(0.5, variable('score', 'f32')), mul(-0.1, cast(sub(variable('query', 'i32'), variable('key', 'i32')), 'f32'))), // prettier-ignore
  biased: mul(1.5, tanh(add(mul(0.5, variable('score', 'f32')), variable('bias', 'f32')))),
};

/** Numbers that no other place has: a bias takes no gradient, so it is no source. */
function biasOf(builder: GraphBuilder, over: readonly Dim[]): Node {
  const count = over.reduce((product, { size }) => product * Number(size), 1);
  const values = Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  return builder.add('constant', { data: { kind: 'values', values }, type: { type: 'f32', dims: over } }, []);
}

const key = variable('key', 'i32');
const query = variable('query', 'i32');
const masks = {
  full: constant(1, 'bool'),
  causal: le(key, query),
  window: and(le(key, query), lt(query, add(key, 2))),
  // Queries before position 2 see nothing.
  lagging: le(add(key, 2), query),
};

interface AttentionCase {
  readonly attrs: AttentionAttrs;
  readonly inputs: (builder: GraphBuilder) => readonly [q: Node, k: Node, v: Node, offset: Node, ...more: Node[]];
  readonly sizes: Sizes;
  readonly values: Case['values'];
  readonly out: readonly Dim[];
  readonly row: readonly Dim[];
}

/** q [batch, seq, kv_heads, group?, head_dim], k and v [batch, key, kv_heads, head_dim]; the order of dims varies. */
export const attentionCases: fc.Arbitrary<AttentionCase> = fc
  .record({
    batch: size(2),
    seq: size(4),
    keys: size(5),
    heads: size(2),
    group: fc.constantFrom(0, 1, 2),
    depth: size(3),
    valueDepth: size(3),
    offset: fc.integer({ min: 0, max: 2 }),
    score: fc.constantFrom(...Object.values(scores)),
    mask: fc.constantFrom(...Object.values(masks)),
    rate: fc.constantFrom(0, 0.3),
    seed: fc.nat(),
    keysFirst: fc.boolean(),
    biasOver: some(['kv_heads', 'group', 'key']),
  })
  .map((c) => {
    const rest = [...dims({ batch: 'batch', seq: 'seq', kv_heads: c.heads }), ...(c.group ? dims({ group: c.group }) : [])]; // prettier-ignore
    const kv = c.keysFirst ? dims({ batch: 'batch', key: c.keys, kv_heads: c.heads }) : dims({ kv_heads: c.heads, batch: 'batch', key: c.keys }); // prettier-ignore
    const over = dims({ kv_heads: c.heads, ...(c.group ? { group: c.group } : {}), key: c.keys }).filter(({ name }) => c.biasOver.includes(name)); // prettier-ignore
    const dropout = c.rate === 0 ? null : { rate: c.rate, stream: 5 };
    const attrs = { query: 'seq', key: 'key', depth: 'depth', valueDepth: 'value', score: c.score, mask: c.mask, dropout }; // prettier-ignore
    return {
      attrs,
      inputs: (b) => [
        source(b, 'q', [...rest, ...dims({ depth: c.depth })]),
        source(b, 'k', [...kv, ...dims({ depth: c.depth })]),
        source(b, 'v', [...kv, ...dims({ value: c.valueDepth })]),
        source(b, 'offset', [], 'i32'),
        ...(hasBias(attrs) ? [biasOf(b, over)] : []),
        ...(dropout ? [source(b, 'seed', [], 'u32')] : []),
      ],
      sizes: { batch: c.batch, seq: c.seq },
      values: { offset: [c.offset], seed: [c.seed] },
      out: [...rest, ...dims({ value: c.valueDepth })],
      row: rest,
    };
  });

const norms: Cases = fc
  .record({
    x: tensor,
    kind: fc.constantFrom('rms' as const, 'layer' as const),
    over: some(['i', 'j']),
    gain: fc.constantFrom('weight' as const, 'one_plus' as const, 'none' as const),
    bias: fc.boolean(),
  })
  .map(({ x, kind, over, gain, bias }) => ({
    build: (b) => {
      const parameter = x.dims.filter((d) => over.includes(d.name));
      const inputs = [source(b, 'x', x.dims)];
      if (gain !== 'none') inputs.push(source(b, 'gain', parameter));
      if (bias) inputs.push(source(b, 'bias', parameter));
      return b.add('norm', { kind, dims: over, eps: 0.01, gain, bias }, inputs);
    },
    sizes: x.sizes,
    values: {},
  }));

const reordered = (order: readonly string[], sizes: Record<string, number | string>): Dim[] =>
  order.flatMap((name) => dims(sizes).filter((d) => d.name === name));

const contractions: Cases = fc
  .record({
    batch: size(2),
    m: size(),
    n: size(),
    k: size(),
    l: size(2),
    shared: fc.boolean(),
    two: fc.boolean(),
    narrow: fc.boolean(),
  }) // prettier-ignore
  .chain((c) => {
    const a = { batch: 'batch', m: c.m, k: c.k, ...(c.two ? { l: c.l } : {}) };
    const b = { ...(c.shared ? { batch: 'batch' } : {}), ...(c.narrow ? {} : { n: c.n }), k: c.k, ...(c.two ? { l: c.l } : {}) }; // prettier-ignore
    return fc.tuple(shuffled(Object.keys(a)), shuffled(Object.keys(b))).map(([orderA, orderB]) => ({
      build: (builder: GraphBuilder) =>
        builder.add('contract', { over: c.two ? ['k', 'l'] : ['k'] }, [
          source(builder, 'a', reordered(orderA, a)),
          source(builder, 'b', reordered(orderB, b)),
        ]),
      sizes: { batch: c.batch },
      values: {},
    }));
  });

/** Elementwise over inputs of which some lack dims of the others. */
const maps: Cases = fc
  .record({ x: tensor, y: some(['batch', 'i', 'j'], 0), same: fc.boolean() })
  .map(({ x, y, same }) => ({
    build: (b) => {
      const first = source(b, 'x', x.dims);
      const second = same ? first : source(b, 'y', x.dims.filter((d) => y.includes(d.name))); // prettier-ignore
      const third = source(b, 'z', []);
      return elementwise(b, [second, first, third], (y, x, z) =>
        add(mul(x, sigmoid(add(y, z))), select(lt(x, y), sin(mul(x, y)), div(exp(y), add(2, pow(z, 2))))),
      );
    },
    sizes: x.sizes,
    values: {},
  }));

const indices = (length: number, below: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: below - 1 }), { minLength: length, maxLength: length });

const updates: Cases = fc
  .record({ past: fc.integer({ min: 3, max: 6 }), seq: size(3), after: size(2), at: fc.boolean() })
  .chain(({ past, seq, after, at }) =>
    fc.integer({ min: 0, max: past - seq }).map((position) => ({
      build: (b: GraphBuilder) =>
        b.add('update', { dim: 'past' }, [
          source(b, 'target', dims(at ? { batch: 2, past: 'past', i: after } : { past: 'past', i: after })),
          source(b, 'value', dims(at ? { batch: 2, past: 'seq', i: after } : { past: 'seq', i: after })),
          source(b, 'position', [], 'i32'),
        ]),
      sizes: { past, seq },
      values: { position: [position] },
    })),
  );

const only = (build: (builder: GraphBuilder) => Node, values: Case['values'] = {}): Cases =>
  fc.constant({ build, sizes: { batch: 3 }, values });

const unaryOn = (build: (builder: GraphBuilder, x: Node, c: { i: number; j: number }) => Node): Cases =>
  tensor.map((x) => ({ build: (b) => build(b, source(b, 'x', x.dims), x), sizes: x.sizes, values: {} }));

export const opCases: { readonly [K in OpName]: Cases } = {
  after: unaryOn((b, x) => b.add('after', {}, [x, elementwise(b, [x], exp)])),
  source: unaryOn((_, x) => x),
  constant: only((b) =>
    b.add('constant', { data: { kind: 'values', values: [1, -2] }, type: { type: 'f32', dims: dims({ i: 2 }) } }, []),
  ),
  iota: only((b) => elementwise(b, [b.add('iota', { dim: { name: 'batch', size: 'batch' } }, []), source(b, 'x', dims({ batch: 'batch' }))], (i, x) => mul(cast(i, 'f32'), x))), // prettier-ignore
  map: maps,
  random: only(
    (b) => {
      const u = b.add('random', { stream: 3, dims: dims({ batch: 'batch', i: 2 }) }, [source(b, 'seed', [], 'u32')]);
      return elementwise(b, [u, source(b, 'x', dims({ i: 2 }))], (u, x) => mul(u, x));
    },
    { seed: [77] },
  ),
  reduce: fc.record({ x: tensor, over: some(['batch', 'i', 'j']), fn: fc.constantFrom('sum' as const, 'max' as const) }).map(({ x, over, fn }) => ({
    build: (b) => b.add('reduce', { fn, dims: over }, [source(b, 'x', x.dims)]),
    sizes: x.sizes,
    values: {},
  })), // prettier-ignore
  contract: contractions,
  broadcast: unaryOn((b, x) => b.add('broadcast', { dims: dims({ seq: 2, k: 3 }) }, [x])),
  rename: unaryOn((b, x) => b.add('rename', { from: 'i', to: 'k' }, [x])),
  permute: tensor.chain((x) => shuffled(['batch', 'i', 'j']).map((order) => ({
    build: (b: GraphBuilder) => b.add('permute', { order }, [source(b, 'x', x.dims)]),
    sizes: x.sizes,
    values: {},
  }))), // prettier-ignore
  split: fc.record({ i: size(3), k: size(3) }).map(({ i, k }) => ({
    build: (b) => b.add('split', { dim: 'c', into: dims({ i, k }) }, [source(b, 'x', dims({ batch: 'batch', c: i * k, j: 2 }))]),
    sizes: { batch: 2 },
    values: {},
  })), // prettier-ignore
  merge: tensor.chain((x) => shuffled(['h', 'i', 'j']).map((order) => ({
    build: (b: GraphBuilder) =>
      b.add('merge', { dims: order, into: 'c' }, [source(b, 'x', [...dims({ h: 2 }), ...x.dims])]),
    sizes: x.sizes,
    values: {},
  }))), // prettier-ignore
  slice: fc.oneof(
    fc.record({ before: fc.nat(2), n: size(3), after: fc.nat(2) }).map(({ before, n, after }): Case => ({
      build: (b) => b.add('slice', { dim: 'i', start: before, size: n }, [source(b, 'x', dims({ batch: 'batch', i: before + n + after, j: 2 }))]),
      sizes: { batch: 2 },
      values: {},
    })), // prettier-ignore
    // Learned positions: the first `seq` of a numeric size.
    fc.record({ seq: size(3), start: fc.nat(1) }).map(({ seq, start }): Case => ({
      build: (b) => b.add('slice', { dim: 'p', start, size: 'seq' }, [source(b, 'x', dims({ batch: 'batch', p: 5, j: 2 }))]),
      sizes: { batch: 2, seq },
      values: {},
    })), // prettier-ignore
  ),
  pad: fc.record({ x: tensor, before: fc.nat(2), after: fc.nat(2) }).map(({ x, before, after }) => ({
    build: (b) => b.add('pad', { dim: 'i', before, after }, [source(b, 'x', x.dims)]),
    sizes: x.sizes,
    values: {},
  })), // prettier-ignore
  concat: fc.record({ x: tensor, more: fc.array(size(3), { maxLength: 2 }) }).map(({ x, more }) => ({
    build: (b) => {
      const parts = [x.i, ...more].map((i, n) => source(b, `x${n}`, dims({ batch: 'batch', i, j: x.j })));
      return b.add('concat', { dim: 'i' }, parts);
    },
    sizes: x.sizes,
    values: {},
  })), // prettier-ignore
  rotate_pairs: fc.record({ half: size(3), pairing, inverse: fc.boolean(), last: fc.boolean() }).map(({ half, pairing, inverse, last }) => ({
    build: (b) => {
      const x = source(b, 'x', last ? dims({ batch: 'batch', i: 2 * half }) : dims({ batch: 'batch', i: 2 * half, j: 2 }));
      return b.add('rotate_pairs', { dim: 'i', pairing, inverse }, [x]);
    },
    sizes: { batch: 2 },
    values: {},
  })), // prettier-ignore
  gather: fc.record({ rows: size(5), at: fc.constantFrom(0, 1), n: size(3) }).chain(({ rows, at, n }) => indices(2 * n, rows).map((tokens) => ({
    build: (b: GraphBuilder) =>
      b.add('gather', { dim: 'vocab' }, [
        source(b, 'table', at === 0 ? dims({ vocab: rows, j: 2 }) : dims({ i: 2, vocab: rows, j: 2 })),
        source(b, 'tokens', dims({ batch: 'batch', seq: n }), 'i32'),
      ]),
    sizes: { batch: 2 },
    values: { tokens },
  }))), // prettier-ignore
  scatter_add: fc.record({ rows: size(5), n: size(3) }).chain(({ rows, n }) => indices(2 * n, rows).map((tokens) => ({
    build: (b: GraphBuilder) =>
      b.add('scatter_add', { dim: { name: 'vocab', size: rows } }, [
        source(b, 'tokens', dims({ batch: 'batch', seq: n }), 'i32'),
        source(b, 'x', dims({ batch: 'batch', seq: n, i: 2, j: 2 })),
      ]),
    sizes: { batch: 2 },
    values: { tokens },
  }))), // prettier-ignore
  update: updates,
  norm: norms,
  rope: fc.record({ batch: size(2), seq: size(3), half: size(3), pairing }).map(({ batch, seq, half, pairing }) => ({
    build: (b) => {
      const table = dims({ seq: 'seq', i: 2 * half });
      const x = source(b, 'x', dims({ batch: 'batch', seq: 'seq', h: 2, i: 2 * half }));
      return b.add('rope', { dim: 'i', pairing }, [x, source(b, 'cos', table), source(b, 'sin', table)]);
    },
    sizes: { batch, seq },
    values: {},
  })), // prettier-ignore
  logsumexp: tensor.chain((x) => fc.constantFrom('i', 'j').map((dim) => ({
    build: (b: GraphBuilder) => b.add('logsumexp', { dim }, [source(b, 'x', x.dims)]),
    sizes: x.sizes,
    values: {},
  }))), // prettier-ignore
  cross_entropy: fc
    .record({ seq: size(4), vocab: size(5), last: fc.boolean(), ignore: fc.constantFrom(null, -100, 0), zLoss: fc.constantFrom(0, 0.1) }) // prettier-ignore
    .chain((c) => fc.array(fc.integer({ min: c.ignore === -100 ? -1 : 0, max: c.vocab - 1 }), { minLength: 2 * c.seq, maxLength: 2 * c.seq }).map((labels) => ({
      build: (b: GraphBuilder) => {
        const d = c.last ? { batch: 'batch', seq: c.seq, vocab: c.vocab } : { batch: 'batch', vocab: c.vocab, seq: c.seq };
        const inputs = [source(b, 'x', dims(d)), source(b, 'labels', dims({ batch: 'batch', seq: c.seq }), 'i32')];
        return b.add('cross_entropy', { dim: 'vocab', ignore: c.ignore, zLoss: c.zLoss }, inputs);
      },
      sizes: { batch: 2 },
      values: { labels: labels.map((label) => (label === -1 ? -100 : label)) },
    }))), // prettier-ignore
  dropout: fc.record({ x: tensor, seed: fc.nat(), rate: fc.constantFrom(0, 0.1, 0.6) }).map(({ x, seed, rate }) => ({
    build: (b) => b.add('dropout', { rate, stream: 9 }, [source(b, 'x', x.dims), source(b, 'seed', [], 'u32')]),
    sizes: x.sizes,
    values: { seed: [seed] },
  })), // prettier-ignore
  attention: fc.record({ c: attentionCases, part: fc.constantFrom('out' as const, 'lse' as const) }).map(({ c, part }) => ({
    build: (b) => {
      const y = b.add('attention', { ...c.attrs, part }, c.inputs(b));
      // lse of a query that sees nothing is huge; bounded, it does not drown the rest of the loss.
      return part === 'out' ? y : elementwise(b, [y], (y) => max(y, -50));
    },
    sizes: c.sizes,
    values: c.values,
  })), // prettier-ignore
  // By itself (lse and delta random, then): it has no gradient, and is compared with its decomposition.
  attention_grad: fc.record({ c: attentionCases, part: fc.constantFrom('q' as const, 'k' as const, 'v' as const) }).map(({ c, part }) => ({
    build: (b) => {
      const [q, k, v, offset, ...more] = c.inputs(b);
      const rest = [source(b, 'dout', c.out), source(b, 'lse', c.row), source(b, 'delta', c.row), ...more];
      return b.add('attention_grad', { ...c.attrs, part }, [q, k, v, offset, ...rest]);
    },
    sizes: c.sizes,
    values: c.values,
  })), // prettier-ignore
};
