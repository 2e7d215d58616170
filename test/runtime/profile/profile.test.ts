// Profiles: what is kept, how it adds up, what is written.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import type { Plan, Target } from '../../../compiler/7-plan/plan.ts';
import { compileGraph } from '../../../compiler/compile-graph.ts';
import { openCpu } from '../../../runtime/engine/cpu/device.ts';
import { nodeThreads } from '../../../runtime/engine/cpu/node-threads.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { printProfile } from '../../../runtime/profile/print-profile.ts';
import { Profiler, type Section } from '../../../runtime/profile/profiler.ts';
import { commonName, summarize } from '../../../runtime/profile/summarize.ts';
import type { Trace } from '../../../runtime/profile/trace.ts';
import { writeProfile } from '../../../runtime/profile/write-profile.ts';
import { openTestDevice } from '../../device/device.ts';

/** y = x w0 w1 w2: products of one size, one after another. */
function plan(target: Target): Plan {
  const builder = new GraphBuilder('chain');
  const source = (name: string, ...dims: readonly string[]) =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: dims.map((dim) => ({ name: dim, size: 64 })) } }, []); // prettier-ignore
  const dims = ['a', 'b', 'c', 'd'] as const;
  let x: Parameters<GraphBuilder['output']>[1] = source('x', 'm', 'a');
  for (const [i, over] of dims.slice(0, 3).entries()) {
    const w = source(`w${i}`, over, dims[i + 1] ?? 'd');
    x = builder.at({ path: `layers.${i}.up` }, () => builder.add('contract', { over: [over] }, [x, w]));
  }
  builder.output('y', x);
  return compileGraph(builder.finish(), {}, { target });
}

const devices: readonly [string, () => Promise<EngineDevice>][] = [
  ['the software adapter', openTestDevice],
  ['the CPU', () => openCpu(nodeThreads, 2)],
];

describe.each(devices)('%s', (_, open) => {
  let device: EngineDevice;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'modelc-profile-'));
    device = await open();
  });
  afterAll(() => {
    device.close();
    rmSync(folder, { recursive: true });
  });

  async function profiled(): Promise<readonly Section[]> {
    const session = new Session(device);
    const executable = await session.load(plan(device.target));
    const done: (readonly Section[])[] = [];
    const profiler = new Profiler({ step: { warmup: 2, count: 3 } }, (sections) => done.push(sections));
    for (let i = 0; i < 8; i++) {
      await profiler.measure('step', async (run) => {
        await run(executable);
        await executable.read('y');
      });
    }
    session.destroy();
    expect(done).toEqual([profiler.sections()]);
    return profiler.sections();
  }

  test('the table adds up', async () => {
    const [section] = await profiled();
    if (!section) throw new Error('nothing was profiled');
    expect([section.plain.length, section.profiled.map(({ number }) => number)]).toEqual([1, [3, 4, 5]]);
    const summary = summarize(section);
    const { kernels, kernelMs, plainMs, gapMs, dispatches, flops, bytes } = summary;
    const sum = (of: (row: (typeof kernels)[number]) => number | null): number => kernels.reduce((total, row) => total + (of(row) ?? NaN), 0); // prettier-ignore
    expect(sum(({ ms }) => ms)).toBeCloseTo(kernelMs, 9);
    expect(sum(({ share }) => share)).toBeCloseTo(1, 9);
    expect(plainMs).toBeCloseTo(kernelMs + gapMs, 9);
    expect(summary.plainQueueMs === null).toBe(device.kind === 'cpu');
    expect([sum(({ calls }) => calls), dispatches]).toEqual([3, 3]);
    expect([sum((row) => row.flops), flops]).toEqual([3 * 2 * 64 ** 3, 3 * 2 * 64 ** 3]);
    expect([sum((row) => row.bytes), bytes]).toEqual([9 * 4 * 64 ** 2, 9 * 4 * 64 ** 2]);
    expect(kernelMs).toBeGreaterThan(0);
    const text = printProfile(summary);
    expect(text).toMatch(/^step: .* the mean of 3, .* before/);
    expect(text).toMatch(/contract:layers\.\*\.up +contract +3 .*FLOP\/s .*B\/s/);
    expect(text).toMatch(/all kernels +3 .* 100\.0 %/);
    expect(text).toMatch(/gap: (none|.* in no kernel)/);
  });

  test('the files hold every run, and the trace one track for kernels and one for the host', async () => {
    const { profile, trace } = writeProfile(folder, await profiled(), device.describe());
    const data = JSON.parse(readFileSync(profile, 'utf8')) as {
      device: string;
      runs: { runs: { steps: unknown[] }[] }[];
    };
    expect(data.device).toBe(device.describe());
    expect(data.runs.map((work) => work.runs.map((run) => run.steps.length))).toEqual([[3], [3], [3]]);
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as Trace;
    const tracks = traceEvents.flatMap((event) => (event.ph === 'M' && event.name === 'thread_name' ? [[event.tid, event.args.name]] : [])); // prettier-ignore
    expect(tracks).toEqual([[1, device.describe()], [2, 'host']]); // prettier-ignore
    const events = traceEvents.flatMap((event) => (event.ph === 'X' ? [event] : []));
    expect(events.filter(({ tid }) => tid === 1).map(({ name }) => name)).toEqual(
      [3, 4, 5].flatMap(() => [0, 1, 2].map((layer) => `contract:layers.${layer}.up`)),
    );
    const host = events.filter(({ tid }) => tid === 2);
    expect(host.map(({ name }) => name)).toEqual(
      [3, 4, 5].flatMap((number) => [`step ${number}`, 'encode', 'submit', 'wait and read back']),
    );
    expect(events.every(({ ts, dur }) => ts >= 0 && dur >= 0)).toBe(true);
    const steps = host.filter(({ cat }) => cat === 'work');
    for (const { ts, dur } of host) expect(steps.some((step) => ts >= step.ts && ts + dur <= step.ts + step.dur + 0.002)).toBe(true); // prettier-ignore
  });
});

test('a name for what differs in numbers only', () => {
  expect(commonName(['contract:layers.0.attn.q', 'contract:layers.1.attn.q'])).toBe('contract:layers.*.attn.q');
  expect(commonName(['contract:layers.0.q + contract:layers.0.k', 'contract:layers.1.q + contract:layers.1.k'])).toBe('contract:layers.*.q + contract:layers.*.k'); // prettier-ignore
  expect(commonName(['map:layers.0.q', 'map:layers.1.q', 'map:layers.0.k'])).toBe('map:layers.*.q and 1 more');
  expect(commonName(['row:layers.3.norm'])).toBe('row:layers.3.norm');
});
