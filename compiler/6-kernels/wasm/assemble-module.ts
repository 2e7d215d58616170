// Takes: a kernel part. Gives: its WebAssembly module.
// Promises: deterministic code without names or addresses of tensors.
import { invariant } from '../../diagnostics.ts';
import type { Program } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import type { AssembledKernel } from '../kernel.ts';
import { get, local } from './code/code.ts';
import type { WasmFunction } from './code/code.ts';
import { encodeModule, instructionsOf } from './code/encode.ts';
import { printModule } from './code/print-wat.ts';
import type { WasmPart } from './wasm-part.ts';

/** `slotOf`: which parameter is the address of a tensor; tensors that share storage share one. */
export function mainFunction(part: WasmPart, slotOf: (tensor: number) => number): WasmFunction {
  const slots = Math.max(-1, ...part.tensors.map(slotOf)) + 1;
  const tensors = Array.from({ length: slots }, (_, slot) => local(`t${slot}`, 'i32'));
  const [scratch, begin, end] = [local('scratch', 'i32'), local('begin', 'i32'), local('end', 'i32')];
  const body = part.build({
    address: (tensor) => {
      const param = tensors[slotOf(tensor)];
      invariant(param, `${part.name} touches tensor ${tensor}, which it does not list`);
      return get(param);
    },
    scratch: get(scratch),
    begin: get(begin),
    end: get(end),
  });
  return { name: 'main', params: [...tensors, scratch, begin, end], body, result: null };
}

/** Threads meet between two dispatches at next to no cost, so a module has one part. */
export function assembleModule(
  parts: readonly WasmPart[],
  _program: Program,
  slotOf: (tensor: number) => number,
  _target: WasmTarget,
): AssembledKernel {
  const [part, ...others] = parts;
  invariant(part && others.length === 0, 'a WebAssembly kernel has one part');
  const main = mainFunction(part, slotOf);
  return {
    code: base64(encodeModule(main)),
    print: () => printModule(main),
    workgroups: [part.workgroups, 1, 1],
    features: instructionsOf(main).has('f32x4.relaxed_madd') ? ['relaxed-simd'] : [],
    scratchBytes: part.scratchBytes,
  };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
