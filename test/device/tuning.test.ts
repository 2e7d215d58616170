// Schedules are chosen by their times, and only among those that compute the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choicesOf, type Choice } from '../../compiler/6-kernels/choices.ts';
import { accessOf } from '../../compiler/7-plan/schedule/access.ts';
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { GpuDevice } from '../../runtime/engine/gpu/device.ts';
import { Session } from '../../runtime/engine/session.ts';
import { fastestSchedule } from '../../runtime/tuning/measure-schedules.ts';
import { compareGraph, fillGraph, keepGraph } from '../../runtime/tuning/trial.ts';
import { gatedUnit, product2, shape } from './contract-programs.ts';
import { openTestDevice } from './device.ts';

let device: GpuDevice | undefined;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device?.close());

function opened(): GpuDevice {
  if (!device) throw new Error('no device');
  return device;
}

function choiceOf(program: Program): Choice {
  const [choice] = choicesOf(program, opened().target);
  if (!choice) throw new Error('one schedule only');
  return choice;
}

describe('classes', () => {
  const large = (name: string): Program => {
    const { program } = product2(shape(512, 320, 128));
    return { ...program, groups: program.groups.map((group) => ({ ...group, name })) };
  };

  it('are of what kernels see, not of names', () => {
    expect(choiceOf(large('here')).key).toBe(choiceOf(large('there')).key);
    expect(choiceOf(large('here')).key).not.toBe(choiceOf(product2(shape(1024, 320, 128)).program).key);
    expect(choiceOf(product2(shape(512, 320, 128), 'km').program).key).not.toBe(choiceOf(large('here')).key);
  });
});

it.each([
  ['a product', product2(shape(512, 320, 128)).program],
  ['two that share an operand', gatedUnit(512, 320, 64).program],
])(
  '%s: the fastest is one of its schedules',
  async (_, program) => {
    const choice = choiceOf(program);
    expect(choice.schedules.length).toBeGreaterThan(1);
    expect(choice.schedules).toContain(await fastestSchedule(opened(), opened().target, choice));
  },
  60_000,
);

it('a schedule that computes something else is told by the elements that differ', async () => {
  const { program } = product2(shape(64, 64, 32));
  const tensors = program.tensors.map((tensor) => ({ ...tensor, role: 'state' as const }));
  const states = { ...program, tensors };
  const [group] = states.groups;
  if (!group) throw new Error('no group');
  const access = accessOf(group);
  const session = new Session(opened());
  const load = (graph: typeof fillGraph) => session.load(compileGraph(graph(states, access), {}, { target: opened().target })); // prettier-ignore
  const [fill, keep, compare] = [await load(fillGraph), await load(keepGraph), await load(compareGraph)];
  const differing = async (): Promise<number | undefined> => {
    compare.run();
    return (await compare.read('differing'))[0];
  };
  fill.run();
  keep.run();
  expect(await differing()).toBe(0);
  const values = await session.read('c');
  values.set([5, -5, Number.NaN], 7);
  session.write('c', values);
  expect(await differing()).toBe(3);
  session.destroy();
});
