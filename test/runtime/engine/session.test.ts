// What sessions and executables promise, on every device.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../../compiler/7-plan/plan.ts';
import { openCpu } from '../../../runtime/engine/cpu/device.ts';
import { nodeThreads } from '../../../runtime/engine/cpu/node-threads.ts';
import type { TensorData } from '../../../runtime/engine/data/tensor-data.ts';
import { DeviceError } from '../../../runtime/engine/device-error.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { openTestDevice } from '../../device/device.ts';
import { accumulate, tensor } from './wasm-plans.ts';

/** state = state + weight * x; y = state. */
const wgsl = `
@group(0) @binding(0) var<storage, read_write> t0: array<f32>;
@group(0) @binding(1) var<storage, read_write> t1: array<f32>;
@group(0) @binding(2) var<storage, read_write> t2: array<f32>;
@group(0) @binding(3) var<storage, read_write> t3: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  t2[i] += t0[i] * t1[i];
  t3[i] = t2[i];
}`;
const code = { webgpu: wgsl, wasm: accumulate };
const needs = { features: [], maxBindingBytes: 16, maxStorageBindings: 4, maxInvocations: 1, maxWorkgroupStorage: 0, scratchBytes: 0 }; // prettier-ignore

const devices: readonly [string, () => Promise<EngineDevice>][] = [
  ['the software adapter', openTestDevice],
  ['the CPU, one thread', () => openCpu(nodeThreads, 1)],
  ['the CPU, three threads', () => openCpu(nodeThreads, 3)],
];

describe.each(devices)('%s', (_, open) => {
  let device: EngineDevice;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  function plan(name: string, change: Partial<Plan> = {}): Plan {
    const bindings = [0, 1, 2, 3].map((buffer) => ({ buffer, offset: 0, bytes: 16 }));
    return {
      version: 2,
      target: device.target.kind,
      name,
      tensors: [
        tensor('x', 'input', 0, 4),
        tensor('weight', 'parameter', 1, 4),
        tensor('sum', 'state', 2, 4),
        tensor('y', 'output', 3, 4),
      ],
      buffers: Array.from({ length: 4 }, () => ({ bytes: 16, kind: 'tensor' as const })),
      kernels: [{ name: 'map:add', family: 'map', code: code[device.target.kind] }],
      steps: [{ kernel: 0, bindings, workgroups: [1, 1, 1] }],
      needs,
      ...change,
    };
  }

  function withArena(bytes: number): Plan {
    return plan('arena', { buffers: [...plan('').buffers, { bytes, kind: 'arena' }] });
  }

  async function runOnce(saved: Plan): Promise<number[]> {
    const session = new Session(device);
    const run = await session.load(saved);
    session.write('weight', new Float32Array([0.1, 0.2, 0.3, 0.4]));
    run.write('x', new Float32Array([3, 5, 7, 11]));
    run.run();
    const result = [...(await run.read('y'))];
    session.destroy();
    return result;
  }

  test('describes itself in one line', () => {
    expect(device.describe()).toMatch(device.kind === 'gpu' ? /^adapter: \S.*$/ : /^cpu: \S.*, \d threads? \(WebAssembly SIMD.*\)$/); // prettier-ignore
    expect(device.target.maxStorageBindings).toBeGreaterThanOrEqual(8);
  });

  test('starts states at zero, runs, and shares parameters and states between plans by name', async () => {
    const session = new Session(device);
    const first = await session.load(plan('first'));
    session.write('weight', new Float32Array([1, 2, 3, 4]));
    first.write('x', new Float32Array([1, 1, 1, 1]));
    first.run();
    expect([...(await first.read('y'))]).toEqual([1, 2, 3, 4]);

    const second = await session.load(plan('second'));
    second.fill('x', 10);
    second.run();
    second.run();
    expect([...(await second.read('y'))]).toEqual([21, 42, 63, 84]);
    expect([...(await session.read('sum'))]).toEqual([21, 42, 63, 84]);
    expect([...(await first.read('y'))]).toEqual([1, 2, 3, 4]);
    expect(session.tensors().map(({ name, role }) => `${role} ${name}`)).toEqual(['parameter weight', 'state sum']);
    session.destroy();
  });

  test('takes writes and runs in the order they were asked for', async () => {
    const session = new Session(device);
    const run = await session.load(plan('order'));
    const reused = new Float32Array(4);
    session.write('weight', new Float32Array([1, 1, 1, 1]));
    const reads: Promise<TensorData>[] = [];
    for (let i = 1; i <= 200; i++) {
      run.write('x', reused.fill(i));
      run.run();
      if (i % 50 === 0) reads.push(run.read('y'));
    }
    reused.fill(Number.NaN);
    expect((await Promise.all(reads)).map(([first]) => first)).toEqual([1275, 5050, 11325, 20100]);
    session.destroy();
  });

  test('runs a plan that went through JSON to the same bits', async () => {
    expect(await runOnce(JSON.parse(JSON.stringify(plan('saved'))) as Plan)).toEqual(await runOnce(plan('saved')));
  });

  test('shares arenas between plans', async () => {
    const session = new Session(device);
    const made: number[] = [];
    const create = device.createBuffer.bind(device);
    device.createBuffer = (bytes) => {
      made.push(bytes);
      return create(bytes);
    };
    try {
      await Promise.all([session.load(withArena(4096)), session.load(withArena(1024))]);
    } finally {
      device.createBuffer = create;
    }
    expect(made.filter((bytes) => bytes > 16)).toEqual([4096]);
    session.destroy();
  });

  test('a load that fails leaves the session as it was', async () => {
    const session = new Session(device);
    const bad = { kernels: [{ name: 'map:bad', family: 'map', code: 'fn main( {' }] };
    await expect(session.load(plan('bad', bad))).rejects.toThrow(DeviceError);
    expect(session.tensors()).toEqual([]);
    await session.load(plan('good'));
    expect([...(await session.read('sum'))]).toEqual([0, 0, 0, 0]);
    session.destroy();
  });

  test.each<[string, (session: Session) => Promise<unknown>, RegExp]>([
    [
      'a kernel that does not compile',
      (session) => session.load(plan('bad', { kernels: [{ name: 'map:bad', family: 'map', code: 'fn main( {' }] })),
      /^the device refuses kernel map:bad: ./,
    ],
    [
      'a binding outside its buffer',
      (session) => session.load(plan('out', { buffers: [8, 16, 16, 16].map((bytes) => ({ bytes, kind: 'tensor' })) })),
      /^the device refuses the plan out: /,
    ],
    [
      'a need the device cannot meet',
      (session) => session.load(plan('big', { needs: { ...needs, maxBindingBytes: 2 ** 45 } })),
      /^this device cannot run the plan big: it needs 35184372088832 bytes in one binding, the (adapter|CPU) allows \d+$/,
    ],
    [
      'a feature the device lacks',
      (session) => session.load(plan('x', { needs: { ...needs, features: ['ray-tracing'] } })),
      /^this device cannot run the plan x: the (adapter|CPU) lacks ray-tracing$/,
    ],
    [
      'a plan for another device',
      (session) => session.load(plan('x', { target: device.target.kind === 'wasm' ? 'webgpu' : 'wasm' })),
      /^this device cannot run the plan x: it was compiled for (a GPU|the CPU) \(\w+\), and the device is (a GPU|the CPU) \(\w+\); compile/,
    ],
    [
      'a plan of the version before',
      (session) => session.load({ ...plan('old'), version: 1 } as unknown as Plan),
      /^this device cannot run the plan old: its format is version 1, this engine reads version 2$/,
    ],
    [
      'a state of another shape than the plan before had',
      async (session) => {
        await session.load(plan('a'));
        await session.load(plan('b', { tensors: [tensor('sum', 'state', 2, 3)] }));
      },
      /^state sum is f32 \[3\] in this plan and f32 \[4\] in one loaded before it$/,
    ],
    [
      'too few numbers for a parameter',
      async (session) => {
        await session.load(plan('a'));
        session.write('weight', new Float32Array(3));
      },
      /^tensor weight \[4\] holds 4 numbers; 3 were written$/,
    ],
    [
      'integers for an f32 input',
      async (session) => (await session.load(plan('a'))).write('x', new Int32Array(4)),
      /^tensor x is f32; i32 numbers were written$/,
    ],
    [
      'an input that is not there',
      async (session) => (await session.load(plan('a'))).write('z', new Float32Array(4)),
      /^the plan a has no input z; it has x$/,
    ],
    [
      'a parameter no plan has',
      (session) => session.read('nothing'),
      /^no loaded plan has a parameter or state nothing$/,
    ],
  ])('says in one sentence: %s', async (__, act, message) => {
    const session = new Session(device);
    const error = await act(session).catch((cause: unknown) => cause);
    session.destroy();
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(message);
    device.raise(); // and nothing of it stays behind
  });

  test('a closed device says so', async () => {
    const closed = await open();
    const session = new Session(closed);
    const run = await session.load(plan('closed'));
    run.run();
    closed.close();
    run.run();
    await expect(run.read('y')).rejects.toThrow(/^the device has been closed$/);
    session.destroy();
  });

  test.runIf(open === openTestDevice)('an uncaptured error becomes one DeviceError at the next read', async () => {
    const failing = await openTestDevice();
    const session = new Session(failing);
    const run = await session.load(plan('late'));
    const stray = failing.gpu.createBuffer({ size: 16, usage: 0x8 });
    failing.gpu.queue.writeBuffer(stray, 8, new Uint8Array(16));
    run.run();
    const error = await run.read('y').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(/^the device refused a command: Write range/);
    failing.close();
  });

  test.runIf(open === openTestDevice)('a lost device becomes one DeviceError', async () => {
    const failing = await openTestDevice();
    const session = new Session(failing);
    const run = await session.load(plan('lost'));
    failing.gpu.destroy();
    await failing.gpu.lost;
    run.run();
    await expect(run.read('y')).rejects.toThrow(/^the device was lost \(destroyed\)/);
    failing.close();
  });
});
