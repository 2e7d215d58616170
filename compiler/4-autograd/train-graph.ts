// Takes: a model and its train block. Gives: the graphs of one training step.
// Promises: one graph per step without accumulation, else one per micro-batch and one that applies the sum.
import type { Model, TrainSpec } from '../2-check/model.ts';
import { GraphBuilder } from '../3-graph/builder.ts';
import { add, div, mul } from '../3-graph/expr-build.ts';
import type { Expr } from '../3-graph/expr.ts';
import { invariant } from '../diagnostics.ts';
import { lossInputs } from '../3-graph/model/entry-graphs.ts';
import { lowerLoss } from '../3-graph/model/lower-model.ts';
import { input, parameterSource, startLowering } from '../3-graph/model/lowering.ts';
import type { Dropout } from '../3-graph/model/lowering.ts';
import { parameters } from '../2-check/parameters/parameters.ts';
import type { Parameter } from '../2-check/parameters/parameter.ts';
import { elementwise, fill } from '../3-graph/node-build.ts';
import type { Graph, Node } from '../3-graph/ops.ts';
import { addInPrecision } from '../3-graph/precision/in-precision.ts';
import { shadowName } from '../3-graph/precision/formats.ts';
import { gradients } from './backward.ts';
import { recompute } from './recompute/recompute.ts';
import { clipFactor, globalNorm } from './step/clip.ts';
import { countedSteps, isFinite, lossScale, updateLossScale } from './step/loss-scale.ts';
import { optimizerStep, stateLike } from './step/optimizer.ts';
import { optimizerOf } from './step/parameter-groups.ts';

/** Gradients in the order of `parameters(model)`. */
interface Trained {
  readonly parameter: Parameter;
  /** Of the loss times its scale. */
  readonly gradient: Node;
  /** Whether products read the parameter in halves, from its shadow. */
  readonly halved: boolean;
}

/**
 * `step`: tokens, labels i32 [batch, seq], loss_scale, lr_scale, step f32 [], [seed u32 []] -> loss, grad_norm f32 [].
 * With accumulation `accumulate` (tokens, labels, loss_scale, [seed] -> loss) runs once per micro-batch, then `apply`
 * (lr_scale, step -> grad_norm). States: `adam.m.{p}`, `adam.v.{p}`, `sgd.momentum.{p}`, `grad.{p}`. In mixed precision also
 * scale, skipped f32 [] beside grad_norm, states `scale.*`, and a shadow `half.{p}` of each parameter in products.
 */
export type TrainGraphs = { readonly step: Graph } | { readonly accumulate: Graph; readonly apply: Graph };

/** Null when nothing is dropped: then the graph has no seed. */
function dropoutOf(builder: GraphBuilder, rates: TrainSpec['dropout']): Dropout | null {
  if (rates.embed === 0 && rates.residual === 0 && rates.attention === 0) return null;
  let streams = 0;
  return { rates, seed: input(builder, 'seed', 'u32', []), stream: () => streams++ };
}

/** Output `loss`, in f32. */
function forwardPass(model: Model, train: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.forward`);
  const l = startLowering(builder, model, { dropout: dropoutOf(builder, train.dropout) });
  builder.output('loss', lowerLoss(l, train.loss, lossInputs(builder)));
  return builder.finish();
}

/** The loss is an output; its gradients are returned. */
function lossAndGradients(builder: GraphBuilder, model: Model, train: TrainSpec): readonly Trained[] {
  const { precision = null } = train;
  const forward = forwardPass(model, train);
  const newOf = addInPrecision(builder, forward, precision);
  const [loss] = forward.outputs.map(({ value }) => newOf(value));
  invariant(loss, 'a loss is the output of the forward pass');
  builder.output('loss', loss);
  const read = sourcesOf(loss);
  const trained = parameters(model).map((parameter) => {
    const [whole, halves] = [read.get(parameter.name), read.get(shadowName(parameter.name))];
    const both = [whole, halves].filter((source) => source !== undefined);
    return { parameter, halved: halves !== undefined, sources: both.length > 0 ? both : [parameterSource(builder, parameter)] }; // prettier-ignore
  });
  const scaled = precision ? builder.at({ path: 'scale' }, () => elementwise(builder, [loss, lossScale(builder)], mul)) : loss; // prettier-ignore
  const slopes = gradients(builder, scaled, trained.flatMap(({ sources }) => sources)); // prettier-ignore
  let next = 0;
  return trained.map(({ parameter, halved, sources }) => {
    const parts = slopes.slice(next, (next += sources.length));
    const gradient = builder.at({ path: `grad.${parameter.name}` }, () => elementwise(builder, parts, sum));
    return { parameter, halved, gradient };
  });
}

const sum = (...terms: readonly Expr[]): Expr => terms.reduce((x, y) => add(x, y));

/** By name, those that a node is computed from. */
function sourcesOf(node: Node): Map<string, Node> {
  const reached = new Set([node]);
  for (const one of reached) for (const input of one.inputs) reached.add(input);
  return new Map([...reached].flatMap((one) => (one.op === 'source' ? [[one.attrs.name, one]] : [])));
}

/** Clips and steps; the norm before clipping is an output. In mixed precision a step whose gradients overflow changes nothing. */
function applyGradients(builder: GraphBuilder, train: TrainSpec, trained: readonly Trained[]): void {
  const { clipNorm, precision = null } = train;
  const scale = precision ? builder.at({ path: 'scale' }, () => lossScale(builder)) : null;
  const norm = builder.at({ path: 'clip' }, () => {
    const scaled = globalNorm(builder, trained.map(({ gradient }) => gradient)); // prettier-ignore
    return scale ? elementwise(builder, [scaled, scale], div) : scaled;
  });
  builder.output('grad_norm', norm);
  const finite = scale ? builder.at({ path: 'scale' }, () => isFinite(builder, norm)) : null;
  const step = input(builder, 'step', 'f32', []);
  const inputs = {
    lrScale: input(builder, 'lr_scale', 'f32', []),
    step: scale ? builder.at({ path: 'scale' }, () => countedSteps(builder, step)) : step,
    finite,
  };
  const factor = builder.at({ path: 'clip' }, () => {
    const clipped = clipNorm === null ? null : clipFactor(builder, norm, clipNorm);
    if (!scale) return clipped;
    return elementwise(builder, clipped ? [clipped, scale] : [fill(builder, 1, 'f32', []), scale], div);
  });
  for (const { parameter, gradient, halved } of trained) {
    builder.at({ path: `optimizer.${parameter.name}` }, () => {
      const clipped = factor ? elementwise(builder, [gradient, factor], mul) : gradient;
      optimizerStep(builder, optimizerOf(parameter, train.optimizers), { parameter, halved }, clipped, inputs);
    });
  }
  if (finite)
    builder.at({ path: 'scale' }, () => {
      updateLossScale(builder, finite);
    });
}

function stepGraph(model: Model, train: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.step`);
  applyGradients(builder, train, lossAndGradients(builder, model, train));
  return recompute(builder.finish(), train.recompute);
}

/** grad = grad + gradient of this micro-batch; then steps by the sum, and sets it to 0. */
function accumulatedGraphs(model: Model, train: TrainSpec): { readonly accumulate: Graph; readonly apply: Graph } {
  const micro = new GraphBuilder(`${model.name}.accumulate`);
  const trained = lossAndGradients(micro, model, train);
  for (const { parameter, gradient } of trained) {
    micro.at({ path: `accumulate.${parameter.name}` }, () => {
      const total = stateLike(micro, 'grad', parameter);
      micro.update(total, elementwise(micro, [total, gradient], add));
    });
  }
  const last = new GraphBuilder(`${model.name}.apply`);
  const sums = trained.map((one) => ({ ...one, gradient: stateLike(last, 'grad', one.parameter) }));
  applyGradients(last, train, sums);
  for (const { gradient } of sums) last.update(gradient, fill(last, 0, 'f32', gradient.type.dims));
  return { accumulate: recompute(micro.finish(), train.recompute), apply: last.finish() };
}

export function trainGraphs(model: Model, train: TrainSpec): TrainGraphs {
  return train.accumulate === 1 ? { step: stepGraph(model, train) } : accumulatedGraphs(model, train);
}
