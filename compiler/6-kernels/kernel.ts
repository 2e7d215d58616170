// Takes: nothing. Gives: a kernel part: one group as code of a target, before parts are put together into kernels.
// Promises: the planner schedules and places parts by what stands here, whatever they are written in.

/** Parts of equal workgroup size without dependency on each other may share one dispatch. */
export interface KernelPart {
  readonly name: string;
  readonly family: string;
  /** Tensor ids of the program, in the order of first use, each once. */
  readonly tensors: readonly number[];
  /** Those of `tensors` it sees as elements of another type: parts that see a tensor differently share no dispatch. */
  readonly wide?: readonly number[];
  /** Each workgroup is done so soon that a dispatch costs as much as many of them. */
  readonly isBrief?: boolean;
  /** Invocations per workgroup (x; y and z are 1); 1 where a workgroup is run by one thread. */
  readonly workgroupSize: number;
  /** Number of workgroups, linear. Each writes elements no other does, so any may run beside any. */
  readonly workgroups: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
}

export interface AssembledKernel {
  /** As in `PlanKernel.code`. */
  readonly code: string;
  /** The code as text, for people. */
  readonly print: () => string;
  readonly workgroups: readonly [number, number, number];
  /** Features of the target that the code uses. */
  readonly features: readonly string[];
  /** As in `PlanNeeds`. */
  readonly scratchBytes: number;
}
