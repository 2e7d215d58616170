// Takes: a device, a model, its training and its batches. Gives: a session with the Plans loaded and a trainer on them.
// Promises: weights are not yet written; a training that cannot be opened leaves nothing on the device.
import type { Model } from '../../compiler/2-check/model.ts';
import type { CompileOptions } from '../../compiler/compile-graph.ts';
import type { TrainingPlans } from '../../compiler/compile.ts';
import type { BatchSource } from '../data/batch-source.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { Session } from '../engine/session.ts';
import { compileTuned } from '../tuning/tune.ts';
import type { TrainSettings } from './checkpoint.ts';
import { compileFitting } from './compile-fitting.ts';
import { Trainer } from './trainer.ts';

export interface OpenTraining {
  readonly session: Session;
  readonly trainer: Trainer;
  /** As asked, in as many micro-batches as the device needs. */
  readonly train: TrainSettings;
  readonly plans: TrainingPlans;
}

/** `report` gets a sentence for every split. @throws PlanError, DeviceError */
export async function openTraining(
  device: EngineDevice,
  model: Model,
  asked: TrainSettings,
  source: BatchSource,
  report: (line: string) => void,
): Promise<OpenTraining> {
  const compile = (options: CompileOptions) => compileFitting(model, { ...asked, span: model.span }, options, report);
  const { plans, accumulate } = await compileTuned(device, report, compile);
  const train = { ...asked, accumulate };
  const session = new Session(device);
  try {
    return { session, trainer: await Trainer.open(session, plans, train, source), train, plans };
  } catch (error) {
    session.destroy();
    throw error;
  }
}
