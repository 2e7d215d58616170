// Takes: what a kernel does. Gives: Plans for the CPU whose kernels are written out by hand.
// Promises: tensors of f32, one buffer each; nothing of the compiler but the encoder of modules.
import { add, effect, get, i32, local, loop, op, repeat, set } from '../../../compiler/6-kernels/wasm/code/code.ts';
import type { Code, Statement } from '../../../compiler/6-kernels/wasm/code/code.ts';
import { encodeModule } from '../../../compiler/6-kernels/wasm/code/encode.ts';
import type { Plan, PlanTensor } from '../../../compiler/7-plan/plan.ts';

interface KernelScope {
  readonly tensors: readonly Code[];
  readonly scratch: Code;
  readonly begin: Code;
  readonly end: Code;
}

/** Base64 of a module whose `main` has so many bindings. */
export function kernel(bindings: number, build: (scope: KernelScope) => readonly Statement[]): string {
  const tensors = Array.from({ length: bindings }, (_, t) => local(`t${t}`, 'i32'));
  const [scratch, begin, end] = [local('scratch', 'i32'), local('begin', 'i32'), local('end', 'i32')];
  const scope = { tensors: tensors.map(get), scratch: get(scratch), begin: get(begin), end: get(end) };
  const main = { name: 'main', params: [...tensors, scratch, begin, end], body: build(scope), result: null };
  return Buffer.from(encodeModule(main)).toString('base64');
}

/** The address of element `index` of a tensor of f32. */
export const element = (tensor: Code | undefined, index: Code): Code =>
  add(tensor ?? i32(0), op('i32.mul', [index, i32(4)]));

/** t2 = t2 + t0 * t1; t3 = t2, four numbers. */
export const accumulate = kernel(4, ({ tensors: [a = i32(0), b = i32(0), sum = i32(0), out = i32(0)] }) => {
  const vector = (address: Code): Code => op('v128.load', [address]);
  const total = op('f32x4.add', [vector(sum), op('f32x4.mul', [vector(a), vector(b)])]);
  return [effect('v128.store', [sum, total]), effect('v128.store', [out, vector(sum)])];
});

/**
 * For every workgroup g: t1[g] = (t0[g] + t0[size - 1 - g]) / 2 + 1, then so many rounds of x = x * 1.0000001; what it needs
 * was written by other threads.
 */
export function fold(size: number, rounds: number): string {
  return kernel(2, ({ tensors: [from, to], begin, end }) => {
    const [g, x, round] = [local('g', 'i32'), local('x', 'f32'), local('round', 'i32')];
    const load = (index: Code): Code => op('f32.load', [element(from, index)]);
    const mirrored = load(op('i32.sub', [i32(size - 1), get(g)]));
    const constant = (value: number): Code => ({ kind: 'const', type: 'f32', value: Math.fround(value) });
    const first = op('f32.add', [op('f32.mul', [op('f32.add', [load(get(g)), mirrored]), constant(0.5)]), constant(1)]);
    const turn = [
      set(x, op('f32.mul', [get(x), constant(1.0000001)])),
      set(round, op('i32.sub', [get(round), i32(1)])),
    ];
    const spin = rounds > 0 ? [set(round, i32(rounds)), repeat(turn, get(round))] : [];
    const store = effect('f32.store', [element(to, get(g)), get(x)]);
    return loop(g, begin, end, 1, [set(x, first), ...spin, store]);
  });
}

/** Workgroup `bad` loads from the last bytes of the address space, which no memory has. */
export function trap(bad: number): string {
  return kernel(2, ({ tensors: [, to], begin, end }) => {
    const g = local('g', 'i32');
    const where = op('i32.mul', [op('i32.eq', [get(g), i32(bad)]), i32(-16)]);
    return loop(g, begin, end, 1, [effect('f32.store', [element(to, get(g)), op('f32.load', [where])])]);
  });
}

export const tensor = (name: string, role: PlanTensor['role'], buffer: number, size: number): PlanTensor => ({ name, role, type: 'f32', shape: [size], dims: ['d'], buffer }); // prettier-ignore

/** Steps by number of workgroups, between the state `a` and the state `b` and back; each writes all that the next reads. */
export function backAndForth(name: string, size: number, steps: readonly string[], workgroups = size): Plan {
  const kernels = [...new Set(steps)];
  const bytes = size * 4;
  return {
    version: 2,
    target: 'wasm',
    name,
    tensors: [tensor('a', 'state', 0, size), tensor('b', 'state', 1, size)],
    buffers: [0, 1].map(() => ({ bytes, kind: 'tensor' as const })),
    kernels: kernels.map((code, k) => ({ name: `map:${name}.${k}`, family: 'map', code })),
    steps: steps.map((code, s) => ({
      kernel: kernels.indexOf(code),
      bindings: [s % 2, 1 - (s % 2)].map((buffer) => ({ buffer, offset: 0, bytes })),
      workgroups: [workgroups, 1, 1],
    })),
    needs: { features: [], maxBindingBytes: bytes, maxStorageBindings: 2, maxInvocations: 1, maxWorkgroupStorage: 0, scratchBytes: 0 }, // prettier-ignore
  };
}
