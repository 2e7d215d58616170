// A run with the times of its steps, on every device.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import type { Plan, Target } from '../../../compiler/7-plan/plan.ts';
import { compileGraph } from '../../../compiler/compile-graph.ts';
import { openCpu } from '../../../runtime/engine/cpu/device.ts';
import { nodeThreads } from '../../../runtime/engine/cpu/node-threads.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { inOrder, spansOfSteps } from '../../../runtime/engine/run-times.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { openTestDevice } from '../../device/device.ts';

const devices: readonly [string, () => Promise<EngineDevice>][] = [
  ['the software adapter', openTestDevice],
  ['the CPU, one thread', () => openCpu(nodeThreads, 1)],
  ['the CPU, two threads', () => openCpu(nodeThreads, 2)],
];

/** y = x w, then its exponentials' sums: two steps or three. */
function plan(target: Target, size: number): Plan {
  const builder = new GraphBuilder('profiled');
  const source = (name: string, ...dims: readonly string[]) =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: dims.map((dim) => ({ name: dim, size })) } }, []); // prettier-ignore
  const product = builder.add('contract', { over: ['k'] }, [source('x', 'm', 'k'), source('w', 'k', 'n')]);
  builder.output('y', builder.add('logsumexp', { dim: 'n' }, [product]));
  return compileGraph(builder.finish(), {}, { target });
}

describe.each(devices)('%s', (_, open) => {
  let device: EngineDevice;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  test('computes the same, and says when each step ran', async () => {
    const session = new Session(device);
    const executable = await session.load(plan(device.target, 96));
    for (const name of ['x', 'w'])
      executable.write(
        name,
        Float32Array.from({ length: 96 * 96 }, (_, i) => Math.sin(i)),
      );
    executable.run();
    const plain = await executable.read('y');
    for (let turn = 0; turn < 2; turn++) {
      executable.write('x', new Float32Array(96 * 96));
      executable.run();
      executable.write(
        'x',
        Float32Array.from({ length: 96 * 96 }, (_, i) => Math.sin(i)),
      );
      const { steps, encode, submit, wait } = await executable.profile();
      expect(await executable.read('y')).toEqual(plain);
      expect(steps.length).toBe(executable.plan.steps.length);
      let last = encode.begin;
      for (const { begin, end } of steps) {
        expect(begin).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThanOrEqual(begin);
        last = end;
      }
      expect(steps.some(({ begin, end }) => end > begin)).toBe(true);
      const whole = wait.end - encode.begin;
      expect(last - (steps[0]?.begin ?? 0)).toBeLessThanOrEqual(whole + 1);
      expect([submit.begin, wait.begin]).toEqual([encode.end, submit.end]);
    }
    session.destroy();
    device.raise();
  });

  test('more steps than one set of queries holds', async () => {
    const session = new Session(device);
    const short = plan(device.target, 8);
    const steps = Array.from({ length: 2100 }, () => short.steps).flat();
    const executable = await session.load({ ...short, steps });
    const times = await executable.profile();
    expect(times.steps.length).toBe(steps.length);
    const ends = times.steps.map(({ end }) => end);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
    session.destroy();
    device.raise();
  });
});

test('a step lasts from its first piece to its last, and no time is counted twice', () => {
  const pieces = Int32Array.of(0, 0, 4, 0, 4, 8, 2, 0, 1);
  expect(spansOfSteps(3, pieces, Float64Array.of(11, 13, 10, 12, 13, 15), 9)).toEqual([
    { begin: 10, end: 13 },
    { begin: 13, end: 13 },
    { begin: 13, end: 15 },
  ]);
  expect(inOrder([{ begin: 0, end: 4 }, { begin: 3, end: 5 }, { begin: 4, end: 4 }])).toEqual([
    { begin: 0, end: 4 },
    { begin: 4, end: 5 },
    { begin: 5, end: 5 },
  ]); // prettier-ignore
});
