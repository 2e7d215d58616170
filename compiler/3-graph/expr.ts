// Takes: nothing. Gives: the one scalar expression language, used in map nodes, masks, scores and fused groups.
// Promises: typed, pure, side-effect free; printed to WGSL, differentiated and evaluated from this one form.
import type { ScalarType } from './types.ts';

/** Functions of one number. `erf` is the Gauss error function; `sigmoid` is 1 / (1 + e^-x). */
export type UnaryFn =
  | 'neg' | 'exp' | 'log' | 'sqrt' | 'rsqrt' | 'tanh' | 'sigmoid' | 'erf' | 'sin' | 'cos' | 'abs' | 'sign' | 'floor' | 'not'; // prettier-ignore

/** Functions of two numbers of one type. Comparisons give `bool`. `div` and `mod` of integers truncate. */
export type BinaryFn =
  | 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'min' | 'max' | 'pow' | 'lt' | 'le' | 'eq' | 'and' | 'or'; // prettier-ignore

export type Expr =
  | { readonly kind: 'const'; readonly value: number; readonly type: ScalarType }
  /** An axis index (i32), an input of a map (`a`, `b`, ...), an accumulator, or a named scalar (`score`, `query`, `key`). */
  | { readonly kind: 'var'; readonly name: string; readonly type: ScalarType }
  /** An element of a tensor of a fused program; one index (i32) per dim. Only in groups. */
  | { readonly kind: 'load'; readonly tensor: number; readonly index: readonly Expr[]; readonly type: ScalarType }
  | { readonly kind: 'unary'; readonly fn: UnaryFn; readonly x: Expr; readonly type: ScalarType }
  | { readonly kind: 'binary'; readonly fn: BinaryFn; readonly x: Expr; readonly y: Expr; readonly type: ScalarType }
  | { readonly kind: 'select'; readonly condition: Expr; readonly yes: Expr; readonly no: Expr; readonly type: ScalarType } // prettier-ignore
  | { readonly kind: 'cast'; readonly x: Expr; readonly type: ScalarType }
  /** Uniform f32 in [0, 1) from a counter-based generator: the same (seed, stream, counter) gives the same number anywhere. */
  | { readonly kind: 'random'; readonly seed: Expr; readonly stream: number; readonly counter: Expr; readonly type: 'f32' }; // prettier-ignore
