// Takes: a pair of models and what is asked of it. Gives: its comparison: keys, costs, graphs, kernels, curves.
// Promises: only what was asked for is computed.
import type { TrainSpec } from '../../compiler/2-check/model.ts';
import { UnbuiltError } from '../../compiler/diagnostics.ts';
import { defaultTargets } from '../../compiler/7-plan/default-target.ts';
import { type Compiled, type GraphDiff, graphDiffs } from '../../compiler/explain/diff/compiled/graph.ts';
import { type KernelDiff, kernelDiffs } from '../../compiler/explain/diff/compiled/kernels.ts';
import type { ModelDiff } from '../../compiler/explain/diff/diff.ts';
import { isTowers } from '../../compiler/explain/diff/subject.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import type { TrainingRequest } from './shared-training.ts';
import { diffPair, type Pair, type Side, trainOf } from './side.ts';
import type { BothCurves } from './train-both.ts';
import { trainPair } from './train-pair.ts';

export interface Comparison {
  readonly pair: Pair;
  readonly diff: ModelDiff;
  /** Null: not asked for. A text: why there are none. */
  readonly graphs: readonly GraphDiff[] | string | null;
  readonly kernels: readonly KernelDiff[] | string | null;
  readonly curves: BothCurves | null;
}

export interface ComparisonRequest extends DeviceOptions, Omit<TrainingRequest, 'steps'> {
  readonly graph?: boolean;
  readonly kernels?: boolean;
  /** Steps. */
  readonly train?: number;
}

/** @throws UserError, PlanError, DeviceError: when training was asked for and cannot be */
export async function compare(pair: Pair, request: ComparisonRequest): Promise<Comparison> {
  const [a, b] = [compiled(pair.a), compiled(pair.b)];
  const target = defaultTargets[request.device === 'cpu' ? 'cpu' : 'gpu'];
  const both = <T>(work: (a: Compiled, b: Compiled) => T): T | string => {
    if (typeof a === 'string') return a;
    return typeof b === 'string' ? b : work(a, b);
  };
  return {
    pair,
    diff: diffPair(pair),
    graphs: request.graph === true ? both(graphDiffs) : null,
    kernels: request.kernels === true ? both((x, y) => kernelDiffs(x, y, target)) : null,
    curves: request.train === undefined ? null : await trainPair(pair, { ...request, steps: request.train }),
  };
}

/** Or the sentence why it cannot be. */
function compiled(side: Side): Compiled | string {
  const { model } = side;
  if (isTowers(model)) return `${model.name} cannot be compiled: models of towers are not built yet`;
  return { model, train: runOf(side) };
}

/** Null where its train block asks for what is not built yet: then forward graphs are compared. */
function runOf(side: Side): TrainSpec | null {
  try {
    return trainOf(side);
  } catch (error) {
    if (error instanceof UnbuiltError) return null;
    throw error;
  }
}
