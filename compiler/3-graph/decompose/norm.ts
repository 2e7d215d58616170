// Takes: the attributes and inputs of a norm. Gives: its value in primitives, and the statistics its gradient shares.
// Promises: one reduction for rms, two for layer (mean, then the mean square around it), one elementwise map after.
import { invariant } from '../../diagnostics.ts';
import type { GraphBuilder } from '../builder.ts';
import { elementCount } from '../infer/dims.ts';
import { add, mul, rsqrt, sub, variable } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise, mapOver, sumOver } from '../node-build.ts';
import type { Attrs, Node } from '../ops.ts';

export interface NormParts {
  readonly x: Node;
  readonly gain: Node | null;
  readonly bias: Node | null;
  /** Null for rms. */
  readonly mean: Node | null;
  /** 1 / sqrt(mean square + eps) */
  readonly scale: Node;
}

export function normParts(builder: GraphBuilder, attrs: Attrs<'norm'>, inputs: readonly Node[]): NormParts {
  const [x] = inputs;
  invariant(x, 'norm has an input');
  const gain = attrs.gain === 'none' ? null : (inputs[1] ?? null);
  const bias = attrs.bias ? (inputs.at(-1) ?? null) : null;
  const perElement = 1 / elementCount(x.type, attrs.dims);
  const mean =
    attrs.kind === 'layer'
      ? elementwise(builder, [sumOver(builder, x, attrs.dims)], (sum) => mul(perElement, sum))
      : null;
  const squares = mean
    ? elementwise(builder, [x, mean], (x, mean) => mul(sub(x, mean), sub(x, mean)))
    : elementwise(builder, [x], (x) => mul(x, x));
  const scale = elementwise(builder, [sumOver(builder, squares, attrs.dims)], (sum) =>
    rsqrt(add(mul(perElement, sum), attrs.eps)),
  );
  return { x, gain, bias, mean, scale };
}

/** The nodes of a norm by the names used in expressions over them. */
export function normNodes(parts: NormParts): Map<string, Node> {
  const all: readonly (readonly [string, Node | null])[] = Object.entries(parts);
  return new Map(all.flatMap(([name, node]) => (node ? [[name, node] as const] : [])));
}

/** (x - mean) scale, over the variables x, mean, scale. */
export function normalizedExpr({ x, mean }: NormParts): Expr {
  const { type } = x.type;
  const centred = mean ? sub(variable('x', type), variable('mean', type)) : variable('x', type);
  return mul(centred, variable('scale', type));
}

/** `e` times the gain, over the variable gain. */
export function gainedExpr({ x, gain }: NormParts, attrs: Attrs<'norm'>, e: Expr): Expr {
  if (!gain) return e;
  const g = variable('gain', x.type.type);
  return mul(e, attrs.gain === 'one_plus' ? add(1, g) : g);
}

/** y = (x - mean) / sqrt(mean square + eps) * gain + bias */
export function normRule(builder: GraphBuilder, attrs: Attrs<'norm'>, inputs: readonly Node[]): Node {
  const parts = normParts(builder, attrs, inputs);
  const gained = gainedExpr(parts, attrs, normalizedExpr(parts));
  const y = parts.bias ? add(gained, variable('bias', parts.x.type.type)) : gained;
  return mapOver(builder, y, normNodes(parts));
}
