// Takes: nothing. Gives: the type of a Plan.
// Promises: a Plan is plain JSON; an engine needs nothing else of the compiler to run it.

export type StorageType = 'f32' | 'f16' | 'i32' | 'u32';

/** A number known before the Plan was made, written into a tensor once, when the Plan is loaded. */
export type ConstantData =
  /** Row-major values. */
  | { readonly kind: 'values'; readonly values: readonly number[] }
  /**
   * Angles of rotary position embedding: element (p, j) is fn(p * inverseFrequencies[j]) * factor,
   * p in [0, positions). RoFormer, arXiv 2104.09864.
   */
  | {
      readonly kind: 'rope_table';
      readonly fn: 'cos' | 'sin';
      readonly positions: number;
      readonly inverseFrequencies: readonly number[];
      readonly factor: number;
    }
  /**
   * Biases that grow with the position of a key: element (h, p) is slopes[h] * p, p in [0, positions), where both factors and
   * the product are rounded to bfloat16 (to nearest, ties to even).
   */
  | { readonly kind: 'bias_table'; readonly slopes: readonly number[]; readonly positions: number };

export type TensorRole =
  /** A weight of the model. Persistent, shared by name between Plans. */
  | 'parameter'
  /** Optimizer moments, accumulated gradients, KV cache. Persistent, shared by name between Plans; starts at zero. */
  | 'state'
  /** A parameter rounded to halves, as products take it. Persistent; whoever writes the parameter writes it too. */
  | 'shadow'
  /** Written by the caller before a run. */
  | 'input'
  /** Read by the caller after a run. */
  | 'output'
  /** Filled once from `ConstantData`. */
  | 'constant';

/** A tensor the outside can name. It lives in a buffer of its own. */
export interface PlanTensor {
  readonly name: string;
  readonly role: TensorRole;
  readonly type: StorageType;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Names of the axes of `shape`. */
  readonly dims: readonly string[];
  readonly buffer: number;
  readonly data?: ConstantData;
  /** Of a shadow: its parameter. */
  readonly of?: string;
}

export interface PlanBuffer {
  /** Size in bytes, a multiple of 4. */
  readonly bytes: number;
  /** `arena` holds intermediate tensors at offsets with disjoint lifetimes; its content is dead between runs. */
  readonly kind: 'arena' | 'tensor';
}

export interface PlanKernel {
  /** For people: family and the graph nodes inside, e.g. `row:norm.mix`. */
  readonly name: string;
  readonly family: string;
  /**
   * webgpu: WGSL text with one entry point `main`; bindings 0..n-1 of group 0 are storage buffers, all `read_write`.
   * wasm: a WebAssembly module in base64. It imports `env.memory`, which is shared, and exports `main`: i32 addresses of the
   * bindings 0..n-1, the address of scratch memory of the calling thread's own, and the first and the end of the
   * workgroups to run. The workgroups of a step may be run by any threads, in any order and in any ranges.
   */
  readonly code: string;
}

export interface PlanBinding {
  readonly buffer: number;
  /** In bytes, a multiple of 256. */
  readonly offset: number;
  readonly bytes: number;
}

/** One dispatch. Steps run in order, each sees the writes of all before it. */
export interface PlanStep {
  readonly kernel: number;
  readonly bindings: readonly PlanBinding[];
  readonly workgroups: readonly [number, number, number];
  /** For people; plans saved by earlier versions have none. */
  readonly work?: StepWork;
}

/** What a step computes at least, however its kernel does it. */
export interface StepWork {
  /** As `PlanKernel.name`, which steps with equal kernels share: the name of what this one computes. */
  readonly name: string;
  /** Floating-point operations; a multiply-add is two. Of products and attention the products alone. */
  readonly flops: number;
  /** Every element read once and every element written once. */
  readonly bytes: number;
}

/** What a device must offer for this Plan to run. */
export interface PlanNeeds {
  readonly features: readonly string[];
  readonly maxBindingBytes: number;
  readonly maxStorageBindings: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupStorage: number;
  /** wasm: memory each thread needs for itself. */
  readonly scratchBytes: number;
}

export interface Plan {
  readonly version: 2;
  /** What its kernels are written in. */
  readonly target: Target['kind'];
  readonly name: string;
  readonly tensors: readonly PlanTensor[];
  readonly buffers: readonly PlanBuffer[];
  readonly kernels: readonly PlanKernel[];
  readonly steps: readonly PlanStep[];
  readonly needs: PlanNeeds;
}

/** The limits a Plan is made for; the engine reports them, `defaultTarget` stands in when no device is there. */
export type Target = WebGpuTarget | WasmTarget;

interface Limits {
  readonly features: readonly string[];
  readonly maxBindingBytes: number;
  /** Size one buffer may have; `maxBindingBytes` where it is not told. */
  readonly maxBufferBytes?: number;
  readonly maxStorageBindings: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupStorage: number;
  readonly maxWorkgroupsPerDimension: number;
}

/** result (M x N) += left (M x K) * right (K x N); both factors of `component`, as `f16`, the sum of `result`. */
export interface SubgroupMatrix {
  readonly component: string;
  readonly result: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

export interface WebGpuTarget extends Limits {
  readonly kind: 'webgpu';
  /** Invocations of a subgroup, where it is one number and `features` has `subgroups`. */
  readonly subgroupSize?: number;
  /** Matrices a subgroup multiplies as one, where `subgroupSize` is known; none where it is left out. */
  readonly subgroupMatrices?: readonly SubgroupMatrix[];
  /** True for a software adapter: barriers cost, registers are cheap. */
  readonly software: boolean;
  /** The fastest schedule of a class of groups where it was measured, both as in 6-kernels/choices.ts. */
  readonly tuned?: Readonly<Record<string, string>>;
}

/** The CPU: threads over one shared memory. A feature is `relaxed-simd`: multiply-add in one instruction. */
export interface WasmTarget extends Limits {
  readonly kind: 'wasm';
  readonly threads: number;
  /** Of all buffers together: addresses have 32 bits. */
  readonly maxTotalBytes: number;
}
