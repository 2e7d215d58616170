// The verifier: graphs of the builder pass, planted faults are named.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvariantError } from '../../../compiler/diagnostics.ts';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { exp, le, variable } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise } from '../../../compiler/3-graph/node-build.ts';
import type { Graph, Node, NodeOf } from '../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { attentionCases, source } from '../4-autograd/op-cases.ts';

function sound(): Graph {
  const b = new GraphBuilder('planted');
  const type = { type: 'f32' as const, dims: [{ name: 'i', size: 4 }] };
  const w = b.add('source', { name: 'w', role: 'parameter', type }, []);
  const y = b.at({ path: 'layers.0' }, () => elementwise(b, [source(b, 'x', type.dims), w], (x, w) => exp(le(x, w).type === 'bool' ? x : w))); // prettier-ignore
  b.output(
    'y',
    elementwise(b, [y, w], (y, w) => ({ kind: 'binary', fn: 'mul', x: y, y: w, type: 'f32' })),
  );
  b.update(w, y);
  return b.finish();
}

function nodeAt(graph: Graph, op: string): Node {
  const node = graph.nodes.find((n) => n.op === op);
  if (!node) throw new Error(`no ${op}`);
  return node;
}

/** The graph with one node replaced, in the list and in the inputs of the others. */
function replaced(graph: Graph, old: Node, by: Node): Graph {
  const copies = new Map<Node, Node>();
  for (const n of graph.nodes)
    copies.set(n, { ...(n === old ? by : n), inputs: n.inputs.map((x) => copies.get(x) ?? x) });
  const newOf = (n: Node): Node => copies.get(n) ?? n;
  return {
    ...graph,
    nodes: [...copies.values()],
    outputs: graph.outputs.map((o) => ({ ...o, value: newOf(o.value) })),
    updates: graph.updates.map((u) => ({ source: newOf(u.source) as NodeOf<'source'>, value: newOf(u.value) })),
  };
}

it('a sound graph passes', () => {
  expect(() => verifyGraph(sound())).not.toThrow();
});

const wide = { type: 'f32' as const, dims: [{ name: 'i', size: 5 }] };

it.each<[string, (g: Graph) => Graph]>([
  ["node 2 (map) 'layers.0' is typed f32 [i=5], its inputs make it f32 [i=4]", (g) => replaced(g, nodeAt(g, 'map'), { ...nodeAt(g, 'map'), type: wide })],
  ['ids rise, but 1 comes before it', (g) => replaced(g, nodeAt(g, 'map'), { ...nodeAt(g, 'map'), id: 1 })],
  ['which does not stand before it', (g) => ({ ...g, nodes: g.nodes.slice(1) })],
  ["output 'y' is no node of it", (g) => ({ ...g, nodes: g.nodes.slice(0, -1) })],
  ["has two tensors 'y'", (g) => ({ ...g, outputs: [...g.outputs, ...g.outputs] })],
  ["two updates of 'w'", (g) => ({ ...g, updates: [...g.updates, ...g.updates] })],
  ["the expression uses 'z', which is not there", (g) => replaced(g, nodeAt(g, 'map'), { ...(nodeAt(g, 'map') as NodeOf<'map'>), attrs: { expr: variable('z', 'f32') } })],
  ['a load outside of a fused group', (g) => replaced(g, nodeAt(g, 'map'), { ...(nodeAt(g, 'map') as NodeOf<'map'>), attrs: { expr: { kind: 'load', tensor: 0, index: [], type: 'f32' } } })],
  ["'exp' of i32 typed f32", (g) => replaced(g, nodeAt(g, 'map'), { ...(nodeAt(g, 'map') as NodeOf<'map'>), attrs: { expr: { kind: 'unary', fn: 'exp', x: { kind: 'const', value: 1, type: 'i32' }, type: 'f32' } } })],
])('%s', (message, plant) => {
  const graph = plant(sound());
  expect(() => verifyGraph(graph)).toThrow(InvariantError);
  expect(() => verifyGraph(graph)).toThrow(message);
}); // prettier-ignore

it.each<[string, 'score' | 'mask', string]>([
  ['a mask over the score', 'mask', "mask of attention: the expression uses 'score', which is not there"],
  ['a score over another variable', 'score', "score of attention: the expression uses 'head', which is not there"],
])('%s', (_, key, message) => {
  const [c] = fc.sample(attentionCases, { seed: 1, numRuns: 1 });
  if (!c) throw new Error('no case');
  const b = new GraphBuilder('planted');
  b.output('y', b.add('attention', { ...c.attrs, part: 'out' }, c.inputs(b)));
  const graph = b.finish();
  const node = nodeAt(graph, 'attention') as NodeOf<'attention'>;
  const expr = key === 'mask' ? le(variable('score', 'f32'), 0) : variable('head', 'f32');
  expect(() => verifyGraph(replaced(graph, node, { ...node, attrs: { ...node.attrs, [key]: expr } }))).toThrow(message); // prettier-ignore
});
