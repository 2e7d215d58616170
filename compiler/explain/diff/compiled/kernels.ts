// Takes: two checked models, with their train blocks where they have one, and a target. Gives: the kernels that differ.
// Promises: compares the code of the very plans that training and generation run; what cannot be planned is one sentence.
import type { Model, TrainSpec } from '../../../2-check/model.ts';
import { isAutoregressive } from '../../../3-graph/model/entry-graphs.ts';
import type { Plan, Target } from '../../../7-plan/plan.ts';
import { compileForward, compileGeneration, compileTraining } from '../../../compile.ts';
import type { Compiled } from './graph.ts';
import { missingSentence, planSentence } from './missing.ts';

export interface KernelDiff {
  /** `training step`, `prefill`, `decode one token`, `forward` */
  readonly plan: string;
  readonly dispatches: { readonly a: number; readonly b: number };
  readonly same: readonly SameKernel[];
  readonly onlyA: readonly OwnKernel[];
  readonly onlyB: readonly OwnKernel[];
}

export interface OwnKernel {
  /** Of the first place that runs it. */
  readonly name: string;
  readonly family: string;
  readonly dispatches: number;
}

export interface SameKernel {
  readonly name: string;
  readonly family: string;
  readonly dispatches: { readonly a: number; readonly b: number };
}

export function kernelDiffs(a: Compiled, b: Compiled, target: Target): readonly KernelDiff[] | string {
  const missing = missingSentence(a.model) ?? missingSentence(b.model);
  if (missing !== null) return missing;
  const canGenerate = isAutoregressive(a.model) && isAutoregressive(b.model);
  const canTrain = a.train !== null && b.train !== null;
  const plans = ({ model, train }: Compiled): ReadonlyMap<string, readonly Plan[]> | string => {
    try {
      return plansOf(model, canTrain ? train : null, canGenerate, target);
    } catch (error) {
      return planSentence(model, error);
    }
  };
  const [before, after] = [plans(a), plans(b)];
  if (typeof before === 'string') return before;
  if (typeof after === 'string') return after;
  return [...before].map(([name, list]) => kernelDiff(name, list, after.get(name) ?? []));
}

function plansOf(
  model: Model,
  train: TrainSpec | null,
  canGenerate: boolean,
  target: Target,
): ReadonlyMap<string, readonly Plan[]> {
  const plans = new Map<string, readonly Plan[]>();
  if (train !== null) {
    const training = compileTraining(model, train, { target });
    plans.set('training step', training.kind === 'whole' ? [training.step] : [training.accumulate, training.apply]);
  }
  if (!canGenerate) return plans.set('forward', [compileForward(model, { batch: 1, seq: model.context }, { target })]);
  const { prefill, decode } = compileGeneration(model, { target });
  return plans.set('prefill', [prefill]).set('decode one token', [decode]);
}

function kernelDiff(plan: string, a: readonly Plan[], b: readonly Plan[]): KernelDiff {
  const [before, after] = [kernelsByCode(a), kernelsByCode(b)];
  const only = (own: ByCode, other: ByCode): OwnKernel[] =>
    [...own].filter(([code]) => !other.has(code)).map(([, kernel]) => kernel);
  return {
    plan,
    dispatches: { a: dispatches(a), b: dispatches(b) },
    same: [...before].flatMap(([code, { name, family, dispatches: old }]) => {
      const now = after.get(code)?.dispatches;
      return now === undefined ? [] : [{ name, family, dispatches: { a: old, b: now } }];
    }),
    onlyA: only(before, after),
    onlyB: only(after, before),
  };
}

type ByCode = ReadonlyMap<string, OwnKernel>;

function kernelsByCode(plans: readonly Plan[]): ByCode {
  const kernels = new Map<string, OwnKernel>();
  for (const { kernels: list, steps } of plans) {
    for (const { kernel } of steps) {
      const { code, name, family } = list[kernel] ?? { code: '', name: '?', family: '?' };
      const known = kernels.get(code) ?? { name, family, dispatches: 0 };
      kernels.set(code, { ...known, dispatches: known.dispatches + 1 });
    }
  }
  return kernels;
}

const dispatches = (plans: readonly Plan[]): number => plans.reduce((sum, { steps }) => sum + steps.length, 0);
