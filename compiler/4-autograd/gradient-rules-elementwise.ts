// Takes: a node of an elementwise op, a reduction or a contraction, and the gradient of its result.
// Gives: the gradients of its inputs. Promises: inputs that were broadcast get sums over the dims they lack.
import type { GraphBuilder } from '../3-graph/builder.ts';
import type { Expr } from '../3-graph/expr.ts';
import { differentiateExpr } from '../3-graph/expr/differentiate-expr.ts';
import { dimNames, unionDims, without } from '../3-graph/infer/dims.ts';
import { add, cast, constant, div, eq, inputName, isConstant, isFloat, mul, select } from '../3-graph/expr-build.ts';
import { broadcastTo, elementwise, inOrder, mapOver, operandOf, sumOver } from '../3-graph/node-build.ts';
import type { Node } from '../3-graph/ops.ts';
import { inputOf } from './gradient-of.ts';
import type { GradientOf } from './gradient-of.ts';

/** `x` summed over the dims that `like` lacks, in the order of `like`. */
export function sumLike(builder: GraphBuilder, x: Node, like: Node): Node {
  const kept = dimNames(like.type);
  const extra = dimNames(x.type).filter((name) => !kept.includes(name));
  return inOrder(builder, sumOver(builder, x, extra), kept);
}

/** y = f(a, b, ...): da = sum over the dims a lacks of g * (df / da)(a, b, ...) */
function map({ builder, node, gradient, wants }: GradientOf<'map'>): (Node | null)[] {
  const nodes = new Map(node.inputs.map((input, i) => [inputName(i), input]));
  nodes.set('gradient', gradient);
  return node.inputs.map((input, i) => {
    if (!wants(i)) return null;
    const slope = slopeOf(node.attrs.expr, inputName(i));
    if (isConstant(slope, 0)) return null;
    const g = operandOf(gradient, 'gradient');
    const product = mapOver(builder, mul(g, slope), nodes);
    return sumLike(builder, product, input);
  });
}

/** d expr / d name in f32: the rounding of the result is no part of it. */
function slopeOf(expr: Expr, name: string): Expr {
  if (expr.kind === 'cast' && isFloat(expr.x.type) && isFloat(expr.type)) return slopeOf(expr.x, name);
  return cast(differentiateExpr(expr, name), 'f32');
}

/** sum: dx = g along the summed dims. max: g shared equally by the elements that are the maximum. */
function reduce({ builder, node, gradient }: GradientOf<'reduce'>): Node[] {
  const x = inputOf(node, 0);
  if (node.attrs.fn === 'sum') return [broadcastTo(builder, gradient, x.type.dims)];
  const { type } = x.type;
  const isTop = elementwise(builder, [x, node], (x, y) => select(eq(x, y), constant(1, type), 0));
  const count = sumOver(builder, isTop, node.attrs.dims);
  return [elementwise(builder, [x, node, gradient, count], (x, y, g, n) => select(eq(x, y), div(g, n), 0))];
}

/** y = sum over k of a b: da = sum over the dims only b has of g b, db likewise. */
function contract({ builder, node, gradient, wants }: GradientOf<'contract'>): (Node | null)[] {
  const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
  return [
    wants(0) ? contractLike(builder, gradient, b, a) : null,
    wants(1) ? contractLike(builder, gradient, a, b) : null,
  ];
}

/** Sum of g * other over the dims `like` lacks, g rounded to the type of other, in its order; the operands stand so that no permute is needed, if that can be. */
function contractLike(builder: GraphBuilder, g: Node, other: Node, like: Node): Node {
  const order = dimNames(like.type);
  const over = dimNames(g.type).filter((name) => !order.includes(name));
  if (over.length === 0)
    return inOrder(
      builder,
      elementwise(builder, [g, other], (g, o) => mul(g, cast(o, 'f32'))),
      order,
    );
  const dims = unionDims(without(g.type, over), without(other.type, over));
  const rounded = elementwise(builder, [g], (x) => cast(x, other.type.type));
  const inputs = dims.every((d, i) => d.name === order[i]) ? [rounded, other] : [other, rounded];
  return inOrder(builder, builder.add('contract', { over }, inputs), order);
}

/** y = x cos + R x sin: dx = g cos + R^T (g sin) */
function rope({ builder, node, gradient, wants }: GradientOf<'rope'>): (Node | null)[] {
  const [x, cos, sin] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
  const product = (other: Node): Node => elementwise(builder, [gradient, other], (g, o) => mul(g, o));
  const rotate = (t: Node, inverse: boolean): Node => builder.add('rotate_pairs', { ...node.attrs, inverse }, [t]);
  const dx = (): Node => {
    const back = rotate(product(sin), true);
    return elementwise(builder, [gradient, cos, back], (g, cos, back) => add(mul(g, cos), back));
  };
  return [
    wants(0) ? dx() : null,
    wants(1) ? sumLike(builder, product(x), cos) : null,
    wants(2) ? sumLike(builder, product(rotate(x, false)), sin) : null,
  ];
}

export const elementwiseGradients = {
  map,
  reduce,
  contract,
  rope,
  /** The same seed, stream and places: the same elements are kept. */
  dropout: ({ builder, node, gradient }: GradientOf<'dropout'>): (Node | null)[] => [
    builder.add('dropout', node.attrs, [gradient, inputOf(node, 1)]),
    null,
  ],
};
