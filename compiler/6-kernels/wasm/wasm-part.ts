// Takes: nothing. Gives: a kernel part in WebAssembly, before it is made a module.
// Promises: a part touches its tensors and its scratch memory only.
import type { KernelPart } from '../kernel.ts';
import type { Code, Statement } from './code/code.ts';

export interface WasmPart extends KernelPart {
  /** Bytes of memory a thread needs for itself. */
  readonly scratchBytes: number;
  /** Statements that run the workgroups from `begin` to before `end`, in their order. */
  readonly build: (frame: Frame) => readonly Statement[];
}

/** What the function around the statements knows; all are i32. */
export interface Frame {
  /** Address of a tensor's first element, a multiple of 256. */
  readonly address: (tensor: number) => Code;
  /** A multiple of 64. */
  readonly scratch: Code;
  readonly begin: Code;
  readonly end: Code;
}
