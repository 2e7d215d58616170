// Takes: a device, and what compiles for it. Gives: what is compiled with the schedules that are the fastest there.
// Promises: each class of groups is measured once for an adapter and driver; without a clock of the device, on software
// adapters and on the CPU everything is as it would be untuned.
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { type Choice, choicesOf } from '../../compiler/6-kernels/choices.ts';
import type { Target, WebGpuTarget } from '../../compiler/7-plan/plan.ts';
import { withWindows } from '../../compiler/7-plan/windows/windows.ts';
import type { CompileOptions } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { isUserFault } from '../user-error.ts';
import { fastestSchedule } from './measure-schedules.ts';
import { readTuned, writeTuned } from './tuned-kernels.ts';

type Report = (line: string) => void;
type Compile<T> = (options: Pick<CompileOptions, 'target' | 'onStage'>) => T;

/** @throws whatever `compile` throws */
export async function compileTuned<T>(device: EngineDevice, report: Report, compile: Compile<T>): Promise<T> {
  const { target } = device;
  if (!device.tune || !isTunable(target)) return compile({ target });
  const adapter = device.describe();
  const known: WebGpuTarget = { ...target, tuned: readTuned(adapter) };
  const programs: Program[] = [];
  const first = compile({
    target: known,
    onStage: (stage) => {
      if (stage.stage === 'groups') programs.push(stage.program);
    },
  });
  const missing = missingChoices(programs, known);
  if (missing.length === 0) return first;
  const found = await measureAll(device, missing, report);
  return compile({ target: { ...target, tuned: { ...known.tuned, ...found } } });
}

function isTunable(target: Target): target is WebGpuTarget {
  return target.kind === 'webgpu' && !target.software && target.features.includes('timestamp-query');
}

/** One of each class that nothing is known of. */
function missingChoices(programs: readonly Program[], target: WebGpuTarget): Choice[] {
  const choices = programs.flatMap((program) => choicesOf(withWindows(program, target), target));
  const missing = new Map(choices.map((choice) => [choice.key, choice]));
  return [...missing.values()].filter(({ key }) => target.tuned?.[key] === undefined);
}

async function measureAll(
  device: EngineDevice,
  choices: readonly Choice[],
  report: Report,
): Promise<Record<string, string>> {
  const target = device.target as WebGpuTarget;
  const adapter = device.describe();
  const found: Record<string, string> = {};
  let isKept = true;
  report(`tuning: ${choices.length} kernels are timed once for this device; --no-tune goes without`);
  for (const [i, choice] of choices.entries()) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one device
      found[choice.key] = await fastestSchedule(device, target, choice);
    } catch (error) {
      if (!isUserFault(error)) throw error;
      // Too large to be tried beside a copy of its results: it stays as it is, and is not asked for again.
      found[choice.key] = choice.schedules[0] ?? '';
    }
    // At once: whoever stops it here measures only the rest next time.
    isKept &&= writeTuned(adapter, found);
    if ((i + 1) % 10 === 0) report(`tuning: ${i + 1} of ${choices.length}`);
  }
  if (!isKept) report('tuning: what was found cannot be kept; the next run measures again');
  return found;
}
