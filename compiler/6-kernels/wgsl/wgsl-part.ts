// Takes: nothing. Gives: a kernel part in WGSL, before parts are put together into modules.
// Promises: a part names its module-scope declarations uniquely and touches only its bindings.
import type { KernelPart } from '../kernel.ts';

export interface WgslPart extends KernelPart {
  /** Tensors bound as `array<vec4u>` (8 halves) or `array<vec4f>`; read and written by text that knows of it. */
  readonly wide?: readonly number[];
  /**
   * WGSL from the names of the tensors (as bound by the assembler) and a prefix for module-scope names.
   * `declarations`: workgroup variables and functions. `body`: statements with `wg: u32` (linear workgroup index) and
   * `lane: u32` (index in the workgroup) in scope.
   */
  readonly print: (
    tensorName: (tensor: number) => string,
    prefix: string,
  ) => {
    readonly declarations: string;
    readonly body: string;
    /** WGSL functions shared by all parts of a module, which declares each distinct text once. */
    readonly helpers?: readonly string[];
  };
}
