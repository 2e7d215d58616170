// Takes: a model, its training and what it is compiled for. Gives: Plans that the target's memory holds.
// Promises: what is too large for the target at once is split into more micro-batches, which sum to the same step; nothing
// else of the training changes.
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { PlanError } from '../../compiler/7-plan/plan-error.ts';
import type { CompileOptions } from '../../compiler/compile-graph.ts';
import { compileTraining, type TrainingPlans } from '../../compiler/compile.ts';

export interface FittingPlans {
  readonly plans: TrainingPlans;
  readonly accumulate: number;
}

/** `report` gets a sentence for every split. @throws PlanError when single sequences are too large, or a limit of the train block is not kept. */
export function compileFitting(
  model: Model,
  train: TrainSpec,
  options: CompileOptions,
  report: (line: string) => void,
): FittingPlans {
  let { accumulate } = train;
  for (;;) {
    try {
      return { plans: compileTraining(model, { ...train, accumulate }, options), accumulate };
    } catch (error) {
      const next = nextSplit(train.batch, accumulate);
      if (!(error instanceof PlanError) || error.code === 'over-limit' || next === null) throw error;
      report(`${error.message.split('\n')[0] ?? ''}: splitting each batch into ${next} parts`);
      accumulate = next;
    }
  }
}

/** The least larger number of parts of equal size. */
export function nextSplit(batch: number, accumulate: number): number | null {
  for (let parts = accumulate + 1; parts <= batch; parts++) if (batch % parts === 0) return parts;
  return null;
}
