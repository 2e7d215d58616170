// Takes: nothing. Gives: the types of tensors.
// Promises: the names of the dims of one tensor are distinct; their order is its row-major memory order.

export type ScalarType = 'f32' | 'f16' | 'i32' | 'u32' | 'bool';

/** A number, or the name of a symbol bound when a program is made: `batch`, `seq`, `past`. */
export type Size = number | string;

export interface Dim {
  readonly name: string;
  readonly size: Size;
}

export interface TensorType {
  readonly type: ScalarType;
  readonly dims: readonly Dim[];
}

/** What each symbol stands for. */
export type Sizes = Readonly<Record<string, number>>;
