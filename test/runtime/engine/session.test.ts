import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan, PlanTensor } from '../../../compiler/7-plan/plan.ts';
import { openDevice } from '../../../runtime/engine/device.ts';
import type { EngineDevice } from '../../../runtime/engine/device.ts';
import { DeviceError } from '../../../runtime/engine/device-error.ts';
import { Session } from '../../../runtime/engine/session.ts';

const needs = { features: [], maxBindingBytes: 16, maxStorageBindings: 3, maxInvocations: 64, maxWorkgroupStorage: 0 };

/** state = state + weight * x; y = state. */
const code = `
@group(0) @binding(0) var<storage, read_write> t0: array<f32>;
@group(0) @binding(1) var<storage, read_write> t1: array<f32>;
@group(0) @binding(2) var<storage, read_write> t2: array<f32>;
@group(0) @binding(3) var<storage, read_write> t3: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  t2[i] += t0[i] * t1[i];
  t3[i] = t2[i];
}`;

function tensor(name: string, role: PlanTensor['role'], buffer: number, size = 4): PlanTensor {
  return { name, role, type: 'f32', shape: [size], dims: ['d'], buffer };
}

function plan(name: string, change: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    name,
    tensors: [
      tensor('x', 'input', 0),
      tensor('weight', 'parameter', 1),
      tensor('sum', 'state', 2),
      tensor('y', 'output', 3),
    ],
    buffers: Array.from({ length: 4 }, () => ({ bytes: 16, kind: 'tensor' as const })),
    kernels: [{ name: 'map:add', family: 'map', code }],
    steps: [{ kernel: 0, bindings: [0, 1, 2, 3].map((buffer) => ({ buffer, offset: 0, bytes: 16 })), workgroups: [1, 1, 1] }], // prettier-ignore
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

let device: EngineDevice;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

test('describes its adapter in one line', () => {
  expect(device.describe()).toMatch(/^adapter: \S.*$/);
  expect(device.target.maxStorageBindings).toBeGreaterThanOrEqual(8);
  expect(device.target.software).toBe(device.adapter.kind === 'software');
});

describe('a session', () => {
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

  test('runs a plan that went through JSON to the same bits', async () => {
    expect(await runOnce(JSON.parse(JSON.stringify(plan('saved'))) as Plan)).toEqual(await runOnce(plan('saved')));
  });

  test('shares arenas between plans', async () => {
    const session = new Session(device);
    const made: number[] = [];
    const create = device.gpu.createBuffer.bind(device.gpu);
    device.gpu.createBuffer = (descriptor) => {
      made.push(descriptor.size);
      return create(descriptor);
    };
    try {
      await session.load(withArena(4096));
      await session.load(withArena(1024));
    } finally {
      device.gpu.createBuffer = create;
    }
    expect(made.filter((bytes) => bytes > 16)).toEqual([4096]);
    session.destroy();
  });

  test.each<[string, (session: Session) => Promise<unknown>, RegExp]>([
    [
      'a kernel that does not compile',
      (session) => session.load(plan('bad', { kernels: [{ name: 'map:bad', family: 'map', code: 'fn main( {' }] })),
      /^the device refuses kernel map:bad: .*expected '\)'/,
    ],
    [
      'a binding outside its buffer',
      (session) => session.load(plan('out', { buffers: [8, 16, 16, 16].map((bytes) => ({ bytes, kind: 'tensor' })) })),
      /^the device refuses the plan out: /,
    ],
    [
      'a need the device cannot meet',
      (session) => session.load(plan('big', { needs: { ...needs, maxBindingBytes: 2 ** 45 } })),
      /^this device cannot run the plan big: it needs 35184372088832 bytes in one binding, the adapter allows \d+$/,
    ],
    [
      'a feature the device lacks',
      (session) => session.load(plan('x', { needs: { ...needs, features: ['ray-tracing'] } })),
      /^this device cannot run the plan x: the adapter lacks ray-tracing$/,
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
  ])('says in one sentence: %s', async (_, act, message) => {
    const session = new Session(device);
    const error = await act(session).catch((cause: unknown) => cause);
    session.destroy();
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(message);
    device.raise(); // and nothing of it stays behind
  });
});

describe('a device that fails', () => {
  test('an uncaptured error becomes one DeviceError at the next read', async () => {
    const failing = await openDevice();
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

  test('a lost device becomes one DeviceError', async () => {
    const failing = await openDevice();
    const session = new Session(failing);
    const run = await session.load(plan('lost'));
    failing.gpu.destroy();
    await failing.gpu.lost;
    run.run();
    await expect(run.read('y')).rejects.toThrow(/^the device was lost \(destroyed\)/);
    failing.close();
  });

  test('a closed device says so', async () => {
    const closed = await openDevice();
    const session = new Session(closed);
    const run = await session.load(plan('closed'));
    closed.close();
    await expect(run.read('y')).rejects.toThrow(/^the device has been closed$/);
  });
});
