// Takes: the kernels of a Plan.
// Gives: compiled WebAssembly modules with numbers, compiled in parallel.
// Promises: one module for one text, however many plans hold it; a refused kernel is a DeviceError with its name.
import type { PlanKernel } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';

export interface CompiledKernel {
  readonly id: number;
  readonly module: WebAssembly.Module;
}

export class ModuleCache {
  readonly #known = new Map<string, Promise<CompiledKernel>>();

  /** @throws DeviceError when the code is refused. */
  compile(kernel: PlanKernel): Promise<CompiledKernel> {
    const known = this.#known.get(kernel.code);
    if (known) return known;
    const made = compile(kernel, this.#known.size);
    this.#known.set(kernel.code, made);
    return made;
  }
}

async function compile(kernel: PlanKernel, id: number): Promise<CompiledKernel> {
  try {
    const module = await WebAssembly.compile(bytesOf(kernel.code));
    const main = WebAssembly.Module.exports(module).some(({ name, kind }) => name === 'main' && kind === 'function');
    if (!main) throw new Error('it exports no function main');
    return { id, module };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`the device refuses kernel ${kernel.name}: ${reason}`, { cause });
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
