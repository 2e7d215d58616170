// Takes: a case (a graph around one op). Gives: its gradients by the rules and by central differences on the oracle.
// Promises: the loss weighs every element of the result with a random weight; float64 throughout.
import { expect } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { mul } from '../../../compiler/3-graph/expr-build.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { boundDims, countOf } from '../../../compiler/3-graph/evaluate/tensor.ts';
import { elementwise, sumOver } from '../../../compiler/3-graph/node-build.ts';
import type { Graph, Node } from '../../../compiler/3-graph/ops.ts';
import { uniform } from '../../../compiler/3-graph/random.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { gradients } from '../../../compiler/4-autograd/backward.ts';
import type { Case } from './op-cases.ts';
import { source } from './op-cases.ts';

const hash = (name: string): number => Array.from(name).reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7);

/** Numbers in [-1.5, 1.5), the same for the same name. */
export function valuesOf(graph: Graph, c: Case): Map<string, Float64Array> {
  const values = new Map<string, Float64Array>();
  for (const node of graph.nodes) {
    if (node.op !== 'source') continue;
    const { name } = node.attrs;
    const length = countOf(boundDims(node.type, c.sizes));
    values.set(name, Float64Array.from(c.values[name] ?? { length }, (v: unknown, i) => (typeof v === 'number' ? v : 3 * uniform(hash(name), 0, i) - 1.5))); // prettier-ignore
  }
  return values;
}

/** loss = sum(y * weight), and the gradient of every float source as output `grad.<name>`. */
export function gradientGraph(c: Case): Graph {
  const builder = new GraphBuilder('case');
  const y = c.build(builder);
  const weighted = elementwise(builder, [y, source(builder, 'weight', y.type.dims)], (y, w) => mul(y, w));
  const loss = sumOver(builder, weighted, y.type.dims.map((d) => d.name)); // prettier-ignore
  const wrt = floatSources(y);
  gradients(builder, loss, wrt).forEach((g, i) => builder.output(`grad.${nameOf(wrt[i])}`, g));
  builder.output('loss', loss);
  return builder.finish();
}

const nameOf = (node: Node | undefined): string => (node?.op === 'source' ? node.attrs.name : '');

function floatSources(y: Node): Node[] {
  const reached = new Set([y]);
  for (const node of reached) for (const input of node.inputs) reached.add(input);
  return [...reached].filter((n) => n.op === 'source' && n.type.type === 'f32');
}

const step = 1e-5;

export function expectGradients(c: Case): void {
  const graph = gradientGraph(c);
  verifyGraph(graph);
  const values = valuesOf(graph, c);
  const { outputs } = evaluate(graph, c.sizes, values);
  // Only the loss, so that the perturbed evaluations do not run the backward pass.
  const builder = { ...graph, outputs: graph.outputs.filter((o) => o.name === 'loss') };
  const forward = { ...builder, nodes: reachedFrom(builder) };
  const lossAt = (name: string, data: Float64Array): number =>
    evaluate(forward, c.sizes, new Map([...values, [name, data]])).outputs.get('loss')?.data[0] ?? NaN;
  for (const [output, gradient] of outputs) {
    if (output === 'loss') continue;
    const name = output.slice('grad.'.length);
    const at = values.get(name) ?? new Float64Array();
    const moved = (i: number, by: number): Float64Array => at.map((x, j) => (j === i ? x + by : x));
    const numeric = at.map((_, i) => (lossAt(name, moved(i, step)) - lossAt(name, moved(i, -step))) / (2 * step));
    expectClose(gradient.data, numeric, output);
  }
}

function reachedFrom(graph: Graph): Node[] {
  const reached = new Set(graph.outputs.map((o) => o.value));
  for (const node of reached) for (const input of node.inputs) reached.add(input);
  return graph.nodes.filter((n) => reached.has(n));
}

/** Within 1e-6 of the size of the numbers. */
export function expectClose(actual: Float64Array, expected: Float64Array, what: string, tolerance = 1e-6): void {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((x, i) => {
    const e = expected[i] ?? NaN;
    const fits = Math.abs(x - e) <= tolerance * Math.max(1, Math.abs(e));
    if (!fits) expect.fail(`${what}[${i}] is ${x}, expected ${e}`);
  });
}
