// Takes: expressions and a frame: the current index of every axis and the tensors' values.
// Gives: closures that evaluate them in float64.
// Promises: a shared subtree is computed once per point; an unchosen branch of a select is not computed.
import { invariant } from '../../diagnostics.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { binaryFunctions, unaryFunctions } from '../../3-graph/expr/fold.ts';
import { roundToHalf } from '../../3-graph/expr/half.ts';
import { uniform } from '../../3-graph/random.ts';
import type { ScalarType } from '../../3-graph/types.ts';
import type { Axis, ProgramTensor } from '../groups.ts';

export interface TensorValue {
  readonly tensor: ProgramTensor;
  readonly values: Float64Array;
}

const castTo: { readonly [T in ScalarType]: (x: number) => number } = {
  f32: (x) => x,
  f16: roundToHalf,
  // oxlint-disable-next-line unicorn/prefer-math-trunc
  i32: (x) => Math.trunc(x) | 0,
  u32: (x) => Math.trunc(x) >>> 0,
  bool: (x) => (x === 0 ? 0 : 1),
};

export type Thunk = () => number;

/** The values of the variables at the current point. */
export class Frame {
  readonly tensors: ReadonlyMap<number, TensorValue>;
  readonly values: number[] = [];
  /** Changes with every assignment: what memoised subtrees compare against. */
  stamp = 0;
  readonly compiled = new Map<Expr, Thunk>();
  private readonly slots = new Map<string, number>();

  constructor(tensors: ReadonlyMap<number, TensorValue>) {
    this.tensors = tensors;
  }

  slot(name: string): number {
    const found = this.slots.get(name);
    if (found !== undefined) return found;
    const slot = this.slots.size;
    this.slots.set(name, slot);
    this.values.push(Number.NaN);
    return slot;
  }

  set(slot: number, value: number): void {
    this.values[slot] = value;
    this.stamp += 1;
  }

  has(name: string): boolean {
    return this.slots.has(name);
  }

  tensor(id: number): TensorValue {
    const found = this.tensors.get(id);
    invariant(found, `no tensor ${id} in the program`);
    return found;
  }
}

/** Calls `body` for every point of `axes`, row-major, with the frame's variables set. */
export function forEachPoint(frame: Frame, axes: readonly Axis[], body: () => void): void {
  const visit = (depth: number): void => {
    const axis = axes[depth];
    if (!axis) return body();
    const slot = frame.slot(axis.name);
    for (let i = 0; i < axis.size; i++) {
      frame.set(slot, i);
      visit(depth + 1);
    }
  };
  visit(0);
}

/** Every axis and result must be declared (`frame.slot`) before the expressions that use it. */
export function compileExpr(frame: Frame, expr: Expr): Thunk {
  return new ExprCompiler(frame).compile(expr);
}

/** The flat offset of `index` in a tensor. @throws InvariantError out of range. */
export function compileOffset(frame: Frame, tensorId: number, index: readonly Expr[]): Thunk {
  return new ExprCompiler(frame).offset(tensorId, index);
}

class ExprCompiler {
  private readonly frame: Frame;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  compile(expr: Expr): Thunk {
    const found = this.frame.compiled.get(expr);
    if (found) return found;
    const plain = this.plain(expr);
    const thunk = expr.kind === 'const' || expr.kind === 'var' ? plain : this.memoised(plain);
    this.frame.compiled.set(expr, thunk);
    return thunk;
  }

  offset(tensorId: number, index: readonly Expr[]): Thunk {
    const { tensor } = this.frame.tensor(tensorId);
    invariant(
      index.length === tensor.dims.length,
      `${tensor.name} has ${tensor.dims.length} dims, ${index.length} given`,
    );
    const parts = index.map((i) => this.compile(i));
    return () => {
      let offset = 0;
      for (const [at, part] of parts.entries()) {
        const size = tensor.dims[at]?.size ?? 0;
        const i = part();
        if (!(i >= 0 && i < size)) invariant(false, `index ${i} out of range of ${tensor.name} dim ${at} (${size})`);
        offset = offset * size + i;
      }
      return offset;
    };
  }

  private memoised(plain: Thunk): Thunk {
    const { frame } = this;
    let stamp = -1;
    let value = 0;
    return () => {
      if (stamp !== frame.stamp) {
        value = plain();
        stamp = frame.stamp;
      }
      return value;
    };
  }

  private plain(expr: Expr): Thunk {
    const rule = this.rules[expr.kind] as (expr: Expr) => Thunk;
    return rule(expr);
  }

  private readonly rules: { readonly [K in Expr['kind']]: (expr: Extract<Expr, { kind: K }>) => Thunk } = {
    const: ({ value }) => {
      return () => value;
    },
    var: ({ name }) => {
      const { frame } = this;
      invariant(frame.has(name), `variable ${name} is not in scope`);
      const slot = frame.slot(name);
      return () => frame.values[slot] ?? Number.NaN;
    },
    load: ({ tensor, index }) => {
      const { values } = this.frame.tensor(tensor);
      const offset = this.offset(tensor, index);
      return () => values[offset()] ?? Number.NaN;
    },
    unary: (expr) => {
      const [fn, x] = [unaryFunctions[expr.fn], this.compile(expr.x)];
      return () => fn(x());
    },
    binary: (expr) => {
      const [fn, x, y] = [binaryFunctions(expr.x.type)[expr.fn], this.compile(expr.x), this.compile(expr.y)];
      return () => fn(x(), y());
    },
    select: (expr) => {
      const [condition, yes, no] = [this.compile(expr.condition), this.compile(expr.yes), this.compile(expr.no)];
      return () => (condition() ? yes() : no());
    },
    cast: (expr) => {
      const [fn, x] = [castTo[expr.type], this.compile(expr.x)];
      return () => fn(x());
    },
    random: (expr) => {
      const [seed, counter, { stream }] = [this.compile(expr.seed), this.compile(expr.counter), expr];
      return () => uniform(seed(), stream, counter());
    },
  };
}
