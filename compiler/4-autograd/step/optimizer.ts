// Takes: a parameter and its gradient. Gives: the optimizer's step, as more graph.
// Promises: all that changes from step to step (lr_scale, step) is an input; the state is zero at the start.
import type { OptimizerSpec } from '../../2-check/model.ts';
import type { GraphBuilder } from '../../3-graph/builder.ts';
import { add, constant, div, exp, le, mul, select, sqrt, sub } from '../../3-graph/expr-build.ts';
import type { Operand } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { parameterSource } from '../../3-graph/model/lowering.ts';
import { parameterType } from '../../3-graph/model/lowering.ts';
import { half, shadowSource } from '../../3-graph/precision/formats.ts';
import type { Parameter } from '../../2-check/parameters/parameter.ts';
import { elementwise } from '../../3-graph/node-build.ts';
import type { Node } from '../../3-graph/ops.ts';
import { weightDecay } from './parameter-groups.ts';

type Spec<K extends OptimizerSpec['kind']> = Extract<OptimizerSpec, { kind: K }>;

/** A parameter, and whether its shadow follows it. */
export interface Stepped {
  readonly parameter: Parameter;
  readonly halved: boolean;
}

export interface StepInputs {
  /** f32 []: the schedule's value, times the optimizer's `lr`. */
  readonly lrScale: Node;
  /** f32 []: 1 for the first step. */
  readonly step: Node;
  /** bool []: false leaves everything as it is; null: always true. */
  readonly finite: Node | null;
}

/** The source holds the value after the step, if the step counts. */
function commit(builder: GraphBuilder, source: Node, value: Node, { finite }: StepInputs): Node {
  const next = finite ? elementwise(builder, [finite, value, source], (ok, x, old) => select(ok, x, old)) : value;
  builder.update(source, next);
  return next;
}

function commitParameter(builder: GraphBuilder, { parameter, halved }: Stepped, value: Node, inputs: StepInputs): void {
  const next = commit(builder, parameterSource(builder, parameter), value, inputs);
  if (halved) builder.update(shadowSource(builder, parameter.name, parameter.dims), half(builder, next));
}

/** A tensor like the parameter that lives from step to step. */
export function stateLike(builder: GraphBuilder, prefix: string, parameter: Parameter) {
  const name = `${prefix}.${parameter.name}`;
  return builder.add('source', { name, role: 'state', type: parameterType(parameter) }, []);
}

/**
 * 1 - beta^t without cancellation: with L = ln(beta), -(L t + (L t)^2 / 2! + ..) while |L t| <= 1/2, then 1 - e^(L t).
 * In f32, `1 - pow(0.999, 1)` is wrong in the fourth digit.
 */
function oneMinusPower(beta: number, t: Expr): Expr {
  if (beta === 0) return constant(1);
  const log = Math.log(beta);
  // Coefficients of t, t^2, .. t^9: the rest is below 1e-9 of the sum.
  const terms = Array.from({ length: TERMS }, (_, i) => -(log ** (i + 1)) / factorial(i + 1));
  const series = mul(
    t,
    terms.reduceRight<Operand>((sum, term) => add(term, mul(t, sum)), 0),
  );
  return select(le(t, -0.5 / log), series, sub(1, exp(mul(log, t))));
}

const TERMS = 9;

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/**
 * AdamW, arXiv 1711.05101: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) - lr wd p.
 */
function adamw(builder: GraphBuilder, spec: Spec<'adamw'>, stepped: Stepped, gradient: Node, inputs: StepInputs): void {
  const { parameter } = stepped;
  const [beta1, beta2] = spec.betas;
  const weight = parameterSource(builder, parameter);
  const oldM = stateLike(builder, 'adam.m', parameter);
  const oldV = stateLike(builder, 'adam.v', parameter);
  const m = elementwise(builder, [oldM, gradient], (x, g) => add(mul(beta1, x), mul(1 - beta1, g)));
  const v = elementwise(builder, [oldV, gradient], (x, g) => add(mul(beta2, x), mul(1 - beta2, mul(g, g))));
  const { lrScale, step } = inputs;
  const lr = elementwise(builder, [lrScale, step], (x, t) => div(mul(spec.lr, x), oneMinusPower(beta1, t)));
  const root = elementwise(builder, [step], (t) => sqrt(oneMinusPower(beta2, t)));
  const decay = spec.lr * weightDecay(parameter, spec);
  const next = elementwise(builder, [weight, m, v, lr, root, lrScale], (p, first, second, rate, correction, scale) => {
    const moved = sub(p, mul(rate, div(first, add(div(sqrt(second), correction), spec.eps))));
    return sub(moved, mul(mul(decay, scale), p));
  });
  commit(builder, oldM, m, inputs);
  commit(builder, oldV, v, inputs);
  commitParameter(builder, stepped, next, inputs);
}

/** SGD as in PyTorch: g = g + wd p; u = momentum u + g; p = p - lr u. */
function sgd(builder: GraphBuilder, spec: Spec<'sgd'>, stepped: Stepped, gradient: Node, inputs: StepInputs): void {
  const { parameter } = stepped;
  const weight = parameterSource(builder, parameter);
  const decay = weightDecay(parameter, spec);
  let direction = elementwise(builder, [gradient, weight], (g, p) => add(g, mul(decay, p)));
  if (spec.momentum !== 0) {
    const old = stateLike(builder, 'sgd.momentum', parameter);
    direction = elementwise(builder, [old, direction], (u, g) => add(mul(spec.momentum, u), g));
    commit(builder, old, direction, inputs);
  }
  const step = elementwise(builder, [weight, direction, inputs.lrScale], (p, u, scale) =>
    sub(p, mul(mul(spec.lr, scale), u)),
  );
  commitParameter(builder, stepped, step, inputs);
}

/** Updates the parameter, and the optimizer's state, by one step. */
export function optimizerStep(
  builder: GraphBuilder,
  spec: OptimizerSpec,
  stepped: Stepped,
  gradient: Node,
  inputs: StepInputs,
): void {
  if (spec.kind === 'adamw') adamw(builder, spec, stepped, gradient, inputs);
  else sgd(builder, spec, stepped, gradient, inputs);
}
