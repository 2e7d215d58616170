// Takes: sizes and a type of elements. Gives: the small graphs that are measured.
// Promises: each is the road of every model: ops, compiled and fused as those of a model are.
import { GraphBuilder } from '../../compiler/3-graph/builder.ts';
import { add, cast, constant, le, mul, variable } from '../../compiler/3-graph/expr-build.ts';
import { elementwise, sumOver } from '../../compiler/3-graph/node-build.ts';
import type { Graph, Node } from '../../compiler/3-graph/ops.ts';
import { gradients } from '../../compiler/4-autograd/backward.ts';

export type ElementType = 'f32' | 'f16';

type Dims = Readonly<Record<string, number>>;

function source(builder: GraphBuilder, name: string, type: ElementType, dims: Dims): Node {
  const axes = Object.entries(dims).map(([axis, size]) => ({ name: axis, size }));
  return builder.add('source', { name, role: 'input', type: { type, dims: axes } }, []);
}

/** y = x + 1, element by element: as many bytes read as written. */
export function copyGraph(count: number): Graph {
  const builder = new GraphBuilder('bench.copy');
  const x = source(builder, 'x', 'f32', { row: count / 1024, column: 1024 });
  const y = builder.at({ path: 'copy' }, () => elementwise(builder, [x], (e) => add(e, 1)));
  builder.output('y', y);
  return builder.finish();
}

export interface MatmulSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** c[m, n] = the sum over k of a[m, k] b[k, n]. */
export function matmulGraph({ m, n, k }: MatmulSize, type: ElementType): Graph {
  const builder = new GraphBuilder('bench.matmul');
  const [a, b] = [source(builder, 'a', type, { m, k }), source(builder, 'b', type, { k, n })];
  const c = builder.at({ path: 'product' }, () => builder.add('contract', { over: ['k'] }, [a, b]));
  builder.output('c', c);
  return builder.finish();
}

export interface AttentionSize {
  readonly batch: number;
  readonly heads: number;
  readonly seq: number;
  readonly depth: number;
}

/** Causal attention; with `backward` also the gradients of q, k and v for a given gradient of the result. */
export function attentionGraph(size: AttentionSize, type: ElementType, backward: boolean): Graph {
  const { batch, heads, seq, depth } = size;
  const builder = new GraphBuilder(backward ? 'bench.attention.backward' : 'bench.attention');
  const q = source(builder, 'q', type, { batch, kv_heads: heads, seq, head_dim: depth });
  const [k, v] = (['k', 'v'] as const).map((name) => source(builder, name, type, { batch, kv_heads: heads, key: seq, head_dim: depth })); // prettier-ignore
  if (k === undefined || v === undefined) throw new TypeError('internal: k and v');
  const zero = builder.add('constant', { data: { kind: 'values', values: [0] }, type: { type: 'i32', dims: [] } }, []);
  const attrs = {
    part: 'out',
    query: 'seq',
    key: 'key',
    depth: 'head_dim',
    valueDepth: 'head_dim',
    score: mul(variable('score', 'f32'), constant(1 / Math.sqrt(depth))),
    mask: le(variable('key', 'i32'), variable('query', 'i32')),
    dropout: null,
  } as const;
  const out = builder.at({ path: 'causal' }, () => builder.add('attention', attrs, [q, k, v, zero]));
  builder.output('out', out);
  if (!backward) return builder.finish();
  const dout = source(builder, 'dout', 'f32', { batch, kv_heads: heads, seq, head_dim: depth });
  const weighted = elementwise(builder, [out, dout], (x, y) => mul(cast(x, 'f32'), y));
  const loss = sumOver(builder, weighted, ['batch', 'kv_heads', 'seq', 'head_dim']);
  const [dq, dk, dv] = gradients(builder, loss, [q, k, v]);
  for (const [name, node] of Object.entries({ dq, dk, dv })) if (node) builder.output(name, node);
  return builder.finish();
}
