// When kernels are timed, and that what was found before is used without asking the device.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import { choicesOf } from '../../../compiler/6-kernels/choices.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import type { Plan, WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { compileGraph, type CompileOptions } from '../../../compiler/compile-graph.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { compileTuned } from '../../../runtime/tuning/tune.ts';
import { writeTuned } from '../../../runtime/tuning/tuned-kernels.ts';

const adapter = 'adapter: of a test';
const clocked: WebGpuTarget = { ...defaultTarget, features: ['timestamp-query'] };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-tune-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function product(): Graph {
  const builder = new GraphBuilder('product');
  const source = (name: string, size: number) =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: [{ name: `${name}s`, size }, { name: 'k', size: 256 }] } }, []); // prettier-ignore
  builder.output('c', builder.add('contract', { over: ['k'] }, [source('a', 512), source('b', 512)]));
  return builder.finish();
}

/** A device that may be asked for nothing but what it is. */
const deviceOf = (target: WebGpuTarget, tune: boolean): EngineDevice =>
  new Proxy({ kind: 'gpu', target, tune, describe: () => adapter } as unknown as EngineDevice, {
    get(device, key) {
      if (key in device) return Reflect.get(device, key) as unknown;
      throw new Error(`the device is asked for ${String(key)}`);
    },
  });

const compile = (options: CompileOptions): Plan => compileGraph(product(), {}, options);
const untuned = (target: WebGpuTarget): Plan => compile({ target });

it.each([
  ['--no-tune', clocked, false],
  ['a software adapter', { ...clocked, software: true }, true],
  ['an adapter without a clock', defaultTarget, true],
] as const)('%s: nothing is timed, every kernel is as it is untuned', async (_, target, tune) => {
  expect(await compileTuned(deviceOf(target, tune), () => {}, compile)).toEqual(untuned(target));
});

it('what is known is used, and nothing is timed again', async () => {
  const program = fuse(product(), {}, { fusion: true, maxTensors: 10 });
  const [choice] = choicesOf(program, clocked);
  const [first, second] = choice?.schedules ?? [];
  if (!choice || first === undefined || second === undefined) throw new Error('one schedule only');
  writeTuned(adapter, { [choice.key]: first });
  expect(await compileTuned(deviceOf(clocked, true), () => {}, compile)).toEqual(untuned(clocked));
  writeTuned(adapter, { [choice.key]: second });
  const tuned = await compileTuned(deviceOf(clocked, true), () => {}, compile);
  expect(tuned.kernels).not.toEqual(untuned(clocked).kernels);
  writeTuned(adapter, { [choice.key]: '{"kind":"none of them"}' });
  expect(await compileTuned(deviceOf(clocked, true), () => {}, compile)).toEqual(untuned(clocked));
});

it('what is not known is timed', async () => {
  await expect(compileTuned(deviceOf(clocked, true), () => {}, compile)).rejects.toThrow(/the device is asked for/);
});
