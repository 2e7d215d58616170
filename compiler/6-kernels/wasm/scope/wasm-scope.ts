// Takes: expressions and stores of fused groups. Gives: WebAssembly statements, in nested scopes.
// Promises: total over kinds; a value used twice is computed once; what a loop does not change is computed before it; no load
// or store leaves its tensor, whatever the indices hold.
import { invariant } from '../../../diagnostics.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { ScalarType } from '../../../3-graph/types.ts';
import type { Axis, Program, ProgramTensor, Store } from '../../../5-optimize/groups.ts';
import { axisRuns } from '../../analysis/axis-runs.ts';
import { ExprTable } from '../../analysis/expr-table.ts';
import { addScaled, linear, range } from '../../analysis/linear.ts';
import type { Linear, LinearContext } from '../../analysis/linear.ts';
import { add, call, get, i32, i32x4, local, loop, mul, op, set, when } from '../code/code.ts';
import type { Code, Local, Statement } from '../code/code.ts';
import { mathFor } from '../math/math.ts';
import type { WasmMath } from '../math/math.ts';
import type { Frame } from '../wasm-part.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { binaryRules, cast, choose, unaryRules } from './functions.ts';
import type { FunctionContext } from './functions.ts';
import { elementBytes, loadFrom, storeTo } from './memory.ts';
import type { Cell, Place } from './memory.ts';
import { four, fourOf, greatest, isSimple, laneOf, lanesOf, least, localType, one } from './value.ts';
import type { Lanes, Value } from './value.ts';

/** Axes enumerated row-major by point + plus; with four lanes, by that number (a multiple of 4) and the three after it. */
interface Space {
  readonly axes: readonly Axis[];
  readonly point: Code;
  readonly plus: number;
  readonly lanes: Lanes;
}

/** Which number a run of axes has: `code` + `plus`, and how the lanes differ. */
interface SpaceIndex {
  readonly kind: 'one' | 'next' | 'apart';
  readonly code: Code;
  readonly plus: number;
  readonly key: string;
}

interface Binding {
  readonly value: Value;
  readonly size: number | undefined;
}

/** coefficient * value, computed in `scope`; equal keys are equal values. */
interface IndexTerm {
  readonly key: string;
  readonly code: Code;
  readonly coefficient: number;
  readonly scope: WasmScope;
}

/** An index: one number, `step` more for each lane, and what differs between the lanes otherwise. */
interface Index {
  readonly constant: number;
  readonly terms: readonly IndexTerm[];
  readonly step: number;
  readonly apart: readonly { readonly code: Code; readonly coefficient: number }[];
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
export class WasmScope {
  readonly statements: Statement[] = [];
  private readonly shared: Shared;
  private readonly parent: WasmScope | null;
  private readonly bound = new Map<string, Binding>();
  private readonly spaces: Space[] = [];
  private readonly values = new Map<number, Value>();
  private readonly kept = new Map<string, Code>();
  private readonly context: FunctionContext;

  private constructor(shared: Shared, parent: WasmScope | null) {
    this.shared = shared;
    this.parent = parent;
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
    this.bound.set(variable, { value, size });
  }

  /**
   * Declares axes enumerated row-major by `point` (i32), each decoded when it is first needed. With four lanes the point is a
   * multiple of 4 and stands for itself and the three after it, all in range. `plus` more than `point` costs nothing where
   * the axes lie in memory as they are counted.
   */
  bindAxes(axes: readonly Axis[], point: Code, lanes: Lanes = 1, plus = 0): void {
    invariant(isSimple(point), 'a point is a name or a number');
    this.spaces.push({ axes, point, plus, lanes });
  }

  /** Tells which expressions will be asked for, so that what they share is computed once. Call before the first. */
  share(exprs: readonly Expr[]): void {
    this.shared.table.count(exprs);
  }

  push(...statements: readonly Statement[]): void {
    this.statements.push(...statements);
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
    if (expr.kind === 'const') return constant(expr.value, expr.type);
    if (expr.kind === 'var') return this.variable(expr.name);
    const id = this.shared.table.id(expr);
    const known = this.find((scope) => scope.values.get(id));
    if (known) return known;
    const owner = this.ownerOf(this.variables(expr));
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

  /** A new local of this scope. */
  let(code: Code, prefix = 'v'): Code {
    const made = local(this.fresh(prefix), code.type);
    this.push(set(made, code));
    return get(made);
  }

  /** As `let`, where the code is not simple yet. */
  simple(code: Code, prefix = 'v'): Code {
    return isSimple(code) ? code : this.let(code, prefix);
  }

  /** A local to be set by hand: an accumulator. */
  local(prefix: string, type: ScalarType, lanes: Lanes): Local {
    return local(this.fresh(prefix), localType(type, lanes));
  }

  /** Coefficient * variable of a flat index, e.g. to find out which axis is contiguous. */
  flatIndex(tensor: number, index: readonly Expr[]): Linear {
    const { table } = this.shared;
    const { dims } = this.tensor(tensor);
    invariant(index.length === dims.length, `tensor ${tensor} has ${dims.length} dims, not ${index.length}`);
    let flat: Linear = { constant: 0, terms: [] };
    let stride = 1;
    for (const [i, { size }] of [...dims.entries()].reverse()) {
      const at = index[i];
      if (at && size > 1) flat = addScaled(flat, linear(at, this.linearContext), stride, table);
      stride *= size;
    }
    return flat;
  }

  /** Where a load's or store's elements lie in memory. */
  place(tensor: number, index: readonly Expr[], use: 'load' | 'store'): Place {
    const { dims, type } = this.tensor(tensor);
    const flat = this.flatIndex(tensor, index);
    const size = pointCount(dims);
    const reach = range(flat, this.linearContext);
    const certain = reach !== null && reach[0] >= 0 && reach[1] < size;
    const found = this.index(flat);
    const bytes = elementBytes(type);
    return certain ? this.certainPlace(tensor, found, bytes) : this.checkedPlace(tensor, found, bytes, size, use);
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
      const { type } = this.tensor(tensor);
      return { at, value: { ...(alone ? computed : this.keep(computed)), type } };
    });
    return (scope) => scope.push(...ready.flatMap(({ at, value }) => storeTo(at, value, this.math)));
  }

  /** Names of the variables an expression depends on. */
  variables(expr: Expr): readonly string[] {
    return this.shared.table.variables(expr);
  }

  fresh(prefix: string): string {
    const { taken } = this.shared;
    const count = taken.get(prefix) ?? 0;
    taken.set(prefix, count + 1);
    return `${prefix}${count}`;
  }

  /** Address of the tensor's first element. */
  address(tensor: number): Code {
    return this.shared.frame.address(tensor);
  }

  private get linearContext(): LinearContext {
    return { table: this.shared.table, size: (name) => this.axisSize(name) };
  }

  private axisSize(name: string): number | undefined {
    return this.find((scope) => scope.bound.get(name)?.size ?? scope.spaceOf(name)?.axis.size);
  }

  private tensor(id: number): ProgramTensor {
    const tensor = this.shared.tensors.get(id);
    invariant(tensor, `no tensor ${id} in the program`);
    return tensor;
  }

  private find<T>(look: (scope: WasmScope) => T | undefined): T | undefined {
    return look(this) ?? this.parent?.find(look);
  }

  private spaceOf(name: string): { readonly space: Space; readonly axis: Axis } | undefined {
    for (const space of this.spaces) {
      const axis = space.axes.find((candidate) => candidate.name === name);
      if (axis) return { space, axis };
    }
    return undefined;
  }

  private binds(name: string): boolean {
    return this.bound.has(name) || this.spaceOf(name) !== undefined;
  }

  private get depth(): number {
    return this.parent ? this.parent.depth + 1 : 0;
  }

  /** The outermost scope that knows all the variables. */
  private ownerOf(names: readonly string[]): WasmScope {
    return this.parent && !names.some((name) => this.binds(name)) ? this.parent.ownerOf(names) : this;
  }

  private get root(): WasmScope {
    return this.parent ? this.parent.root : this;
  }

  private get chain(): readonly WasmScope[] {
    return [this, ...(this.parent?.chain ?? [])];
  }

  private variable(name: string): Value {
    const scope = this.find((candidate) => (candidate.binds(name) ? candidate : undefined));
    invariant(scope, `variable ${name} is not in scope`);
    const found = scope.spaceOf(name);
    if (!found) {
      const binding = scope.bound.get(name);
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

  /** A local of this scope for the code, made once. */
  private memo(key: string, make: () => Code): Code {
    const known = this.find((scope) => scope.kept.get(key));
    if (known) return known;
    const code = this.simple(make());
    this.kept.set(key, code);
    return code;
  }

  /** The index along axes first..last of a space, counted row-major as one; of four lanes, `next` ones or `apart`. */
  private run({ axes, point, plus, lanes }: Space, first: number, last: number): SpaceIndex {
    const inner = pointCount(axes.slice(last + 1));
    const size = pointCount(axes.slice(first, last + 1));
    const outer = pointCount(axes.slice(0, first));
    const name = keyOf(point);
    if (inner === 1 && outer === 1) return { kind: lanes === 1 ? 'one' : 'next', code: point, plus, key: name };
    const at = plus === 0 ? point : this.memo(`${name}+${plus}`, () => add(point, i32(plus)));
    const key = `${name}+${plus}/${inner}%${outer === 1 ? '' : size}`;
    const decode = (number: Code): Code => {
      const divided = inner === 1 ? number : op('i32.div_u', [number, i32(inner)]);
      return outer === 1 ? divided : op('i32.rem_u', [divided, i32(size)]);
    };
    const base = (): Code => this.memo(key, () => decode(at));
    if (lanes === 1 || (inner > 1 && inner % 4 === 0)) return { kind: 'one', code: base(), plus: 0, key };
    if (inner === 1 && size % 4 === 0) return { kind: 'next', code: base(), plus: 0, key };
    const apart = (): Code => lanesOf([0, 1, 2, 3].map((lane) => decode(add(at, i32(lane)))));
    return { kind: 'apart', code: this.memo(`${key} lanes`, apart), plus: 0, key };
  }

  /** The terms of a linear form as code. */
  private index(form: Linear): Index {
    let rest = form.terms;
    const terms: IndexTerm[] = [];
    const apart: { code: Code; coefficient: number }[] = [];
    let { constant } = form;
    let step = 0;
    for (const scope of this.chain) {
      for (const space of scope.spaces) {
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
      const scope = this.ownerOf(this.variables(atom));
      const { lanes, code } = scope.value(atom);
      if (lanes === 4) apart.push({ code, coefficient });
      else terms.push({ key: keyOf(code), code, coefficient, scope });
    }
    return { constant, terms, step, apart };
  }

  /** start + the sum of scale * terms; what inner scopes do not change is added up outside of them. */
  private sum(start: Code, terms: readonly IndexTerm[], scale: number): Code {
    const byDepth = terms.toSorted((a, b) => a.scope.depth - b.scope.depth);
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

  private certainPlace(tensor: number, { constant, terms, step, apart }: Index, bytes: number): Place {
    // An offset is added to an address without wrapping around, so an index that falls begins at its constant.
    const falls = terms.some(({ coefficient }) => coefficient < 0);
    const start = falls ? this.root.memo(`${keyOf(this.address(tensor))}+${constant * bytes}`, () => add(this.address(tensor), i32(constant * bytes))) : this.address(tensor); // prettier-ignore
    const address = this.sum(start, terms, bytes);
    const cell = (extra: number): Cell => {
      const offset = ((falls ? 0 : constant) + extra) * bytes;
      return offset >= 0 ? { address, offset } : { address: add(address, i32(offset)), offset: 0 };
    };
    if (apart.length > 0)
      return { kind: 'apart', cells: this.apartCells(address, falls ? 0 : constant, step, apart, bytes) };
    if (step === 0) return { kind: 'one', cell: cell(0) };
    if (step === 1) return { kind: 'row', cell: cell(0) };
    return { kind: 'apart', cells: [0, 1, 2, 3].map((lane) => cell(lane * step)) };
  }

  /** address + bytes * (constant + lane * step + what differs). */
  private apartCells(
    address: Code,
    constant: number,
    step: number,
    apart: Index['apart'],
    bytes: number,
  ): readonly Cell[] {
    // prettier-ignore
    const ramp = i32x4(constant, constant + step, constant + 2 * step, constant + 3 * step);
    const index = this.let(scaledSum(ramp, apart), 'index');
    return [0, 1, 2, 3].map((lane) => ({ address: add(address, mul(laneOf('i32', index, lane), i32(bytes))), offset: 0 })); // prettier-ignore
  }

  /** Loads of what is not there give an element that is; stores of it do nothing. Four side by side may begin before. */
  private checkedPlace(
    tensor: number,
    { constant, terms, step, apart }: Index,
    bytes: number,
    size: number,
    use: 'load' | 'store',
  ): Place {
    // prettier-ignore
    const first = this.simple(this.sum(i32(constant), terms, 1), 'index');
    const at = (index: Code, before: number, last: number): Cell => {
      const inside =
        use === 'load' ? this.let(greatest(i32(before), this.let(least(index, i32(last)))), 'inside') : index;
      const address = add(this.address(tensor), mul(inside, i32(bytes)));
      if (use === 'load') return { address, offset: 0 };
      const guard = op('i32.and', [op('i32.ge_s', [index, i32(0)]), op('i32.le_s', [index, i32(last)])]);
      return { address, offset: 0, guard };
    };
    if (apart.length === 0 && step === 0) return { kind: 'one', cell: at(first, 0, size - 1) };
    if (apart.length === 0 && step === 1) return { kind: 'row', cell: at(first, use === 'load' ? -3 : 0, use === 'load' ? size - 1 : size - 4) }; // prettier-ignore
    const ramp = op('i32x4.add', [op('i32x4.splat', [first]), i32x4(0, step, 2 * step, 3 * step)]);
    const index = this.let(scaledSum(ramp, apart), 'index');
    return { kind: 'apart', cells: [0, 1, 2, 3].map((lane) => at(this.let(laneOf('i32', index, lane), 'lane'), 0, size - 1)) }; // prettier-ignore
  }

  private compute(expr: Expr): Value {
    const rule = this.rules[expr.kind] as (expr: Expr) => Value;
    return rule(expr);
  }

  private readonly rules: { readonly [K in Expr['kind']]: (expr: Extract<Expr, { kind: K }>) => Value } = {
    const: (expr) => this.expr(expr),
    var: (expr) => this.expr(expr),
    load: ({ tensor, index }) => loadFrom(this.place(tensor, index, 'load'), this.tensor(tensor).type, this.math),
    unary: ({ fn, x, type }) => ({ ...unaryRules[fn](this.expr(x), this.context), type }),
    binary: (expr) => {
      const { fn, x, y, type } = expr;
      const power = fn === 'pow' && y.kind === 'const' ? this.power(x, y.value) : null;
      return power ?? { ...binaryRules[fn](this.expr(x), this.expr(y), this.context), type };
    },
    select: ({ condition, yes, no, type }) => ({ ...choose(this.expr(condition), this.expr(yes), this.expr(no)), type }), // prettier-ignore
    cast: ({ x, type }) => cast(this.expr(x), type, this.context),
    random: ({ seed, stream, counter }) => {
      const owner = this.ownerOf(this.variables(seed));
      const start = owner.scalar(seed);
      const key = owner.memo(`key ${stream} ${keyOf(start)}`, () => call(this.math.streamKey, [start, i32(stream)]));
      const count = this.expr(counter);
      const four_ = call(this.math.random, [key, fourOf(count)]);
      return count.lanes === 4 ? four('f32', four_) : one('f32', op('f32x4.extract_lane', [four_], { lane: 0 }));
    },
  };

  private power(x: Expr, y: number): Value | null {
    if (y === 0.5) return unaryRules.sqrt(this.expr(x), this.context);
    if (y === -0.5) return unaryRules.rsqrt(this.expr(x), this.context);
    if (y !== 2 && y !== 3) return null;
    const base = this.value(x);
    const square = binaryRules.mul(base, base, this.context);
    return y === 2 ? square : binaryRules.mul(square, base, this.context);
  }
}

function constant(value: number, type: ScalarType): Value {
  if (type === 'f32' || type === 'f16') return one(type, { kind: 'const', type: 'f32', value: Math.fround(value) });
  return one(type, i32(type === 'bool' ? Number(value !== 0) : value));
}

function scaledSum(start: Code, parts: Index['apart']): Code {
  return parts.reduce((total, { code, coefficient }) => {
    const scaled = coefficient === 1 ? code : op('i32x4.mul', [code, i32x4(coefficient)]);
    return op('i32x4.add', [total, scaled]);
  }, start);
}

/** Of a simple code. */
function keyOf(code: Code): string {
  if (code.kind === 'get') return code.local.name;
  return code.kind === 'const' ? `#${code.value}` : 'lanes';
}

const pointCount = (axes: readonly Axis[]): number => axes.reduce((count, axis) => count * axis.size, 1);
