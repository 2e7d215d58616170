// Takes: nothing. Gives: what one thread of 128-bit SIMD can compute at most on this machine.
// Promises: measured: multiply-adds of registers alone, without memory, in the form that is fastest here.
import { setFlagsFromString } from 'node:v8';
import { f32x4, get, i32, local, op, repeat, set, effect } from '../../compiler/6-kernels/wasm/code/code.ts';
import type { Code, WasmFunction } from '../../compiler/6-kernels/wasm/code/code.ts';
import { encodeModule } from '../../compiler/6-kernels/wasm/code/encode.ts';

/** 10^9 f32 operations a second: a multiply-add is two. */
export function simdCeiling(): number {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  setFlagsFromString('--no-liftoff');
  const best = [8, 10, 12].flatMap((chains) => [measured(chains, true), measured(chains, false)]);
  return Math.max(...best);
}

/** `chains` independent sums, as many as are needed to hide the latency of one. */
function multiplyAdds(chains: number, relaxed: boolean): WasmFunction {
  const turns = local('turns', 'i32');
  const sums = Array.from({ length: chains }, (_, i) => local(`sum${i}`, 'v128'));
  const [x, y] = [local('x', 'v128'), local('y', 'v128')];
  const next = (sum: Code): Code =>
    relaxed ? op('f32x4.relaxed_madd', [get(x), get(y), sum]) : op('f32x4.add', [op('f32x4.mul', [get(x), sum]), get(y)]); // prettier-ignore
  const turn = sums.map((sum) => set(sum, next(get(sum))));
  const total = sums.map(get).reduce((a, b) => op('f32x4.add', [a, b]));
  return {
    name: 'main',
    params: [turns],
    body: [
      set(x, f32x4(0.5)),
      set(y, f32x4(0.25)),
      ...sums.map((sum, i) => set(sum, f32x4(i))),
      repeat([...turn, ...turn, ...turn, ...turn, set(turns, op('i32.sub', [get(turns), i32(1)]))], get(turns)),
      effect('v128.store', [i32(0), total]),
    ],
    result: null,
  };
}

function measured(chains: number, relaxed: boolean): number {
  const module = new WebAssembly.Module(encodeModule(multiplyAdds(chains, relaxed)));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { main } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (typeof main !== 'function') throw new Error('the module has no main');
  const turns = 500_000;
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    main(turns);
    return performance.now() - start;
  });
  return (turns * chains * 4 * 4 * 2) / Math.min(...times) / 1e6;
}
