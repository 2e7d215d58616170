// Takes: expressions and stores of fused groups. Gives: WebAssembly statements, in nested scopes.
// Promises: total over kinds; a value used twice is computed once; what a loop does not change is computed before it; no load
// or store leaves its tensor, whatever the indices hold.
import { invariant } from '../../../diagnostics.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Program, ProgramTensor, Store } from '../../../5-optimize/groups.ts';
import { axisRuns } from '../../analysis/axis-runs.ts';
import { ExprTable } from '../../analysis/expr-table.ts';
import { range } from '../../analysis/linear.ts';
import type { Linear } from '../../analysis/linear.ts';
import { ScopeNames } from '../../analysis/scope-names.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, call, get, i32, i32x4, local, loop, mul, op, when } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { mathFor } from '../math/math.ts';
import type { WasmMath } from '../math/math.ts';
import type { Frame } from '../wasm-part.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { CodeBlock } from './code-block.ts';
import { binaryRules, cast, choose, powerOf, unaryRules } from './functions.ts';
import type { FunctionContext } from './functions.ts';
import { elementBytes, loadFrom, storeTo } from './memory.ts';
import type { Place } from './memory.ts';
import { certainPlace, checkedPlace } from './places.ts';
import type { Index, IndexTerm, PlaceWriter } from './places.ts';
import { keyOf, runOf } from './spaces.ts';
import type { Space, SpaceIndex } from './spaces.ts';
import { constantOf, four, fourOf, greatest, isSimple, one } from './value.ts';
import type { Lanes, Value } from './value.ts';

interface Binding {
  readonly value: Value;
  readonly size: number | undefined;
}

/** What all scopes of one kernel share. */
interface Shared {
  readonly tensors: ReadonlyMap<number, ProgramTensor>;
  readonly frame: Frame;
  readonly math: WasmMath;
  readonly table: ExprTable;
  /** Names given out, to keep them apart. */
  readonly taken: Map<string, number>;
}

/**
 * A block of code being written. An expression is computed in the outermost scope that knows its variables, into a local
 * where it is used twice or in an inner scope; so what a variable is bound to must not change while its scope is open.
 */
export class WasmScope extends CodeBlock {
  private readonly shared: Shared;
  private readonly parent: WasmScope | null;
  private readonly names: ScopeNames<WasmScope, Binding, Space>;
  private readonly values = new Map<number, Value>();
  private readonly context: FunctionContext;

  private constructor(shared: Shared, parent: WasmScope | null) {
    super(shared.taken, parent);
    this.shared = shared;
    this.parent = parent;
    this.names = new ScopeNames(this, parent?.names ?? null, shared);
    this.context = { math: shared.math, keep: (value) => this.keep(value) };
  }

  static root(program: Program, frame: Frame, target: WasmTarget): WasmScope {
    const tensors = new Map(program.tensors.map((tensor) => [tensor.id, tensor]));
    const math = mathFor(target.features.includes('relaxed-simd'));
    return new WasmScope({ tensors, frame, math, table: new ExprTable(), taken: new Map() }, null);
  }

  get math(): WasmMath {
    return this.shared.math;
  }

  /** Declares a variable of the expressions; `size`: it is an index from 0 to size - 1. */
  bind(variable: string, value: Value, size?: number): void {
    invariant(isSimple(value.code), `${variable} is bound to a name or a number`);
    this.names.bound.set(variable, { value, size });
  }

  /**
   * Declares axes enumerated row-major by `point` (i32), each decoded when it is first needed. With four lanes the point is a
   * multiple of 4 and stands for itself and the three after it, all in range. `plus` more than `point` costs nothing where
   * the axes lie in memory as they are counted.
   */
  bindAxes(axes: readonly Axis[], point: Code, lanes: Lanes = 1, plus = 0): void {
    invariant(isSimple(point), 'a point is a name or a number');
    this.names.spaces.push({ axes, point, plus, lanes });
  }

  /** Tells which expressions will be asked for, so that what they share is computed once. Call before the first. */
  share(exprs: readonly Expr[]): void {
    this.shared.table.count(exprs);
  }

  /** for (index = from; index < to; index += step). What the loop does not change is computed before it. */
  loop(from: Code, to: Code, step: number, write: (inner: WasmScope, index: Code) => void, name = 'i'): void {
    const [start, end] = [this.simple(from, 'from'), this.simple(to, 'to')];
    const index = local(this.fresh(name), 'i32');
    const inner = new WasmScope(this.shared, this);
    write(inner, get(index));
    this.push(...loop(index, start, end, step, inner.statements));
  }

  /** Runs the block where `condition` (i32) holds. Loads that it shares with its surroundings are done before, in any case. */
  when(condition: Code, write: (inner: WasmScope) => void): void {
    const inner = new WasmScope(this.shared, this);
    write(inner);
    this.push(when(condition, inner.statements));
  }

  /** A block of its own: variables may be bound again in it. */
  block(write: (inner: WasmScope) => void): void {
    const inner = new WasmScope(this.shared, this);
    write(inner);
    this.push(...inner.statements);
  }

  /**
   * Walks `axes` (row-major) by fours, then the rest one by one. `write` is called for both; it must bind nothing that
   * outlives its scope. `each` runs after `write`'s statements are known, with the lanes.
   */
  walk(
    axes: readonly Axis[],
    write: (inner: WasmScope, lanes: Lanes, point: Code) => void,
    from = 0,
    name = 'e',
  ): void {
    const size = pointCount(axes);
    this.walkRange(axes, i32(from), i32(size), write, name);
  }

  /** As `walk`, from one point (a multiple of 4) to before another. */
  walkRange(
    axes: readonly Axis[],
    from: Code,
    to: Code,
    write: (inner: WasmScope, lanes: Lanes, point: Code) => void,
    name = 'e',
  ): void {
    const known = from.kind === 'const' && to.kind === 'const';
    const fours = to.kind === 'const' ? i32(to.value & -4) : this.let(op('i32.and', [to, i32(-4)]), 'fours');
    const turn =
      (lanes: Lanes) =>
      (inner: WasmScope, point: Code): void => {
        inner.bindAxes(axes, point, lanes);
        write(inner, lanes, point);
      };
    if (!known || fours.kind !== 'const' || from.value < fours.value) this.loop(from, fours, 4, turn(4), name);
    if (known && fours.kind === 'const' && to.kind === 'const' && fours.value === to.value) return;
    const rest = known && fours.kind === 'const' && from.kind === 'const' ? i32(Math.max(fours.value, from.value)) : greatest(this.simple(fours), this.simple(from)); // prettier-ignore
    this.loop(rest, to, 1, turn(1), name);
  }

  /** The value of an expression, to be used once. */
  expr(expr: Expr): Value {
    if (expr.kind === 'const') return constantOf(expr.value, expr.type);
    if (expr.kind === 'var') return this.variable(expr.name);
    const id = this.shared.table.id(expr);
    const known = this.find((scope) => scope.values.get(id));
    if (known) return known;
    const owner = this.names.owner(expr);
    const value = owner.compute(expr);
    if (isSimple(value.code)) return value;
    if (owner === this && this.shared.table.uses(expr) < 2) return value;
    const kept = owner.keep(value);
    owner.values.set(id, kept);
    return kept;
  }

  /** A value in a local: what it is now, whatever is stored afterwards. */
  value(expr: Expr): Value {
    return this.keep(this.expr(expr));
  }

  /** An expression of i32, u32 or f32 that no lanes differ in. */
  scalar(expr: Expr): Code {
    const { lanes, code } = this.value(expr);
    invariant(lanes === 1, 'one number');
    return code;
  }

  /** An expression as four lanes. */
  wide(expr: Expr): Code {
    return fourOf(this.expr(expr));
  }

  keep(value: Value): Value {
    return isSimple(value.code) ? value : { ...value, code: this.let(value.code) };
  }

  /** Coefficient * variable of a flat index, e.g. to find out which axis is contiguous. */
  flatIndex(tensor: number, index: readonly Expr[]): Linear {
    return this.names.flatIndex(tensor, index);
  }

  /** Where a load's or store's elements lie in memory. */
  place(tensor: number, index: readonly Expr[], use: 'load' | 'store'): Place {
    const { dims, type } = this.names.tensor(tensor);
    const flat = this.flatIndex(tensor, index);
    const size = pointCount(dims);
    const reach = range(flat, this.names.context);
    const certain = reach !== null && reach[0] >= 0 && reach[1] < size;
    const found = this.index(flat);
    const bytes = elementBytes(type);
    const writer: PlaceWriter<WasmScope> = {
      address: this.address(tensor),
      let: (code, prefix) => this.let(code, prefix),
      outermost: (key, make) => this.root.memo(key, make),
      sum: (start, terms, scale) => this.sum(start, terms, scale),
    };
    return certain ? certainPlace(writer, found, bytes) : checkedPlace(writer, found, bytes, size, use);
  }

  /** Writes the stores. All their values are read before the first is written. */
  stores(stores: readonly Store[]): void {
    this.prepareStores(stores)(this);
  }

  /** Reads the values now; the result writes the stores, into this scope or one inside it. */
  prepareStores(stores: readonly Store[]): (scope: WasmScope) => void {
    const ready = stores.map(({ tensor, index, value }) => {
      const at = this.place(tensor, index, 'store');
      const computed = this.expr(value);
      const alone = stores.length === 1 && at.kind !== 'apart';
      const { type } = this.names.tensor(tensor);
      return { at, value: { ...(alone ? computed : this.keep(computed)), type } };
    });
    return (scope) => scope.push(...ready.flatMap(({ at, value }) => storeTo(at, value, this.math)));
  }

  /** Names of the variables an expression depends on. */
  variables(expr: Expr): readonly string[] {
    return this.shared.table.variables(expr);
  }

  /** Address of the tensor's first element. */
  address(tensor: number): Code {
    return this.shared.frame.address(tensor);
  }

  private find<T>(look: (scope: WasmScope) => T | undefined): T | undefined {
    return look(this) ?? this.parent?.find(look);
  }

  private get root(): WasmScope {
    return this.parent ? this.parent.root : this;
  }

  private variable(name: string): Value {
    const names = this.names.binding(name);
    const { scope } = names;
    const found = names.spaceOf(name);
    if (!found) {
      const binding = names.bound.get(name);
      invariant(binding, `variable ${name} is bound`);
      return binding.value;
    }
    if (found.axis.size === 1) return one('i32', i32(0));
    const at = found.space.axes.indexOf(found.axis);
    const { kind, code, key, plus } = scope.run(found.space, at, at);
    if (kind === 'apart') return four('i32', code);
    if (kind === 'one') return one('i32', plus === 0 ? code : scope.memo(`${key}+${plus}`, () => add(code, i32(plus))));
    const lanes = i32x4(plus, plus + 1, plus + 2, plus + 3);
    return four(
      'i32',
      scope.memo(`${key}+${plus} lanes`, () => op('i32x4.add', [op('i32x4.splat', [code]), lanes])),
    );
  }

  private run(space: Space, first: number, last: number): SpaceIndex {
    return runOf(space, first, last, (key, make) => this.memo(key, make));
  }

  /** The terms of a linear form as code. */
  private index(form: Linear): Index<WasmScope> {
    let rest = form.terms;
    const terms: IndexTerm<WasmScope>[] = [];
    const apart: { code: Code; coefficient: number }[] = [];
    let { constant } = form;
    let step = 0;
    for (const { scope, spaces } of this.names.chain) {
      for (const space of spaces) {
        const { runs, others } = axisRuns(space.axes, rest);
        rest = others;
        for (const { first, last, coefficient } of runs) {
          const { kind, code, key, plus } = scope.run(space, first, last);
          constant += coefficient * plus;
          if (kind === 'apart') apart.push({ code, coefficient });
          else terms.push({ key, code, coefficient, scope });
          if (kind === 'next') step += coefficient;
        }
      }
    }
    for (const { atom, coefficient } of rest) {
      const scope = this.names.owner(atom);
      const { lanes, code } = scope.value(atom);
      if (lanes === 4) apart.push({ code, coefficient });
      else terms.push({ key: keyOf(code), code, coefficient, scope });
    }
    return { constant, terms, step, apart };
  }

  /** start + the sum of scale * terms; what inner scopes do not change is added up outside of them. */
  private sum(start: Code, terms: readonly IndexTerm<WasmScope>[], scale: number): Code {
    const byDepth = terms.toSorted((a, b) => a.scope.names.depth - b.scope.names.depth);
    let total = start;
    let key = keyOf(start);
    for (const { scope, code, coefficient, key: termKey } of byDepth) {
      const [before, factor] = [total, coefficient * scale];
      key = `${key}+${factor}*${termKey}`;
      total = scope.memo(key, () =>
        add(
          before,
          scope.memo(`${factor}*${termKey}`, () => mul(code, i32(factor))),
        ),
      );
    }
    return total;
  }

  private compute(expr: Expr): Value {
    const rule = this.rules[expr.kind] as (expr: Expr) => Value;
    return rule(expr);
  }

  private readonly rules: { readonly [K in Expr['kind']]: (expr: Extract<Expr, { kind: K }>) => Value } = {
    const: (expr) => this.expr(expr),
    var: (expr) => this.expr(expr),
    load: ({ tensor, index }) => loadFrom(this.place(tensor, index, 'load'), this.names.tensor(tensor).type, this.math),
    unary: ({ fn, x, type }) => ({ ...unaryRules[fn](this.expr(x), this.context), type }),
    binary: (expr) => {
      const { fn, x, y, type } = expr;
      const power = fn === 'pow' && y.kind === 'const' ? powerOf(this.expr(x), y.value, this.context) : null;
      return power ?? { ...binaryRules[fn](this.expr(x), this.expr(y), this.context), type };
    },
    select: ({ condition, yes, no, type }) => ({ ...choose(this.expr(condition), this.expr(yes), this.expr(no)), type }), // prettier-ignore
    cast: ({ x, type }) => cast(this.expr(x), type, this.context),
    random: ({ seed, stream, counter }) => {
      const owner = this.names.owner(seed);
      const start = owner.scalar(seed);
      const key = owner.memo(`key ${stream} ${keyOf(start)}`, () => call(this.math.streamKey, [start, i32(stream)]));
      const count = this.expr(counter);
      const four_ = call(this.math.random, [key, fourOf(count)]);
      return count.lanes === 4 ? four('f32', four_) : one('f32', op('f32x4.extract_lane', [four_], { lane: 0 }));
    },
  };
}
