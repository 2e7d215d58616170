// Takes: nothing. Gives: a kernel part: the WGSL of one group, before parts are put together into modules.
// Promises: a part names its module-scope declarations uniquely and touches only its bindings.

/** The code of one group. Parts of equal workgroup size without dependency on each other may share one dispatch. */
export interface KernelPart {
  readonly name: string;
  readonly family: string;
  /** Tensor ids of the program, in the order of first use, each once. */
  readonly tensors: readonly number[];
  /** Invocations per workgroup (x; y and z are 1). */
  readonly workgroupSize: number;
  /** Number of workgroups, linear; the assembler folds it into two dimensions where it exceeds the limit. */
  readonly workgroups: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
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
