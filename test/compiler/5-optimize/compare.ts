// Takes: a graph and values. Gives: nothing. Promises: the fused program, with norms in products and attention in parts too, and the unfused one compute what the graph means.
import { expect } from 'vitest';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import type { Sizes } from '../../../compiler/3-graph/types.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { roundToHalf } from '../../../compiler/3-graph/expr/half.ts';
import { boundDims, countOf } from '../../../compiler/3-graph/evaluate/tensor.ts';
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import { splitAttention } from '../../../compiler/5-optimize/fusion/split-attention.ts';
import { simplify } from '../../../compiler/5-optimize/simplify.ts';
import { verifyProgram } from '../../../compiler/5-optimize/verify-program.ts';
import type { Program } from '../../../compiler/5-optimize/groups.ts';
import { numbers } from '../3-graph/model/random-model.ts';

/** Values for every source: numbers in [-1, 1), indices below `indices`, what is squared by nature non-negative. */
export function sourceValues(graph: Graph, sizes: Sizes, indices: number, given: Record<string, number[]> = {}) {
  const values = new Map<string, number[]>();
  graph.nodes.forEach((node, i) => {
    if (node.op !== 'source') return;
    const { name } = node.attrs;
    const drawn = numbers(countOf(boundDims(node.type, sizes)), i + 1);
    const integer = node.type.type === 'i32' || node.type.type === 'u32';
    const held = node.type.type === 'f16' ? drawn.map(roundToHalf) : drawn;
    const own = integer ? drawn.map((x) => Math.floor(((x + 1) / 2) * indices)) : held;
    values.set(name, given[name] ?? (name.startsWith('adam.v') ? own.map(Math.abs) : own));
  });
  return values;
}

/** Runs the graph and both programs, and compares every output and update. Gives the fused program. */
export function expectEqual(graph: Graph, sizes: Sizes, values: Map<string, number[]>, maxTensors = 10): Program {
  const { outputs, updates } = evaluate(graph, sizes, values);
  const expected = [...outputs, ...updates].map(([name, tensor]) => [name, tensor.data] as const);
  const fused = fuse(simplify(graph), sizes, { fusion: true, maxTensors });
  verifyProgram(fused, maxTensors);
  expectResults(evaluateProgram(fused, values), expected);
  const folded = fuse(simplify(graph), sizes, { fusion: true, maxTensors, fewRows: true });
  verifyProgram(folded, maxTensors);
  expectResults(evaluateProgram(folded, values), expected);
  const split = splitAttention(folded, 1);
  verifyProgram(split, Infinity);
  expectResults(evaluateProgram(split, values), expected);
  const unfused = fuse(graph, sizes, { fusion: false, maxTensors });
  verifyProgram(unfused);
  expectResults(evaluateProgram(unfused, values), expected);
  return fused;
}

function expectResults(
  results: ReadonlyMap<string, Float64Array>,
  expected: readonly (readonly [string, ArrayLike<number>])[],
): void {
  for (const [name, values] of expected) {
    const result = results.get(name);
    const worst = Array.from(values, (value, i) => difference(value, result?.[i] ?? Number.NaN));
    const at = worst.findIndex((error) => !(error < 1e-9));
    expect(at < 0 ? '' : `${name}[${at}] = ${result?.[at]} instead of ${values[at]}`).toBe('');
  }
}

function difference(x: number, y: number): number {
  return x === y ? 0 : Math.abs(x - y) / Math.max(1, Math.abs(x), Math.abs(y));
}
