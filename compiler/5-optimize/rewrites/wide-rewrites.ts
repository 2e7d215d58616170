// Takes: maps of more inputs than one group can bind. Gives: sums of maps of fewer.
// Promises: equal values up to the order of a sum; a map that is no sum stays.
import type { GraphBuilder } from '../../3-graph/builder.ts';
import { sameDims } from '../../3-graph/infer/dims.ts';
import { add, inputName } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { variablesOf } from '../../3-graph/expr/walk.ts';
import { mapOver } from '../../3-graph/node-build.ts';
import type { Node, NodeOf } from '../../3-graph/ops.ts';
import type { AnyRewrite } from './rewrite.ts';

/** `most`: how many inputs a map may have. */
export function wideRewrites(most: number): readonly AnyRewrite[] {
  return [{ name: 'sum-in-parts', op: 'map', apply: (builder, node) => sumInParts(builder, node, most) }];
}

function sumInParts(builder: GraphBuilder, node: NodeOf<'map'>, most: number): Node | null {
  const parts = addends(node.attrs.expr);
  if (node.inputs.length <= most || parts.length < 2) return null;
  const nodes = new Map(node.inputs.map((x, i) => [inputName(i), x]));
  const groups: Expr[][] = [];
  for (const part of parts) {
    const last = groups.at(-1);
    if (last && inputsOf([...last, part]) <= most) last.push(part);
    else groups.push([part]);
  }
  if (groups.length < 2) return null;
  const sums = groups.map((group) => mapOver(builder, group.reduce((sum, part) => add(sum, part)), nodes)); // prettier-ignore
  const total = sums.reduce((sum, part) => addNodes(builder, sum, part));
  return sameDims(total.type.dims, node.type.dims) ? total : null;
}

function addNodes(builder: GraphBuilder, x: Node, y: Node): Node {
  const a: Expr = { kind: 'var', name: 'a', type: x.type.type };
  const b: Expr = { kind: 'var', name: 'b', type: y.type.type };
  return mapOver(builder, add(a, b), new Map([['a', x], ['b', y]])); // prettier-ignore
}

const inputsOf = (parts: readonly Expr[]): number =>
  new Set(parts.flatMap((part) => [...variablesOf(part).keys()])).size;

function addends(expr: Expr): Expr[] {
  return expr.kind === 'binary' && expr.fn === 'add' ? [...addends(expr.x), ...addends(expr.y)] : [expr];
}
