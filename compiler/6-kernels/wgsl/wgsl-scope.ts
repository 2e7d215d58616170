// Takes: expressions and stores of fused groups. Gives: WGSL statements, in nested scopes.
// Promises: total over kinds; a value used twice is computed once; what a loop does not change is computed before it.
import { invariant } from '../../diagnostics.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { operands } from '../../3-graph/expr/walk.ts';
import type { Axis, Program, ProgramTensor, Store } from '../../5-optimize/groups.ts';
import { axisRuns } from '../analysis/axis-runs.ts';
import { ExprTable } from '../analysis/expr-table.ts';
import { binaryRules, helpers, unaryRules } from './text/functions.ts';
import type { HelperName, Rule } from './text/functions.ts';
import type { Linear } from '../analysis/linear.ts';
import { ScopeNames } from '../analysis/scope-names.ts';
import { literal } from './text/literal.ts';
import { runText } from './text/run-text.ts';
import type { AxisSpace } from './text/run-text.ts';
import { isSimple, stripped, sumText } from './text/text.ts';

/** Longer expressions are cut into statements, which also bounds their depth. */
const MAX_TEXT = 100;

/** What all scopes of one kernel share. */
interface Shared {
  readonly tensors: ReadonlyMap<number, ProgramTensor>;
  readonly tensorName: (tensor: number) => string;
  /** Tensors of halves bound as `array<vec4u>`, of f32 as `array<vec4f>`. */
  readonly wide: ReadonlySet<number>;
  readonly table: ExprTable;
  readonly helpers: Set<HelperName>;
  /** Names given out, to keep them apart. */
  readonly taken: Map<string, number>;
}

interface Binding {
  readonly text: string;
  readonly size: number | undefined;
}

/**
 * A block of WGSL being written. An expression is computed in the outermost scope that knows its variables, as a `let`
 * where it is used twice or in an inner scope. So the text a variable is bound to must not change its value while its
 * scope is open (bind the final value of an accumulator, not a `var` still being added to).
 */
export class WgslScope {
  readonly lines: string[] = [];
  private readonly shared: Shared;
  private readonly parent: WgslScope | null;
  private readonly names: ScopeNames<WgslScope, Binding, AxisSpace>;
  private readonly exprNames = new Map<number, string>();
  private readonly letNames = new Map<string, string>();

  private constructor(shared: Shared, parent: WgslScope | null) {
    this.shared = shared;
    this.parent = parent;
    this.names = new ScopeNames(this, parent?.names ?? null, shared);
  }

  /** The outermost scope of a kernel part's body. `tensorName` as in `WgslPart.print`, `wide` as in `WgslPart`. */
  static root(program: Program, tensorName: (tensor: number) => string, wide: readonly number[] = []): WgslScope {
    const tensors = new Map(program.tensors.map((tensor) => [tensor.id, tensor]));
    const known = { table: new ExprTable(), helpers: new Set<HelperName>(), taken: new Map<string, number>() };
    return new WgslScope({ tensors, tensorName, wide: new Set(wide), ...known }, null);
  }

  /** Declares a variable of the expressions: its WGSL text, a name or literal; `size`: an index from 0 to size - 1. */
  bind(variable: string, text: string, size?: number): void {
    this.names.bound.set(variable, { text, size });
  }

  /** Declares axes enumerated row-major by `point` (a u32 name); each is decoded from it when it is first needed. */
  bindAxes(axes: readonly Axis[], point: string): void {
    this.names.spaces.push({ axes, point });
  }

  /** Tells which expressions will be asked for, so that what they share is computed once. Call before the first. */
  share(exprs: readonly Expr[]): void {
    this.shared.table.count(exprs);
  }

  line(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  /** Writes `header { ... }`; what the block shares with its surroundings comes before it. */
  block(header: string, write: (inner: WgslScope) => void): void {
    const inner = new WgslScope(this.shared, this);
    write(inner);
    this.lines.push(`${header} {`.trimStart(), ...inner.lines.map((line) => `  ${line}`), '}');
  }

  /** The text of an expression: one operand, safe inside any other expression. */
  expr(expr: Expr): string {
    if (expr.kind === 'const') return literal(expr.value, expr.type);
    if (expr.kind === 'var') return this.variable(expr.name);
    const id = this.shared.table.id(expr);
    const known = this.find((scope) => scope.exprNames.get(id));
    if (known !== undefined) return known;
    const owner = this.names.owner(expr);
    const text = owner.print(expr);
    const once = owner === this && this.shared.table.uses(expr) < 2 && text.length <= MAX_TEXT;
    if (once) return text;
    const name = owner.let(text);
    owner.exprNames.set(id, name);
    return name;
  }

  /** A name or a literal that holds the expression's value from here on, whatever is stored afterwards. */
  value(expr: Expr): string {
    const text = this.expr(expr);
    return isSimple(text) ? text : this.let(text);
  }

  /** The i32 text of the flat index of an element of a tensor. */
  index(tensor: number, index: readonly Expr[]): string {
    return this.linearText(this.flatIndex(tensor, index));
  }

  /** The element a load or a store names: `t0[i]`. */
  element(tensor: number, index: readonly Expr[]): string {
    return `${this.shared.tensorName(tensor)}[${stripped(this.index(tensor, index))}]`;
  }

  /** The i32 text of a linear form over variables and expressions in scope, e.g. of that of a `WideLoad`. */
  linear(form: Linear): string {
    return this.linearText(form);
  }

  /** The name a tensor is bound to. */
  tensor(tensor: number): string {
    return this.shared.tensorName(tensor);
  }

  /** The `vec4u` of 8 halves of a wide tensor; `form` counts such elements. */
  octet(tensor: number, form: Linear): string {
    return `${this.shared.tensorName(tensor)}[${stripped(this.linear(form))}]`;
  }

  /** The `vec4f` of 4 numbers of a wide tensor of f32; `form` counts such elements. */
  quad(tensor: number, form: Linear): string {
    return this.octet(tensor, form);
  }

  /** Declares what an expression is computed as already: a name, or a part of one. */
  name(expr: Expr, text: string): void {
    this.exprNames.set(this.shared.table.id(expr), text);
  }

  /** Whether the expression has a name here or further out. */
  isNamed(expr: Expr): boolean {
    const id = this.shared.table.id(expr);
    return this.find((scope) => scope.exprNames.get(id)) !== undefined;
  }

  /** Coefficient * variable of a flat index, e.g. to find out which axis is contiguous. */
  flatIndex(tensor: number, index: readonly Expr[]): Linear {
    return this.names.flatIndex(tensor, index);
  }

  /** Writes the stores. All their values are read before the first is written. */
  stores(stores: readonly Store[]): void {
    this.prepareStores(stores, stores.length > 1)(this);
  }

  /** Reads the values now; the result writes the stores, into this scope or one inside it. */
  prepareStores(stores: readonly Store[], keep = true): (scope: WgslScope) => void {
    const ready = stores.map(({ tensor, index, value }) => {
      invariant(!this.shared.wide.has(tensor), `tensor ${tensor} is bound to be read, 16 bytes at a time`);
      const element = this.element(tensor, index);
      const text = keep ? this.value(value) : this.expr(value);
      return `${element} = ${value.type === 'bool' ? `u32(${stripped(text)})` : stripped(text)};`;
    });
    return (scope) => scope.line(...ready);
  }

  /** Names of the variables an expression depends on. */
  variables(expr: Expr): readonly string[] {
    return this.shared.table.variables(expr);
  }

  /** Declares a constant of the scope; equal texts share one. */
  let(text: string, prefix = 'v'): string {
    const inner = stripped(text);
    const known = this.find((scope) => scope.letNames.get(inner));
    if (known !== undefined) return known;
    const name = this.fresh(prefix, true);
    this.lines.push(`let ${name} = ${inner};`);
    this.letNames.set(inner, name);
    return name;
  }

  /** A name no other scope of this kernel has. */
  fresh(prefix: string, numbered = false): string {
    const { taken } = this.shared;
    const count = taken.get(prefix) ?? 0;
    taken.set(prefix, count + 1);
    return count === 0 && !numbered ? prefix : `${prefix}${count}`;
  }

  /** WGSL functions the text needs, for `WgslPart.print`. */
  helpers(): readonly string[] {
    return [...this.shared.helpers].map((name) => helpers[name]);
  }

  private find<T>(get: (scope: WgslScope) => T | undefined): T | undefined {
    return get(this) ?? this.parent?.find(get);
  }

  /** One element of a wide tensor. */
  private partOfWide(tensor: number, index: readonly Expr[]): string {
    const at = this.let(`u32(${stripped(this.index(tensor, index))})`, 'at');
    if (this.shared.tensors.get(tensor)?.type === 'f32')
      return `${this.shared.tensorName(tensor)}[${at} >> 2u][${at} & 3u]`;
    return `bitcast<vec2<f16>>(${this.shared.tensorName(tensor)}[${at} >> 3u][(${at} >> 1u) & 3u])[${at} & 1u]`;
  }

  private variable(name: string): string {
    const names = this.names.binding(name);
    const { scope } = names;
    const found = names.spaceOf(name);
    if (!found) return names.bound.get(name)?.text ?? '';
    return found.axis.size === 1 ? '0' : scope.run(found.space, found.space.axes.indexOf(found.axis));
  }

  /** The index along axes first..last of a space, counted row-major as one. */
  private run(space: AxisSpace, first: number, last = first): string {
    const { name, text } = runText(space, first, last);
    const known = this.letNames.get(text);
    if (known !== undefined) return known;
    const chosen = this.fresh(name);
    this.lines.push(`let ${chosen} = ${text};`);
    this.letNames.set(text, chosen);
    return chosen;
  }

  /** The text of a linear form; what inner scopes do not change is added up outside of them. */
  private linearText(form: Linear): string {
    const { terms, constant } = this.runTerms(form);
    const scopes = [...new Set(terms.map((term) => term.scope))].sort((a, b) => a.names.depth - b.names.depth);
    let text = '';
    for (const scope of scopes) {
      const own = terms.filter((term) => term.scope === scope);
      text = sumText(text, own);
      if (scope === scopes[0]) text = sumText(text, [{ text: String(Math.abs(constant)), coefficient: constant }]);
      if (scope !== this && !isSimple(text)) text = scope.let(text, 'o');
    }
    return scopes.length === 0 ? literal(constant, 'i32') : text;
  }

  private runTerms(form: Linear): {
    readonly constant: number;
    readonly terms: readonly { text: string; coefficient: number; scope: WgslScope }[];
  } {
    let rest = form.terms;
    const terms: { text: string; coefficient: number; scope: WgslScope }[] = [];
    for (const { scope, spaces } of this.names.chain) {
      for (const space of spaces) {
        const { runs, others } = axisRuns(space.axes, rest);
        rest = others;
        for (const run of runs)
          terms.push({ text: scope.run(space, run.first, run.last), coefficient: run.coefficient, scope });
      }
    }
    for (const { atom, coefficient } of rest) {
      const scope = this.names.owner(atom);
      terms.push({ text: scope.expr(atom), coefficient, scope });
    }
    return { constant: form.constant, terms };
  }

  private print(expr: Expr): string {
    const rule = this.rules[expr.kind] as (expr: Expr) => string;
    return rule(expr);
  }

  /**
   * WGSL evaluates expressions of constants when the shader is made, and refuses an overflow or a division by zero there;
   * a `let` in between leaves them to the device.
   */
  private runtime(parts: readonly Expr[], refuse: boolean): readonly string[] {
    const constant = parts.every((part) => part.kind === 'const') || refuse;
    return parts.map((part, i) =>
      constant && part.kind === 'const' && (i === 0 || refuse)
        ? this.let(`${part.type === 'bool' ? 'bool' : part.type}(${stripped(literal(part.value, part.type))})`)
        : this.expr(part),
    );
  }

  private call<Operands extends readonly string[]>(rule: Rule<Operands>, args: Operands, expr: Expr): string {
    if (rule.helper) this.shared.helpers.add(rule.helper);
    const type = operands(expr)[0]?.type ?? expr.type;
    if (type !== 'f16' || !rule.wide) return rule.text(...args, type);
    const wide = args.map((arg) => `f32(${stripped(arg)})`) as readonly string[] as Operands;
    return `f16(${rule.text(...wide, 'f32')})`;
  }

  private power(x: Expr, y: number): string | null {
    if (y === 0.5) return `sqrt(${this.expr(x)})`;
    if (y === -0.5) return `inverseSqrt(${this.expr(x)})`;
    if (y !== 2 && y !== 3) return null;
    const base = this.value(x);
    return y === 2 ? `(${base} * ${base})` : `(${base} * ${base} * ${base})`;
  }

  private readonly rules: { readonly [K in Expr['kind']]: (expr: Extract<Expr, { kind: K }>) => string } = {
    const: (expr) => this.expr(expr),
    var: (expr) => this.expr(expr),
    load: ({ tensor, index, type }) => {
      if (this.shared.wide.has(tensor)) return this.partOfWide(tensor, index);
      const element = this.element(tensor, index);
      return type === 'bool' ? `(${element} != 0u)` : element;
    },
    unary: (expr) => {
      const [x = ''] = this.runtime([expr.x], false);
      return this.call(unaryRules[expr.fn], [x], expr);
    },
    binary: (expr) => {
      const { fn, x, y } = expr;
      if (fn === 'pow' && x.kind !== 'const' && y.kind === 'const' && x.type === 'f32') {
        const text = this.power(x, y.value);
        if (text !== null) return text;
      }
      const refuse = (fn === 'div' || fn === 'mod') && y.kind === 'const' && y.value === 0;
      const [left = '', right = ''] = this.runtime([x, y], refuse);
      return this.call(binaryRules[fn], [left, right], expr);
    },
    select: ({ condition, yes, no }) =>
      `select(${[no, yes, condition].map((part) => stripped(this.expr(part))).join(', ')})`,
    cast: (expr) => {
      const [x = ''] = this.runtime([expr.x], false);
      if (expr.type !== 'bool') return `${expr.type}(${stripped(x)})`;
      return expr.x.type === 'bool' ? x : `(${x} != ${literal(0, expr.x.type)})`;
    },
    random: ({ seed, stream, counter }) => {
      this.shared.helpers.add('pcg').add('random_f32').add('stream_key');
      const owner = this.names.owner(seed);
      const key = owner.let(`stream_key(u32(${stripped(owner.expr(seed))}), ${literal(stream, 'u32')})`, 'key');
      return `random_f32(${key}, u32(${stripped(this.expr(counter))}))`;
    },
  };
}
