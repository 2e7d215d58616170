// Takes: a builder, the norm of the gradients. Gives: the factor of the loss, as data on the device.
// Promises: doubled after 2000 steps without overflow, halved at each step that overflows, which is left out; as PyTorch's
// GradScaler (https://pytorch.org/docs/stable/amp.html). Gradients in halves would vanish below 2^-24 without it.
import type { GraphBuilder } from '../../3-graph/builder.ts';
import { add, constant, div, eq, le, max, min, mul, select, sub } from '../../3-graph/expr-build.ts';
import { elementwise } from '../../3-graph/node-build.ts';
import type { Node } from '../../3-graph/ops.ts';

const FIRST = 2 ** 16;
const GREATEST = 2 ** 24;
const PATIENCE = 2000;
/** Norms beyond are infinite, or no numbers. */
const FINITE = 3e38;

const state = (builder: GraphBuilder, name: string): Node =>
  builder.add('source', { name: `scale.${name}`, role: 'state', type: { type: 'f32', dims: [] } }, []);

/** f32 []: what the loss is multiplied by in this step. States start at zero: then it is 2^16. */
export function lossScale(builder: GraphBuilder): Node {
  return elementwise(builder, [state(builder, 'value')], (scale) => select(eq(scale, 0), FIRST, scale));
}

/** f32 []: steps left out so far. */
export function skippedSteps(builder: GraphBuilder): Node {
  return state(builder, 'skipped');
}

/** bool []: whether all gradients are finite numbers. */
export function isFinite(builder: GraphBuilder, norm: Node): Node {
  return elementwise(builder, [norm], (x) => le(x, FINITE));
}

/** Sets the states for the next step; outputs `scale` and `skipped` f32 []. */
export function updateLossScale(builder: GraphBuilder, finite: Node): void {
  const [value, good, skipped] = [state(builder, 'value'), state(builder, 'good'), skippedSteps(builder)];
  const scale = lossScale(builder);
  const grown = elementwise(builder, [good], (n) => le(PATIENCE, add(n, 1)));
  const next = elementwise(builder, [finite, grown, scale], (ok, more, s) =>
    select(ok, select(more, min(mul(2, s), GREATEST), s), max(div(s, 2), 1)),
  );
  const steps = elementwise(builder, [finite, grown, good], (ok, more, n) =>
    select(ok, select(more, constant(0), add(n, 1)), constant(0)),
  );
  const total = elementwise(builder, [finite, skipped], (ok, n) => select(ok, n, add(n, 1)));
  builder.update(value, next);
  builder.update(good, steps);
  builder.update(skipped, total);
  builder.output('scale', next);
  builder.output('skipped', total);
}

/** f32 []: steps that counted, this one included. */
export function countedSteps(builder: GraphBuilder, step: Node): Node {
  return elementwise(builder, [step, skippedSteps(builder)], sub);
}
