// The CPU: threads that share runs, the memory they share, and what happens when a kernel fails.
import { afterEach, describe, expect, test } from 'vitest';
import { add, effect, i32, local, loop, op } from '../../../compiler/6-kernels/wasm/code/code.ts';
import type { Plan } from '../../../compiler/7-plan/plan.ts';
import { openCpu, type CpuDevice } from '../../../runtime/engine/cpu/device.ts';
import { nodeThreads } from '../../../runtime/engine/cpu/node-threads.ts';
import type { ThreadHost } from '../../../runtime/engine/cpu/thread-host.ts';
import { DeviceError } from '../../../runtime/engine/device-error.ts';
import { openDevice } from '../../../runtime/engine/open-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { backAndForth, element, fold, kernel, tensor, trap } from './wasm-plans.ts';

const opened: CpuDevice[] = [];
async function open(threads: number): Promise<CpuDevice> {
  const device = await openCpu(nodeThreads, threads);
  opened.push(device);
  return device;
}
afterEach(() => {
  for (const device of opened.splice(0)) device.close();
});

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1000) / 300);

async function result(threads: number, plan: Plan, runs = 1): Promise<Float32Array> {
  const session = new Session(await open(threads));
  const executable = await session.load(plan);
  session.write('a', numbers(plan.tensors[0]?.shape[0] ?? 0));
  for (let i = 0; i < runs; i++) executable.run();
  return (await session.read('a')) as Float32Array;
}

/** What `fold` means, without rounds. */
function folded(size: number, steps: number): Float32Array {
  let values = numbers(size);
  for (let s = 0; s < steps; s++) {
    values = values.map((value, g) => Math.fround(Math.fround(Math.fround(value + (values[size - 1 - g] ?? 0)) * 0.5) + 1)); // prettier-ignore
  }
  return values;
}

describe('threads', () => {
  test.each([1, 2, 3, 7, 64, 1000])('1, 2 and 4 threads give the same bits: %i workgroups', async (size) => {
    const plan = backAndForth(
      'same',
      size,
      Array.from({ length: 40 }, (_, s) => fold(size, s % 3)),
    );
    const [one, ...others] = await Promise.all([1, 2, 4].map((threads) => result(threads, plan, 5)));
    for (const other of others) expect(other).toEqual(one);
  });

  test.each([1, 2, 4])('each step sees all of the step before: %i threads', async (threads) => {
    const size = 300;
    const plan = backAndForth(
      'order',
      size,
      Array.from({ length: 10 }, () => fold(size, 0)),
    );
    expect(await result(threads, plan, 50)).toEqual(folded(size, 500));
  });

  test('steps of one workgroup and of many stand side by side', async () => {
    const [one, many] = [1, 8].map((workgroups) => backAndForth('x', 8, [fold(8, 0)], workgroups));
    // The steps of one workgroup write element 0 only: run as the compiler would never write them, in order all the same.
    const steps = [many, one, one, many, one, many, many, one, many, many].flatMap((plan) => plan?.steps ?? []);
    const plan = { ...backAndForth('mixed', 8, [fold(8, 0), fold(8, 0)]), steps: steps.map((step, s) => ({ ...step, bindings: [s % 2, 1 - (s % 2)].map((buffer) => ({ buffer, offset: 0, bytes: 32 })) })) }; // prettier-ignore
    expect(await result(3, plan, 20)).toEqual(await result(1, plan, 20));
  });

  test('scratch memory is a thread’s own', async () => {
    // Writes its number to scratch, spins, and says what it then reads there.
    const plan = { ...backAndForth('scratch', 64, [scratchKernel]), needs: { ...backAndForth('', 1, []).needs, maxBindingBytes: 256, scratchBytes: 64 } }; // prettier-ignore
    const session = new Session(await open(4));
    const executable = await session.load(plan);
    for (let i = 0; i < 20; i++) executable.run();
    expect(await session.read('b')).toEqual(Float32Array.from({ length: 64 }, (_, i) => i));
  });

  test('kernels of one text are compiled once', async () => {
    const compiled: unknown[] = [];
    const compile = WebAssembly.compile.bind(WebAssembly);
    WebAssembly.compile = (bytes: BufferSource) => {
      compiled.push(bytes);
      return compile(bytes);
    };
    try {
      const session = new Session(await open(2));
      await session.load(backAndForth('one', 8, [fold(8, 3), fold(8, 3), fold(8, 4)]));
      await session.load(backAndForth('two', 8, [fold(8, 4), fold(8, 5)]));
    } finally {
      WebAssembly.compile = compile;
    }
    expect(compiled.length).toBe(3);
  });

  test('plans are loaded, run and freed while others run', async () => {
    const session = new Session(await open(2));
    const long = await session.load(
      backAndForth(
        'long',
        64,
        Array.from({ length: 20 }, () => fold(64, 20_000)),
      ),
    );
    session.write('a', new Float32Array(64));
    for (let i = 0; i < 5; i++) long.run();
    const other = new Session(session.device);
    for (let i = 0; i < 5; i++) {
      const short = await other.load(backAndForth(`short ${i}`, 64, [fold(64, i), fold(64, 0)]));
      short.run();
      short.destroy();
    }
    other.destroy();
    long.destroy();
    expect((await session.read('a')).length).toBe(64);
  });
});

const scratchKernel = kernel(2, ({ tensors: [, to], scratch, begin, end }) => {
  const [g, turn] = [local('g', 'i32'), local('turn', 'i32')];
  const index = { kind: 'get', type: 'i32', local: g } as const;
  const again = effect('f32.store', [scratch, op('f32.load', [scratch])]);
  return loop(g, begin, end, 1, [
    effect('f32.store', [scratch, op('f32.convert_i32_s', [index])]),
    ...loop(turn, i32(0), i32(2000), 1, [again]),
    effect('f32.store', [element(to, index), op('f32.load', [scratch])]),
  ]);
});

describe('the event loop', () => {
  const size = 64;
  const long = backAndForth(
    'long',
    size,
    Array.from({ length: 40 }, () => fold(size, 100_000)),
  );

  async function ticks(act: () => Promise<unknown>): Promise<{ ticks: number; milliseconds: number }> {
    let count = 0;
    const timer = setInterval(() => count++, 5);
    const start = performance.now();
    await act();
    clearInterval(timer);
    return { ticks: count, milliseconds: performance.now() - start };
  }

  test.each([1, 2])('has its turns during a long run, %i threads; `run` returns at once', async (threads) => {
    const session = new Session(await open(threads));
    const executable = await session.load(long);
    const seen = await ticks(() => {
      const start = performance.now();
      executable.run();
      executable.run();
      expect(performance.now() - start).toBeLessThan(100);
      return session.read('a');
    });
    expect(seen.milliseconds).toBeGreaterThan(100);
    expect(seen.ticks).toBeGreaterThan(seen.milliseconds / 100);
  });

  test('has its turns during many short runs, each awaited', async () => {
    const session = new Session(await open(2));
    const short = await session.load(backAndForth('short', 8, [fold(8, 100)]));
    const seen = await ticks(async () => {
      for (const start = performance.now(); performance.now() - start < 300;) {
        short.run();
        await session.read('a');
      }
    });
    expect(seen.ticks).toBeGreaterThan(4);
  });

  test('a short run is over when `run` returns', async () => {
    const device = await open(2);
    const session = new Session(device);
    const short = await session.load(backAndForth('short', 8, [fold(8, 1), fold(8, 1)]));
    await sleep(5);
    let over = false;
    short.run();
    void session.read('a').then(() => (over = true));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(over).toBe(true);
  });
});

describe('a kernel that traps', () => {
  test.each([
    [1, 0],
    [2, 0],
    [2, 99],
    [4, 50],
    [4, 99],
  ])('is named at the next read, and stops no thread: %i threads, workgroup %i', async (threads, bad) => {
    const size = 100;
    const device = await open(threads);
    const session = new Session(device);
    const executable = await session.load(backAndForth('bad', size, [fold(size, 9), trap(bad), fold(size, 9), fold(size, 9)])); // prettier-ignore
    for (let i = 0; i < 100; i++) executable.run();
    const error = await session.read('a').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(/^kernel map:bad\.1 of the plan bad failed: .*out of bounds/);
    executable.run();
    await expect(session.read('b')).rejects.toThrow(/^kernel map:bad\.1/); // the first fault is kept
    expect(() => device.raise()).toThrow(DeviceError);
    session.destroy();
  });
});

test('a thread that ends by itself is told of at the next read', async () => {
  let end: (reason: string) => void = () => {};
  const host: ThreadHost = {
    ...nodeThreads,
    start: (count, onDeath) => {
      end = onDeath;
      return nodeThreads.start(count, onDeath);
    },
  };
  const device = await openCpu(host, 2);
  opened.push(device);
  const session = new Session(device);
  const executable = await session.load(
    backAndForth(
      'last',
      64,
      Array.from({ length: 40 }, () => fold(64, 50_000)),
    ),
  );
  executable.run();
  executable.run();
  end('no memory');
  await expect(session.read('a')).rejects.toThrow(/^a thread of the CPU has ended: no memory$/);
});

describe('memory', () => {
  const large = (name: string, bytes: number): Plan => ({
    ...backAndForth(name, 8, [fold(8, 0)]),
    buffers: [...backAndForth('', 8, []).buffers, { bytes, kind: 'tensor' }],
  });

  test('grows, and keeps what it holds, for all threads', async () => {
    const session = new Session(await open(2));
    const plan = backAndForth(
      'first',
      64,
      Array.from({ length: 4 }, () => fold(64, 0)),
    );
    const executable = await session.load(plan);
    session.write('a', numbers(64));
    executable.run();
    const others = [];
    for (const mebibytes of [1, 40, 200]) others.push(await new Session(session.device).load(large('grow', mebibytes * 2 ** 20))); // prettier-ignore
    for (const other of others) other.run();
    executable.run();
    expect(await session.read('a')).toEqual(folded(64, 8));
  });

  test('reaches past 2 GiB', async () => {
    const session = new Session(await open(2));
    const spacer = session.device.createBuffer(2 ** 31);
    const executable = await session.load(backAndForth('high', 64, [fold(64, 0), fold(64, 0)]));
    session.write('a', numbers(64));
    executable.run();
    expect(await session.read('a')).toEqual(folded(64, 2));
    spacer.destroy();
  });

  test('is zero again when it is taken again', async () => {
    const device = await open(1);
    for (const bytes of [1000, 5000, 300]) {
      const buffer = device.createBuffer(bytes);
      expect(new Uint8Array(await device.read(buffer)).every((byte) => byte === 0)).toBe(true);
      device.write(buffer, new Uint8Array(bytes).fill(255));
      buffer.destroy();
    }
  });

  test('can be read 64 bytes past the end of the last buffer', async () => {
    const past = kernel(2, ({ tensors: [, to = i32(0)] }) => [effect('v128.store', [to, op('v128.load', [add(to, i32(256 + 48))])])]); // prettier-ignore
    const device = await open(1);
    const session = new Session(device);
    const page = 65536;
    // Buffers up to the end of the pages that are there: the last one's spare bytes need a page of their own.
    for (let i = 0; i < (300 * page) / 512; i++) device.createBuffer(256);
    const executable = await session.load(backAndForth('past', 64, [past], 1));
    executable.run();
    expect((await session.read('b')).length).toBe(64);
  });

  test('that runs out is one sentence and what helps, and harms nothing', async () => {
    const device = await open(1);
    const session = new Session(device);
    const executable = await session.load(backAndForth('small', 8, [fold(8, 0), fold(8, 0)]));
    session.write('a', numbers(8));
    const held = [2, 1].map((gibibytes) => device.createBuffer(gibibytes * 2 ** 30)); // not touched, so not of the machine
    const failing = new Session(device);
    await expect(failing.load(large('large', 2 ** 30))).rejects.toThrow(
      /^memory ran out on the CPU: 1024\.0 MiB more are needed where 3072\.0 MiB are taken, and the limit is \d+\.\d MiB: 32-bit WebAssembly addresses at most 4 GiB\.\nA smaller batch, a shorter context or `accumulate`/,
    );
    await expect(failing.load(large('huge', 2 ** 32 - 2 ** 20))).rejects.toThrow(/4 GiB|4\.00 GiB/);
    executable.run();
    expect(await session.read('a')).toEqual(folded(8, 2));
    for (const buffer of held) buffer.destroy();
    await failing.load(large('not so large', 2 ** 26));
  });

  test('tensors of the whole limit are refused by the plan’s needs', async () => {
    const session = new Session(await open(1));
    const plan = backAndForth('huge', 8, [fold(8, 0)]);
    const buffers = Array.from({ length: 3 }, () => ({ bytes: 2 ** 31, kind: 'tensor' as const }));
    await expect(session.load({ ...plan, buffers: [...plan.buffers, ...buffers], tensors: [tensor('a', 'state', 0, 8)] })).rejects.toThrow(/^this device cannot run the plan huge: it needs 6\.00 GiB, and 32-bit WebAssembly addresses at most 4\.00 GiB\./); // prettier-ignore
  });
});

test.each([0, 1.5, 257, Number.NaN])('%d threads are refused', async (threads) => {
  await expect(openDevice({ device: 'cpu', threads })).rejects.toThrow(/ threads are asked for; give a whole number from 1 to 256$/); // prettier-ignore
});
