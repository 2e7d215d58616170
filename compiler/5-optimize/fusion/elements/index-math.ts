// Takes: index expressions (i32) over axes of known size. Gives: sums, quotients and remainders of them, simplified.
// Promises: equal values; split-then-merge and merge-then-split of an index give the index back.
import { add, constant, div, mod, mul, variable } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis } from '../../groups.ts';
import type { ExprPool } from './expr-pool.ts';

/** constant + the sum of coefficient * atom. */
interface Linear {
  readonly terms: Map<Expr, number>;
  constant: number;
}

type Range = readonly [min: number, max: number];
const anything: Range = [-Infinity, Infinity];

export class IndexMath {
  readonly pool: ExprPool;
  private readonly sizes = new Map<string, number>();
  private readonly ranges = new Map<Expr, Range>();

  constructor(pool: ExprPool, axes: readonly Axis[]) {
    this.pool = pool;
    this.declare(axes);
  }

  declare(axes: readonly Axis[]): void {
    for (const { name, size } of axes) this.sizes.set(name, size);
  }

  axis({ name }: Axis): Expr {
    return this.pool.intern(variable(name, 'i32'));
  }

  number(value: number): Expr {
    return this.pool.intern(constant(value, 'i32'));
  }

  /** sum of coefficient * x, plus a constant. */
  sum(parts: readonly (readonly [coefficient: number, x: Expr])[], offset = 0): Expr {
    const total: Linear = { terms: new Map(), constant: offset };
    for (const [coefficient, x] of parts) addScaled(total, this.linear(x), coefficient);
    return this.build(total);
  }

  /** The row-major index of a point. */
  merge(parts: readonly { readonly index: Expr; readonly size: number }[]): Expr {
    let stride = 1;
    const terms: [number, Expr][] = [];
    for (const { index, size } of parts.toReversed()) {
      terms.unshift([stride, index]);
      stride *= size;
    }
    return this.sum(terms);
  }

  /** The indices along `sizes` of a row-major index. */
  split(index: Expr, sizes: readonly number[]): Expr[] {
    let stride = 1;
    const parts = sizes.toReversed().map((size, i) => {
      const quotient = this.quotient(index, stride);
      stride *= size;
      return i === sizes.length - 1 ? quotient : this.remainder(quotient, size);
    });
    return parts.reverse();
  }

  /** x / d for x >= 0 (truncated). */
  quotient(x: Expr, d: number): Expr {
    if (d === 1) return x;
    const { whole, rest } = this.partsBy(x, d);
    if (!this.nonNegative(whole) || !this.nonNegative(rest)) return this.pool.intern(div(x, d));
    const scaled: Linear = { terms: new Map(), constant: whole.constant / d };
    for (const [atom, coefficient] of whole.terms) scaled.terms.set(atom, coefficient / d);
    if (this.rangeOf(rest)[1] >= d) addScaled(scaled, this.linear(this.plainQuotient(this.build(rest), d)), 1);
    return this.build(scaled);
  }

  /** x mod d for x >= 0. */
  remainder(x: Expr, d: number): Expr {
    if (d === 1) return this.number(0);
    const { whole, rest } = this.partsBy(x, d);
    if (!this.nonNegative(whole) || !this.nonNegative(rest)) return this.pool.intern(mod(x, d));
    const built = this.build(rest);
    if (this.rangeOf(rest)[1] < d) return built;
    if (built.kind === 'binary' && built.fn === 'mod' && built.y.kind === 'const' && built.y.value % d === 0)
      return this.remainder(built.x, d);
    return this.pool.intern(mod(built, d));
  }

  range(x: Expr): Range {
    const known = this.ranges.get(x);
    if (known) return known;
    const range = this.findRange(x);
    this.ranges.set(x, range);
    return range;
  }

  /** (x / a) / b = x / (a b) */
  private plainQuotient(x: Expr, d: number): Expr {
    if (x.kind === 'binary' && x.fn === 'div' && x.y.kind === 'const') return this.quotient(x.x, x.y.value * d);
    return this.pool.intern(div(x, d));
  }

  /** x = whole + rest, every coefficient of `whole` a multiple of d. */
  private partsBy(x: Expr, d: number): { whole: Linear; rest: Linear } {
    const all = this.linear(x);
    const whole: Linear = { terms: new Map(), constant: Math.floor(all.constant / d) * d };
    const rest: Linear = { terms: new Map(), constant: all.constant - whole.constant };
    for (const [atom, coefficient] of all.terms) (coefficient % d === 0 ? whole : rest).terms.set(atom, coefficient);
    return { whole, rest };
  }

  private linear(x: Expr): Linear {
    if (x.kind === 'const') return { terms: new Map(), constant: x.value };
    if (x.kind === 'binary' && (x.fn === 'add' || x.fn === 'sub')) {
      const sum = this.linear(x.x);
      addScaled(sum, this.linear(x.y), x.fn === 'add' ? 1 : -1);
      return sum;
    }
    if (x.kind === 'binary' && x.fn === 'mul') {
      const [factor, other] = x.x.kind === 'const' ? [x.x, x.y] : [x.y, x.x];
      if (factor.kind === 'const') {
        const scaled: Linear = { terms: new Map(), constant: 0 };
        addScaled(scaled, this.linear(other), factor.value);
        return scaled;
      }
    }
    return { terms: new Map([[x, 1]]), constant: 0 };
  }

  private build(sum: Linear): Expr {
    this.recombine(sum);
    const terms = [...sum.terms].sort((x, y) => y[1] - x[1]);
    const zero: Expr = constant(0, 'i32');
    const built = terms.reduce((total, [atom, coefficient]) => add(total, mul(coefficient, atom)), zero);
    return this.pool.intern(add(built, sum.constant));
  }

  /** c a (x / a) + c (x mod a) = c x */
  private recombine(sum: Linear): void {
    for (const [atom, coefficient] of sum.terms) {
      if (atom.kind !== 'binary' || atom.fn !== 'mod' || atom.y.kind !== 'const') continue;
      const a = atom.y.value;
      const quotient = this.plainQuotient(atom.x, a);
      if (sum.terms.get(quotient) !== coefficient * a) continue;
      sum.terms.delete(quotient);
      sum.terms.delete(atom);
      addScaled(sum, this.linear(atom.x), coefficient);
      return this.recombine(sum);
    }
  }

  private nonNegative(sum: Linear): boolean {
    return this.rangeOf(sum)[0] >= 0;
  }

  private rangeOf(sum: Linear): Range {
    let [min, max] = [sum.constant, sum.constant];
    for (const [atom, coefficient] of sum.terms) {
      const [low, high] = this.range(atom).map((bound) => bound * coefficient);
      min += Math.min(low ?? Number.NaN, high ?? Number.NaN);
      max += Math.max(low ?? Number.NaN, high ?? Number.NaN);
    }
    return [min, max];
  }

  private findRange(x: Expr): Range {
    if (x.kind === 'const') return [x.value, x.value];
    if (x.kind === 'var') {
      const size = this.sizes.get(x.name);
      return size === undefined ? anything : [0, size - 1];
    }
    if (x.kind === 'select') {
      const [yes, no] = [this.range(x.yes), this.range(x.no)];
      return [Math.min(yes[0], no[0]), Math.max(yes[1], no[1])];
    }
    if (x.kind !== 'binary') return anything;
    const sum = this.linear(x);
    if (!sum.terms.has(x)) return this.rangeOf(sum);
    if (x.y.kind !== 'const') return anything;
    const [low, high] = this.range(x.x);
    if (low < 0) return anything;
    if (x.fn === 'div') return [Math.floor(low / x.y.value), Math.floor(high / x.y.value)];
    return x.fn === 'mod' ? [0, Math.min(high, x.y.value - 1)] : anything;
  }
}

function addScaled(sum: Linear, more: Linear, factor: number): void {
  sum.constant += more.constant * factor;
  for (const [atom, coefficient] of more.terms) {
    const total = (sum.terms.get(atom) ?? 0) + coefficient * factor;
    if (total === 0) sum.terms.delete(atom);
    else sum.terms.set(atom, total);
  }
}
