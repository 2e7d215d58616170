// The text of a graph.
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, and, le, lt, mul, tanh, variable } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise } from '../../../compiler/3-graph/node-build.ts';
import type { Node } from '../../../compiler/3-graph/ops.ts';
import { printGraph } from '../../../compiler/3-graph/print-graph.ts';
import type { Dim, ScalarType, Size } from '../../../compiler/3-graph/types.ts';

const dim = (name: string, size: Size): Dim => ({ name, size });
const [batch, seq, d] = [dim('batch', 'batch'), dim('seq', 'seq'), dim('d_model', 8)];

function parameter(b: GraphBuilder, name: string, ...dims: Dim[]): Node {
  return b.add('source', { name, role: 'parameter', type: { type: 'f32', dims } }, []);
}

function given(b: GraphBuilder, name: string, type: ScalarType, ...dims: Dim[]): Node {
  return b.add('source', { name, role: 'input', type: { type, dims } }, []);
}

it('a small model', () => {
  const b = new GraphBuilder('forward');
  const tokens = given(b, 'tokens', 'i32', batch, seq);
  const offset = given(b, 'offset', 'i32');
  const embedding = parameter(b, 'embed.weight', dim('vocab', 16), d);
  const x = b.at({ path: 'embed' }, () => b.add('gather', { dim: 'vocab' }, [embedding, tokens]));
  const normed = b.at({ path: 'layers.0.norm' }, () =>
    b.add('norm', { kind: 'rms', dims: ['d_model'], eps: 1e-6, gain: 'weight', bias: false }, [
      x,
      parameter(b, 'layers.0.norm.gain', d),
    ]),
  );
  const attended = b.at({ path: 'layers.0.attn' }, () => {
    const q = b.add('split', { dim: 'd_model', into: [dim('kv_heads', 2), dim('head_dim', 4)] }, [normed]);
    const k = b.add('rename', { from: 'seq', to: 'key' }, [q]);
    const [query, key] = [variable('query', 'i32'), variable('key', 'i32')];
    const out = b.add(
      'attention',
      {
        query: 'seq',
        key: 'key',
        depth: 'head_dim',
        valueDepth: 'head_dim',
        score: mul(30, tanh(mul(0.5, variable('score', 'f32')))),
        mask: and(le(key, query), lt(query, add(key, 64))),
        dropout: null,
        part: 'out',
      },
      [q, k, k, offset],
    );
    return b.add('merge', { dims: ['kv_heads', 'head_dim'], into: 'd_model' }, [out]);
  });
  const y = b.at({ path: 'layers.0' }, () => elementwise(b, [x, attended], (x, a) => add(x, a)));
  const logits = b.at({ path: 'head' }, () => b.add('contract', { over: ['d_model'] }, [y, embedding]));
  b.output('logits', logits);
  expect(printGraph(b.finish())).toMatchInlineSnapshot(`
    "graph forward
      %0 = input tokens : i32 [batch, seq]
      %1 = input offset : i32 []
      %2 = parameter embed.weight : f32 [vocab=16, d_model=8]
      %3 = gather along vocab (%2, %0) : f32 [batch, seq, d_model=8]  # embed
      %4 = parameter layers.0.norm.gain : f32 [d_model=8]  # layers.0.norm
      %5 = norm rms over d_model eps 0.000001 gain weight (%3, %4) : f32 [batch, seq, d_model=8]  # layers.0.norm
      %6 = split d_model into kv_heads=2, head_dim=4 (%5) : f32 [batch, seq, kv_heads=2, head_dim=4]  # layers.0.attn
      %7 = rename seq to key (%6) : f32 [batch, key=seq, kv_heads=2, head_dim=4]  # layers.0.attn
      %8 = attention out seq x key score 30 * tanh(0.5 * score) mask key <= query && query < key + 64 (%6, %7, %7, %1) : f32 [batch, seq, kv_heads=2, head_dim=4]  # layers.0.attn
      %9 = merge kv_heads, head_dim into d_model (%8) : f32 [batch, seq, d_model=8]  # layers.0.attn
      %10 = map a + b (%3, %9) : f32 [batch, seq, d_model=8]  # layers.0
      %11 = contract over d_model (%10, %2) : f32 [batch, seq, vocab=16]  # head
      output logits = %11
    "
  `);
});
