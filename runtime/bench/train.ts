// Takes: a model and how it is trained. Gives: what a step costs.
// Promises: steps as `modelc train` makes them, on random tokens: the next is queued before the loss of one has come.
import type { Model } from '../../compiler/2-check/model.ts';
import { parameterCount } from '../../compiler/2-check/parameters/parameters.ts';
import { costsOf } from '../../compiler/explain/cost/cost.ts';
import type { CompileOptions } from '../../compiler/compile-graph.ts';
import type { TrainingPlans } from '../../compiler/compile.ts';
import type { Plan } from '../../compiler/7-plan/plan.ts';
import { Session } from '../engine/session.ts';
import { Profiler } from '../profile/profiler.ts';
import { median, summarize } from '../profile/summarize.ts';
import type { TrainSettings } from '../training/checkpoint.ts';
import { compileFitting } from '../training/compile-fitting.ts';
import { compileTuned } from '../tuning/tune.ts';
import { Trainer } from '../training/trainer.ts';
import { scaleOf, type Settings } from './ceilings.ts';
import { deviceBytes } from './device-bytes.ts';
import { fillParameters, randomBatches } from './random-data.ts';
import type { TrainResult } from './result.ts';
import { canTime } from './timing.ts';

const warmup = 2;
const profiled = 2;

/** `asked.steps` are measured. @throws PlanError, DeviceError */
export async function measureTraining(
  { device, report }: Settings,
  model: Model,
  asked: TrainSettings,
  matmulFlopsPerSecond: number,
): Promise<TrainResult> {
  const { batch, seq, steps } = asked;
  report(`train: compiling ${model.name}, ${batch} x ${seq} tokens a step`);
  const compile = (options: CompileOptions) => compileFitting(model, { ...asked, span: model.span }, options, report);
  const { plans, accumulate } = await compileTuned(device, report, compile);
  const session = new Session(device);
  try {
    const trainer = await Trainer.open(session, plans, { ...asked, accumulate }, randomBatches(asked, model.vocab));
    fillParameters(session, model);
    report(`train: ${warmup} steps to warm up, ${steps} measured`);
    const { times, cpuMs: work } = await timeSteps(trainer, steps);
    const cpuMs = scaleOf(device) === 'hardware' ? work : null;
    const kernelMs = canTime(device) ? await profiledMs(trainer, warmup + steps + 1) : null;
    const ms = median(times) ?? Number.NaN;
    const tokensPerSecond = (batch * seq * 1000) / ms;
    const flopsPerSecond = costsOf(model, { length: seq }).flopsPerToken.training * tokensPerSecond;
    return {
      model: model.name, parameters: parameterCount(model).total, batch, seq, accumulate, ms, cpuMs, steps: times,
      tokensPerSecond,
      flopsPerSecond, shareOfMatmul: flopsPerSecond / matmulFlopsPerSecond, kernelMs,
      dispatches: dispatchesOf(plans, accumulate), deviceBytes: deviceBytes(plansOf(plans)),
    }; // prettier-ignore
  } finally {
    session.destroy();
  }
}

/** Milliseconds from one loss to the next, and of the process's work in a step. */
async function timeSteps(
  trainer: Trainer,
  steps: number,
): Promise<{ readonly times: number[]; readonly cpuMs: number }> {
  const times: number[] = [];
  let [last, before] = [performance.now(), process.cpuUsage()];
  let queued = await trainer.queue(0);
  for (let step = 0; step < warmup + steps; step++) {
    // oxlint-disable-next-line no-await-in-loop -- one after another is the point
    const [next] = await Promise.all([trainer.queue(step + 1), queued.result]);
    const now = performance.now();
    if (step >= warmup) times.push(now - last);
    else before = process.cpuUsage();
    [last, queued] = [now, next];
  }
  const { user, system } = process.cpuUsage(before);
  await queued.result;
  return { times, cpuMs: (user + system) / 1000 / steps };
}

/** Milliseconds in kernels, of one step. */
async function profiledMs(trainer: Trainer, first: number): Promise<number | null> {
  const profiler = new Profiler({ step: { warmup: 0, count: profiled } });
  const measured = trainer.measured(profiler.measure);
  // oxlint-disable-next-line no-await-in-loop -- one after another is the point
  for (let i = 0; i < profiled; i++) await measured.step(first + i);
  const [section] = profiler.sections();
  return section ? summarize(section).kernelMs : null;
}

function plansOf(plans: TrainingPlans): readonly Plan[] {
  return plans.kind === 'whole' ? [plans.step, plans.evaluate] : [plans.accumulate, plans.apply, plans.evaluate];
}

function dispatchesOf(plans: TrainingPlans, accumulate: number): number {
  return plans.kind === 'whole'
    ? plans.step.steps.length
    : accumulate * plans.accumulate.steps.length + plans.apply.steps.length;
}
