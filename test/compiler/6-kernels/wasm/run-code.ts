// Takes: code of one value, or a function of four lanes. Gives: what it computes, on this thread.
// Promises: the module imports the memory as kernels do; relaxed SIMD is on.
import { setFlagsFromString } from 'node:v8';
import { effect, get, i32, local, loop, op } from '../../../../compiler/6-kernels/wasm/code/code.ts';
import type { Code, Statement, WasmFunction } from '../../../../compiler/6-kernels/wasm/code/code.ts';
import { encodeModule } from '../../../../compiler/6-kernels/wasm/code/encode.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

const PAGE = 65536;
const MAX_PAGES = 65536;

export const procedure = (body: readonly Statement[], params: WasmFunction['params'] = []): WasmFunction => ({ name: 'main', params, body, result: null }); // prettier-ignore

/** Runs `main` over a memory that begins with these bytes; gives the memory. */
export function runMain(
  main: WasmFunction,
  args: readonly number[] = [],
  start: Uint8Array = new Uint8Array(),
  bytes = PAGE,
): ArrayBufferLike {
  // prettier-ignore
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: MAX_PAGES, shared: true });
  new Uint8Array(memory.buffer).set(start);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(encodeModule(main))), {
    env: { memory },
  });
  (exports['main'] as (...args: readonly number[]) => void)(...args);
  return memory.buffer;
}

/** Where `valueOf` leaves the result. */
const RESULT = 1024;

/** The value as i32 lanes or f32 lanes, one for i32 and f32. */
export function valueOf(code: Code, lanes: 'i32' | 'f32', start?: Uint8Array): readonly number[] {
  const memory = runMain(procedure([effect(`${code.type}.store`, [i32(RESULT), code])]), [], start);
  const count = code.type === 'v128' ? 4 : 1;
  return [...(lanes === 'i32' ? new Int32Array(memory, RESULT, count) : new Float32Array(memory, RESULT, count))];
}

type Bits = Float32Array | Int32Array;

/** A function of one or two vectors over whole arrays, four elements at a time. */
export function mapLanes<T extends Bits>(write: (...args: Code[]) => Code, result: T, ...inputs: readonly Bits[]): T {
  const bytes = Math.ceil(result.length / 4) * 16;
  const p = local('p', 'i32');
  const args = inputs.map((_, i) => op('v128.load', [get(p)], { offset: bytes * (i + 1) }));
  const body = loop(p, i32(0), i32(bytes), 16, [effect('v128.store', [get(p), write(...args)])]);
  const start = new Uint8Array(bytes * (inputs.length + 1));
  inputs.forEach((input, i) => start.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength), bytes * (i + 1))); // prettier-ignore
  const memory = runMain(procedure(body), [], start, start.length);
  new Uint8Array(result.buffer).set(new Uint8Array(memory, 0, result.byteLength));
  return result;
}
