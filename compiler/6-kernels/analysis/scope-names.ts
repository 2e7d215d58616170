// Takes: what a scope of code being written binds, and the scopes around it. Gives: who knows a variable, and flat indices.
// Promises: the same answers for every target: which scope owns an expression does not hang on what it is written in.
import { invariant } from '../../diagnostics.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { Axis, ProgramTensor } from '../../5-optimize/groups.ts';
import type { ExprTable } from './expr-table.ts';
import { addScaled, linear } from './linear.ts';
import type { Linear, LinearContext } from './linear.ts';

/** What all scopes of one kernel share. */
export interface KernelNames {
  readonly tensors: ReadonlyMap<number, ProgramTensor>;
  readonly table: ExprTable;
}

/** A variable; `size`: it is an index from 0 to size - 1. */
interface Sized {
  readonly size: number | undefined;
}

/** Axes enumerated row-major by one number. */
interface Spanning {
  readonly axes: readonly Axis[];
}

export class ScopeNames<Scope, Bound extends Sized, Space extends Spanning> {
  readonly bound = new Map<string, Bound>();
  readonly spaces: Space[] = [];
  readonly scope: Scope;
  readonly depth: number;
  private readonly around: ScopeNames<Scope, Bound, Space> | null;
  private readonly kernel: KernelNames;

  constructor(scope: Scope, around: ScopeNames<Scope, Bound, Space> | null, kernel: KernelNames) {
    this.scope = scope;
    this.around = around;
    this.depth = around ? around.depth + 1 : 0;
    this.kernel = kernel;
  }

  /** These and those around them. */
  get chain(): readonly ScopeNames<Scope, Bound, Space>[] {
    return [this, ...(this.around?.chain ?? [])];
  }

  /** The innermost ones that bind the variable. */
  binding(name: string): ScopeNames<Scope, Bound, Space> {
    const found = this.chain.find((names) => names.binds(name));
    invariant(found, `variable ${name} is not in scope`);
    return found;
  }

  spaceOf(name: string): { readonly space: Space; readonly axis: Axis } | undefined {
    for (const space of this.spaces) {
      const axis = space.axes.find((candidate) => candidate.name === name);
      if (axis) return { space, axis };
    }
    return undefined;
  }

  /** The outermost scope that knows all variables of the expression. */
  owner(expr: Expr): Scope {
    return this.ownerOf(this.kernel.table.variables(expr));
  }

  tensor(id: number): ProgramTensor {
    const tensor = this.kernel.tensors.get(id);
    invariant(tensor, `no tensor ${id} in the program`);
    return tensor;
  }

  /** Coefficient * variable of the flat index of an element. */
  flatIndex(tensor: number, index: readonly Expr[]): Linear {
    const { dims } = this.tensor(tensor);
    invariant(index.length === dims.length, `tensor ${tensor} has ${dims.length} dims, not ${index.length}`);
    let flat: Linear = { constant: 0, terms: [] };
    let stride = 1;
    for (const [i, { size }] of [...dims.entries()].reverse()) {
      const at = index[i];
      if (at && size > 1) flat = addScaled(flat, linear(at, this.context), stride, this.kernel.table);
      stride *= size;
    }
    return flat;
  }

  get context(): LinearContext {
    return { table: this.kernel.table, size: (name) => this.size(name) };
  }

  private size(name: string): number | undefined {
    for (const names of this.chain) {
      const size = names.bound.get(name)?.size ?? names.spaceOf(name)?.axis.size;
      if (size !== undefined) return size;
    }
    return undefined;
  }

  private binds(name: string): boolean {
    return this.bound.has(name) || this.spaceOf(name) !== undefined;
  }

  private ownerOf(variables: readonly string[]): Scope {
    return this.around && !variables.some((name) => this.binds(name)) ? this.around.ownerOf(variables) : this.scope;
  }
}
