import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { add, mul, sigmoid } from '../../../compiler/3-graph/expr-build.ts';
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import type { Axis, Group, MapGroup, Program, ProgramTensor } from '../../../compiler/5-optimize/groups.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import { PlanError } from '../../../compiler/7-plan/plan-error.ts';
import { planProgram } from '../../../compiler/7-plan/plan-program.ts';
import type { PlanOptions } from '../../../compiler/7-plan/plan-program.ts';
import { planStats } from '../../../compiler/7-plan/plan-stats.ts';
import type { Plan } from '../../../compiler/7-plan/plan.ts';
import { printPlan } from '../../../compiler/7-plan/print-plan.ts';
import { verifyPlan } from '../../../compiler/7-plan/verify-plan.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { openTestDevice } from '../../device/device.ts';
import { at, axis, element, numbers, program } from '../../device/programs.ts';
import type { TensorSpec } from '../../device/programs.ts';

const rows = axis('row', 5);
const columns = axis('column', 48);
const axes: readonly Axis[] = [rows, columns];

/** to = sigmoid(a) * b + 0.5, element by element. */
function map(to: number, a: number, b: number): MapGroup {
  const value = add(mul(sigmoid(element(a, axes)), element(b, axes)), 0.5);
  return {
    kind: 'map',
    name: `map:${to}`,
    axes,
    stores: [{ tensor: to, index: axes.map((one) => at(one.name)), value }],
  };
}

/** to = a - softmax-like sum over the row of a, so that every element needs its whole row. */
function row(to: number, a: number, b: number): Group {
  const index = axes.map((one) => at(one.name));
  const sum = { kind: 'var', name: 'sum', type: 'f32' } as const;
  return {
    kind: 'row',
    name: `row:${to}`,
    axes: [rows],
    row: [columns],
    reductions: [{ result: 'sum', fn: 'sum', value: mul(element(a, axes), element(b, axes)) }],
    rowStores: [],
    elementStores: [{ tensor: to, index, value: add(element(a, axes), mul(sum, 0.01)) }],
  };
}

/** Tensors 0: input x, 1: parameter w, 2: state s, then temporaries, and one output. */
function chain(steps: readonly (readonly [kind: 'map' | 'row' | 'state', a: number, b: number])[]): Program {
  const temporaries = steps.map((_, i): TensorSpec => [`t${i}`, 'temporary', axes]);
  const tensors: TensorSpec[] = [['x', 'input', axes], ['w', 'parameter', axes], ['s', 'state', axes], ...temporaries, ['y', 'output', axes]]; // prettier-ignore
  const groups = steps.map(([kind, a, b], i): Group => {
    const earlier = (choice: number): number => (choice % (i + 3) < 3 ? choice % 3 : choice % (i + 3));
    // A step that updates the state also writes its temporary, so that later steps have it.
    if (kind === 'row') return row(i + 3, earlier(a), earlier(b));
    const made = map(i + 3, earlier(a), earlier(b));
    if (kind === 'map') return made;
    const index = axes.map((one) => at(one.name));
    return { ...made, stores: [...made.stores, { tensor: 2, index, value: add(element(2, axes), element(earlier(a), axes)) }] }; // prettier-ignore
  });
  return program(tensors, ...groups, map(steps.length + 3, steps.length + 2, 1));
}

const values = new Map([
  ['x', numbers(240, 1)],
  ['w', numbers(240, 2)],
  ['s', numbers(240, 3)],
]);

let device: EngineDevice;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device.close());

async function run(plan: Plan): Promise<Record<'y' | 's', number[]>> {
  const session = new Session(device);
  const executable = await session.load(plan);
  for (const [name, data] of values) {
    if (name === 'x') executable.write(name, data);
    else if (session.has(name)) session.write(name, data);
  }
  executable.run();
  const result = { y: [...(await executable.read('y'))], s: [...(await session.read('s'))] };
  session.destroy();
  return result;
}

const planned: [string, PlanOptions][] = [
  ['packed, reused', { pack: true, reuse: true }],
  ['packed', { pack: true, reuse: false }],
  ['reused', { pack: false, reuse: true }],
  ['plain', { pack: false, reuse: false }],
];

describe('planning changes nothing', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('map' as const, 'map' as const, 'row' as const, 'state' as const), fc.nat(30), fc.nat(30)),
    { minLength: 3, maxLength: 14 },
  );
  // The oracle of one order; every plan must end with its numbers, bit-equal to each other.
  test.each([11, 12, 13, 14, 15, 16])('random programs on the device, seed %i', async (seed) => {
    for (const list of fc.sample(steps, { seed, numRuns: 2 })) {
      const wanted = evaluateProgram(chain(list), values);
      const results: Record<'y' | 's', number[]>[] = [];
      for (const [, options] of planned) results.push(await run(planProgram(chain(list), device.target, options)));
      const [first] = results;
      for (const result of results) expect(result).toEqual(first);
      for (const name of ['y', 's'] as const) {
        const error = Math.max(
          ...(first?.[name] ?? []).map((value, i) => Math.abs(value - (wanted.get(name)?.[i] ?? NaN))),
        );
        expect(error).toBeLessThan(2e-4);
      }
    }
  });

  test('a saved plan runs to the same bits', async () => {
    const plan = planProgram(chain([['map', 0, 1], ['row', 3, 0], ['state', 4, 3], ['map', 5, 4]]), device.target); // prettier-ignore
    expect(await run(JSON.parse(JSON.stringify(plan)) as Plan)).toEqual(await run(plan));
  });
});

function arenaBytes(from: Program, options: PlanOptions): number {
  return planStats(planProgram(from, defaultTarget, options)).arenaBytes;
}

describe('memory', () => {
  const long = chain(Array.from({ length: 12 }, (_, i) => ['map', i + 2, 1] as const));

  test('a chain of maps takes one place, each over the one before', () => {
    expect(arenaBytes(long, { reuse: true })).toBe(1024);
    expect(arenaBytes(long, { reuse: false })).toBe(12 * 1024);
  });

  test('equal kernels are one', () => {
    const stats = planStats(planProgram(long, defaultTarget));
    expect([stats.dispatches, stats.kernels]).toEqual([13, 2]); // into another place, and in place
  });

  test('a map that reads another element does not run in place', () => {
    const flipped = chain([['map', 0, 1], ['map', 3, 1]]); // prettier-ignore
    const groups = flipped.groups.map((group, i): Group => {
      const [store] = group.kind === 'map' ? group.stores : [];
      if (i !== 1 || group.kind !== 'map' || !store) return group;
      const mirrored = {
        ...element(3, axes),
        index: [at('row'), add(mul(at('column'), -1), 47)],
      } as typeof store.value;
      return { ...group, stores: [{ ...store, value: add(mirrored, element(3, axes)) }] };
    });
    expect(planStats(planProgram({ ...flipped, groups }, defaultTarget)).arenaBytes).toBe(2048);
  });

  test('arenas split where one buffer would be too large', () => {
    const wide = chain([['row', 0, 1], ['row', 3, 1], ['row', 3, 4], ['row', 3, 4], ['map', 5, 6], ['map', 3, 4]]); // prettier-ignore
    const small = { ...defaultTarget, maxBufferBytes: 2048 };
    const plan = planProgram(wide, small, { reuse: false });
    expect(plan.buffers.filter((buffer) => buffer.kind === 'arena').map((buffer) => buffer.bytes)).toEqual([2048, 2048, 2048]); // prettier-ignore
  });
});

test('a tensor larger than a buffer is one sentence with its size, the limit, and what helps', () => {
  const big = [axis('batch', 64), axis('seq', 1024), axis('vocab', 50304)];
  const tensor: ProgramTensor = { id: 0, name: 'logits', role: 'output', type: 'f32', dims: big };
  const plan = (): Plan => planProgram({ name: 'big', tensors: [tensor], groups: [] }, defaultTarget);
  expect(plan).toThrow(PlanError);
  expect(plan).toThrow(
    'tensor logits [batch 64, seq 1024, vocab 50304] of f32 takes 12.28 GiB, ' +
      'but this adapter has buffers of at most 256 MiB\n' +
      'what helps: a smaller batch, or a shorter context, or a smaller vocabulary',
  );
});

describe('verifyPlan', () => {
  const plan = planProgram(chain([['map', 0, 1], ['row', 3, 0]]), defaultTarget); // prettier-ignore
  const [step] = plan.steps;
  const [binding, other] = step?.bindings ?? [];
  if (!step || !binding || !other) throw new Error('the plan has a step with two bindings');

  test.each<[string, Partial<Plan>, RegExp]>([
    ['a binding past its buffer', { steps: [{ ...step, bindings: [{ ...binding, bytes: 4096 }] }] }, /binds up to 4096 of a buffer of 960/], // prettier-ignore
    ['an odd offset', { steps: [{ ...step, bindings: [{ ...binding, offset: 4 }] }] }, /binds offset 4/],
    ['one place twice', { steps: [{ ...step, bindings: [binding, binding] }] }, /binds one place twice/],
    ['a kernel that is not there', { steps: [{ ...step, kernel: 9 }] }, /runs kernel 9 of/],
    ['no workgroup', { steps: [{ ...step, workgroups: [0, 1, 1] }] }, /runs 0 x 1 x 1 workgroups/],
    ['two tensors of one name', { tensors: [...plan.tensors, ...plan.tensors] }, /two tensors are named x/],
  ])('finds %s', (_, damage, message) => {
    expect(() => verifyPlan({ ...plan, ...damage }, defaultTarget)).toThrow(message);
  });

  test('passes what planProgram makes', () => verifyPlan(plan, defaultTarget));
});

test('prints a line for every tensor, kernel and step', () => {
  const tensor = { role: 'input', type: 'f32', shape: [5, 48], dims: ['row', 'column'] } as const;
  const plan: Plan = {
    version: 2,
    target: 'webgpu',
    name: 'test',
    tensors: [
      { ...tensor, name: 'x', buffer: 0 },
      { ...tensor, name: 'y', role: 'output', buffer: 1 },
    ],
    buffers: [
      { bytes: 960, kind: 'tensor' },
      { bytes: 960, kind: 'tensor' },
      { bytes: 1024, kind: 'arena' },
    ],
    kernels: [{ name: 'map:a', family: 'map', code: 'fn main() {}\n' }],
    steps: [
      { kernel: 0, bindings: [{ buffer: 0, offset: 0, bytes: 960 }, { buffer: 2, offset: 0, bytes: 960 }], workgroups: [4, 1, 1] },
      { kernel: 0, bindings: [{ buffer: 2, offset: 0, bytes: 960 }, { buffer: 1, offset: 0, bytes: 960 }], workgroups: [4, 2, 1] },
    ], // prettier-ignore
    needs: {
      features: [],
      maxBindingBytes: 960,
      maxStorageBindings: 2,
      maxInvocations: 64,
      maxWorkgroupStorage: 0,
      scratchBytes: 0,
    },
  };
  expect(printPlan(plan, { code: true })).toBe(`plan test: 2 dispatches, 1 kernels, 2.875 KiB
needs features -, maxBindingBytes 960, maxStorageBindings 2, maxInvocations 64, maxWorkgroupStorage 0, scratchBytes 0

tensors
  input x f32 [row 5, column 48]
  output y f32 [row 5, column 48]
  arena 1 KiB

kernels
  k0 map:a

steps
  0 k0 [4] x arena+0:960
  1 k0 [4 x 2] arena+0:960 y

// k0 map:a
fn main() {}
`);
});
