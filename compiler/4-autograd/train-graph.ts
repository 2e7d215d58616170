// Takes: a model and its train block. Gives: the graphs of one training step.
// Promises: one graph per step without accumulation, else one per micro-batch and one that applies the sum.
import type { Model, TrainSpec } from '../2-check/model.ts';
import { GraphBuilder } from '../3-graph/builder.ts';
import { add, mul } from '../3-graph/expr-build.ts';
import { lossInputs } from '../3-graph/model/entry-graphs.ts';
import { lowerLoss } from '../3-graph/model/lower-model.ts';
import { input, parameterSource, startLowering } from '../3-graph/model/lowering.ts';
import type { Dropout } from '../3-graph/model/lowering.ts';
import { parameters } from '../2-check/parameters/parameters.ts';
import type { Parameter } from '../2-check/parameters/parameter.ts';
import { elementwise, fill } from '../3-graph/node-build.ts';
import type { Graph, Node } from '../3-graph/ops.ts';
import { gradients } from './backward.ts';
import { clipFactor, globalNorm } from './clip.ts';
import { optimizerStep, stateLike } from './optimizer.ts';
import { optimizerOf } from './parameter-groups.ts';
import { recompute } from './recompute/recompute.ts';

/** Gradients in the order of `parameters(model)`. */
interface Trained {
  readonly parameter: Parameter;
  readonly gradient: Node;
}

/**
 * `step`: tokens, labels i32 [batch, seq], loss_scale, lr_scale, step f32 [], [seed u32 []] -> loss, grad_norm f32 [].
 * With accumulation `accumulate` (tokens, labels, loss_scale, [seed] -> loss) runs once per micro-batch, then `apply`
 * (lr_scale, step -> grad_norm). States: `adam.m.{p}`, `adam.v.{p}`, `sgd.momentum.{p}`, `grad.{p}`.
 */
export type TrainGraphs = { readonly step: Graph } | { readonly accumulate: Graph; readonly apply: Graph };

/** Null when nothing is dropped: then the graph has no seed. */
function dropoutOf(builder: GraphBuilder, rates: TrainSpec['dropout']): Dropout | null {
  if (rates.embed === 0 && rates.residual === 0 && rates.attention === 0) return null;
  let streams = 0;
  return { rates, seed: input(builder, 'seed', 'u32', []), stream: () => streams++ };
}

/** The loss is an output; its gradients are returned. */
function lossAndGradients(builder: GraphBuilder, model: Model, train: TrainSpec): readonly Trained[] {
  const l = startLowering(builder, model, { dropout: dropoutOf(builder, train.dropout) });
  const loss = lowerLoss(l, train.loss, lossInputs(builder));
  builder.output('loss', loss);
  const trained = parameters(model);
  const sources = trained.map((parameter) => parameterSource(builder, parameter));
  const slopes = gradients(builder, loss, sources);
  return trained.flatMap((parameter, i) => {
    const gradient = slopes[i];
    return gradient ? [{ parameter, gradient }] : [];
  });
}

/** Clips and steps; the norm before clipping is an output. */
function applyGradients(builder: GraphBuilder, train: TrainSpec, trained: readonly Trained[]): void {
  const inputs = { lrScale: input(builder, 'lr_scale', 'f32', []), step: input(builder, 'step', 'f32', []) };
  const norm = builder.at({ path: 'clip' }, () =>
    globalNorm(builder, trained.map(({ gradient }) => gradient)),
  ); // prettier-ignore
  builder.output('grad_norm', norm);
  const { clipNorm } = train;
  const factor = clipNorm === null ? null : builder.at({ path: 'clip' }, () => clipFactor(builder, norm, clipNorm));
  for (const { parameter, gradient } of trained) {
    builder.at({ path: `optimizer.${parameter.name}` }, () => {
      const clipped = factor ? elementwise(builder, [gradient, factor], mul) : gradient;
      optimizerStep(builder, optimizerOf(parameter, train.optimizers), parameter, clipped, inputs);
    });
  }
}

function stepGraph(model: Model, train: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.step`);
  applyGradients(builder, train, lossAndGradients(builder, model, train));
  return recompute(builder.finish(), train.recompute);
}

/** grad = grad + gradient of this micro-batch */
function accumulateGraph(model: Model, train: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.accumulate`);
  for (const { parameter, gradient } of lossAndGradients(builder, model, train)) {
    builder.at({ path: `accumulate.${parameter.name}` }, () => {
      const sum = stateLike(builder, 'grad', parameter);
      builder.update(sum, elementwise(builder, [sum, gradient], add));
    });
  }
  return recompute(builder.finish(), train.recompute);
}

/** Steps by the summed gradients, then sets them to 0. */
function applyGraph(model: Model, train: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.apply`);
  const sums = parameters(model).map((parameter) => ({ parameter, gradient: stateLike(builder, 'grad', parameter) }));
  applyGradients(builder, train, sums);
  for (const { gradient } of sums) {
    builder.update(gradient, fill(builder, 0, 'f32', gradient.type.dims));
  }
  return builder.finish();
}

export function trainGraphs(model: Model, train: TrainSpec): TrainGraphs {
  if (train.accumulate === 1) return { step: stepGraph(model, train) };
  return { accumulate: accumulateGraph(model, train), apply: applyGraph(model, train) };
}
