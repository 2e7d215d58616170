// Takes: nothing. Gives: as much of the types of the peers as the benchmark uses.
// Promises: the project's type check passes whether or not the peers are installed.

declare module '@jax-js/jax' {
  type Operand = Array | number;
  type Axis = { readonly keepdims?: boolean };

  /** Every use takes the array; `ref` is one more reference to it. */
  export class Array {
    readonly ref: Array;
    readonly shape: number[];
    add(other: Operand): Array;
    sub(other: Operand): Array;
    mul(other: Operand): Array;
    div(other: Operand): Array;
    reshape(shape: readonly number[]): Array;
    transpose(order?: readonly number[]): Array;
    slice(rows: Array): Array;
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export type Tree = Array | readonly Tree[] | { readonly [name: string]: Tree };

  export function init(device: 'wasm'): Promise<readonly string[]>;
  export function defaultDevice(device: 'wasm'): void;
  export function blockUntilReady<T extends Tree>(tree: T): Promise<T>;
  export function jit<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R;
  export function valueAndGrad<P, A extends readonly unknown[]>(
    f: (parameters: P, ...args: A) => Array,
  ): (parameters: P, ...args: A) => [Array, P];

  export namespace tree {
    function ref<T extends Tree>(tree: T): T;
  }
  export namespace numpy {
    const bool: unique symbol;
    function array(
      values: number | Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
      options?: { readonly shape: readonly number[] },
    ): Array;
    function matmul(a: Array, b: Array): Array;
    function concatenate(parts: readonly Array[], axis: number): Array;
    function split(x: Array, parts: number, axis: number): [Array, Array];
    function where(condition: Array, a: Operand, b: Operand): Array;
    function tri(rows: number, columns: number, diagonal: number, options: { readonly dtype: typeof bool }): Array;
    function sum(x: Array, axis: number): Array;
    function mean(x: Array, axis?: number, options?: Axis): Array;
    function square(x: Array): Array;
    function sqrt(x: Array): Array;
    function reciprocal(x: Array): Array;
  }
  export namespace nn {
    function silu(x: Array): Array;
    function softmax(x: Array, axis: number): Array;
    function logsumexp(x: Array, axis: number): Array;
    function oneHot(x: Array, classes: number): Array;
  }
}

declare module 'onnxruntime-node' {
  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]);
    readonly data: unknown;
  }
  interface SessionOptions {
    readonly executionProviders: readonly 'cpu'[];
    readonly intraOpNumThreads: number;
    readonly interOpNumThreads: number;
    readonly executionMode: 'sequential';
  }
  interface Session {
    run(feeds: Readonly<Record<string, Tensor>>, fetches: Readonly<Record<string, Tensor>>): Promise<unknown>;
  }
  export const InferenceSession: { create(model: Uint8Array, options: SessionOptions): Promise<Session> };
}
