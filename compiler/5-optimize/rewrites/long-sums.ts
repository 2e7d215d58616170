// Takes: products of halves with few results and long sums, all sizes numbers. Gives: sums of a part of the terms each, then
// the sum of those.
// Promises: equal values up to the order of a sum, which is fixed; only where a device would have less to do at once than it can.
import type { GraphBuilder } from '../../3-graph/builder.ts';
import type { Node, NodeOf } from '../../3-graph/ops.ts';
import type { Dim } from '../../3-graph/types.ts';
import type { AnyRewrite } from './rewrite.ts';

/** Rows and columns of the result that one workgroup sums. */
const TILE = 128;
/** Terms that a part has at least: its result is written and read once more. */
const SHORT = 1024;

/** `busy`: workgroups that keep the device busy. */
export function longSumRewrites(busy: number): readonly AnyRewrite[] {
  return [{ name: 'long-sum-in-parts', op: 'contract', apply: (builder, node) => inParts(builder, node, busy) }];
}

const count = (dims: readonly Dim[]): number => dims.reduce((n, { size }) => n * Number(size), 1);

function inParts(builder: GraphBuilder, node: NodeOf<'contract'>, busy: number): Node | null {
  const [a, b] = node.inputs;
  const { over } = node.attrs;
  if (!a || !b || a.type.type !== 'f16') return null;
  const summed = a.type.dims.filter(({ name }) => over.includes(name));
  const most = Math.min((1.6 * busy) / tilesOf(node, a, b), count(summed) / SHORT);
  for (let parts = 2 ** Math.floor(Math.log2(most)); parts >= 2; parts /= 2) {
    const dim = summed.find(({ size }) => Number(size) % parts === 0);
    if (dim) return sumOfParts(builder, [a, b], over, dim, parts);
  }
  return null;
}

/** Workgroups that would sum it whole. */
function tilesOf({ type }: NodeOf<'contract'>, a: Node, b: Node): number {
  const has = (node: Node, { name }: Dim): boolean => node.type.dims.some((dim) => dim.name === name);
  const rows = count(type.dims.filter((dim) => !has(b, dim)));
  const columns = count(type.dims.filter((dim) => !has(a, dim)));
  return (count(type.dims) / rows / columns) * Math.ceil(rows / TILE) * Math.ceil(columns / TILE);
}

function sumOfParts(
  builder: GraphBuilder,
  operands: readonly [Node, Node],
  over: readonly string[],
  { name, size }: Dim,
  parts: number,
): Node {
  const rest = Number(size) / parts;
  if (rest === 1) {
    const whole = over.filter((one) => one !== name);
    const sums = builder.add('contract', { over: whole }, operands);
    return builder.add('reduce', { fn: 'sum', dims: [name] }, [sums]);
  }
  const into = [
    { name: `${name}_parts`, size: parts },
    { name: `${name}_rest`, size: rest },
  ];
  const split = operands.map((operand) => builder.add('split', { dim: name, into }, [operand]));
  const sums = builder.add('contract', { over: over.map((one) => (one === name ? `${name}_rest` : one)) }, split);
  return builder.add('reduce', { fn: 'sum', dims: [`${name}_parts`] }, [sums]);
}
