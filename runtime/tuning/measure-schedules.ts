// Takes: a device, a group and its schedules. Gives: the fastest whose results are those of the first.
// Promises: a schedule that fails, or computes something else, is never chosen; nothing stays on the device.
import type { Choice } from '../../compiler/6-kernels/choices.ts';
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { accessOf } from '../../compiler/7-plan/schedule/access.ts';
import { planProgram } from '../../compiler/7-plan/plan-program.ts';
import type { Plan, WebGpuTarget } from '../../compiler/7-plan/plan.ts';
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { Executable } from '../engine/executable.ts';
import { Session } from '../engine/session.ts';
import { compareGraph, fillGraph, keepGraph } from './trial.ts';

/** Times each schedule is run to be timed; the shortest counts. */
const TURNS = 4;

interface Contestant {
  readonly schedule: string;
  readonly executable: Executable;
  ms: number;
}

/** @throws DeviceError when not even the first can be run, as where memory is short. */
export async function fastestSchedule(device: EngineDevice, target: WebGpuTarget, choice: Choice): Promise<string> {
  const session = new Session(device);
  try {
    return await contest(session, target, choice);
  } finally {
    session.destroy();
  }
}

async function contest(session: Session, target: WebGpuTarget, choice: Choice): Promise<string> {
  const program = alone(choice);
  const [group] = program.groups;
  if (!group) return choice.schedules[0] ?? '';
  const access = accessOf(group);
  const compiled = [fillGraph, keepGraph, compareGraph].map((graph) => compileGraph(graph(program, access), {}, { target })); // prettier-ignore
  const [fill, keep, compare] = (await inOrder(compiled, (plan) => session.load(plan))) as [Executable, Executable, Executable]; // prettier-ignore
  const right: Contestant[] = [];
  for (const schedule of choice.schedules) {
    // oxlint-disable-next-line no-await-in-loop -- one device
    const executable = await attempt(() => session.load(planOf(program, target, choice, schedule)));
    if (!executable) continue;
    fill.run();
    executable.run();
    if (right.length === 0) keep.run();
    compare.run();
    // oxlint-disable-next-line no-await-in-loop -- one device
    const [differing] = await compare.read('differing');
    if (differing === 0) right.push({ schedule, executable, ms: Infinity });
  }
  for (let turn = 0; turn < TURNS; turn++)
    for (const contestant of right) {
      contestant.executable.run();
      // oxlint-disable-next-line no-await-in-loop -- one device
      const { steps } = await contestant.executable.profile();
      const ms = steps.reduce((sum, { begin, end }) => sum + end - begin, 0);
      contestant.ms = Math.min(contestant.ms, ms);
    }
  const best = right.reduce<Contestant | null>((a, b) => (a && a.ms <= b.ms ? a : b), null);
  return best?.schedule ?? choice.schedules[0] ?? '';
}

async function attempt<T>(make: () => Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch {
    return null; // a driver that refuses one kernel may take the next
  }
}

async function inOrder<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one device
  for (const item of items) results.push(await each(item));
  return results;
}

function planOf(program: Program, target: WebGpuTarget, { key }: Choice, schedule: string): Plan {
  return planProgram(program, { ...target, tuned: { [key]: schedule } });
}

/** A program of the group only; its tensors are states, so that several plans share them. */
function alone({ program, group }: Choice): Program {
  const { reads, writes } = accessOf(group);
  const ids = new Set([...reads, ...writes]);
  const tensors = program.tensors.map((tensor) => {
    const { id, type, dims, data } = tensor;
    if (!ids.has(id)) return { id, name: `unused${id}`, role: 'temporary' as const, type, dims };
    if (data) return { id, name: `t${id}`, role: 'constant' as const, type, dims, data };
    return { id, name: `t${id}`, role: 'state' as const, type, dims };
  });
  return { name: 'tuning.trial', tensors, groups: [group] };
}
