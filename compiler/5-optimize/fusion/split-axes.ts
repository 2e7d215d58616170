// Takes: a group. Gives: the same with axes cut where its indices take them apart: q_dim / 8 and q_dim % 8 become axes.
// Promises: equal values; what was a quotient or remainder of an axis is linear in the new axes, where cuts nest.
import type { Expr } from '../../3-graph/expr.ts';
import { mapOperands, operands } from '../../3-graph/expr/walk.ts';
import { changeGroup, groupExprs } from '../group-parts.ts';
import type { Axis, Group } from '../groups.ts';
import type { ExprPool } from './elements/expr-pool.ts';
import { IndexMath } from './elements/index-math.ts';

/** Axis lists of each family that may be cut; the axes of attention have roles. */
const axisLists: {
  readonly [K in Group['kind']]: (
    group: Extract<Group, { kind: K }>,
    cut: (axes: readonly Axis[]) => Axis[],
  ) => Extract<Group, { kind: K }>;
} = {
  map: (group, cut) => ({ ...group, axes: cut(group.axes) }),
  row: (group, cut) => ({ ...group, axes: cut(group.axes), row: cut(group.row) }),
  contract: (group, cut) => ({
    ...group,
    batch: cut(group.batch),
    m: cut(group.m),
    n: cut(group.n),
    accumulators: group.accumulators.map(({ result, terms }) => ({
      result,
      terms: terms.map((term) => ({ ...term, k: cut(term.k) })),
    })),
  }),
  attention: (group) => group,
  attention_grad: (group) => group,
  scatter: (group, cut) => ({ ...group, axes: cut(group.axes), items: cut(group.items) }),
};

export function splitAxes(pool: ExprPool, group: Group): Group {
  const lists = axisLists[group.kind] as (group: Group, cut: (axes: readonly Axis[]) => Axis[]) => Group;
  const sizes = new Map<string, number>();
  lists(group, (axes) => {
    for (const { name, size } of axes) sizes.set(name, size);
    return [...axes];
  });
  const pieces = piecesOf(group, sizes);
  if (pieces.size === 0) return group;
  const cut = (axes: readonly Axis[]): Axis[] => axes.flatMap((axis) => pieces.get(axis.name) ?? [axis]);
  const made = lists(group, cut);
  const math = new IndexMath(
    pool,
    [...sizes].flatMap(([name, size]) => pieces.get(name) ?? [{ name, size }]),
  );
  const expr = rebuild(math, pieces);
  return changeGroup(made, {
    expr,
    stores: (stores) =>
      stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(expr), value: expr(value) })),
  });
}

/** The axes to cut, and into what, slowest first. */
function piecesOf(group: Group, sizes: ReadonlyMap<string, number>): Map<string, Axis[]> {
  const cuts = new Map<string, Set<number>>();
  const { operands: sides, pointwise } = groupExprs(group);
  collectCuts([...sides, ...pointwise], sizes, cuts);
  const pieces = new Map<string, Axis[]>();
  for (const [name, strides] of cuts) {
    const size = sizes.get(name) ?? 1;
    const bounds = [1, ...[...strides].filter((s) => s > 1 && s < size).sort((x, y) => x - y), size];
    const nested = bounds.every((bound, i) => bound % (bounds[i - 1] ?? 1) === 0);
    if (!nested || bounds.length < 3) continue;
    const parts = bounds.slice(1).map((bound, i) => ({ name: `${name}_${i}`, size: bound / (bounds[i] ?? 1) }));
    if (parts.some((part) => sizes.has(part.name))) continue;
    pieces.set(name, parts.reverse());
  }
  return pieces;
}

/** Strides at which quotients and remainders take an axis apart. */
function collectCuts(exprs: readonly Expr[], sizes: ReadonlyMap<string, number>, cuts: Map<string, Set<number>>): void {
  const seen = new Set<Expr>();
  const visit = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === 'binary' && (expr.fn === 'div' || expr.fn === 'mod') && expr.y.kind === 'const') {
      const inner = scaledAxis(expr.x, sizes);
      if (inner) {
        const known = cuts.get(inner.name) ?? new Set<number>();
        cuts.set(inner.name, known.add(inner.stride * expr.y.value));
      }
    }
    operands(expr).forEach(visit);
  };
  exprs.forEach(visit);
}

/** x as axis / stride. */
function scaledAxis(x: Expr, sizes: ReadonlyMap<string, number>): { name: string; stride: number } | null {
  if (x.kind === 'var') return x.type === 'i32' && sizes.has(x.name) ? { name: x.name, stride: 1 } : null;
  if (x.kind !== 'binary' || x.fn !== 'div' || x.y.kind !== 'const') return null;
  const inner = scaledAxis(x.x, sizes);
  return inner && { name: inner.name, stride: inner.stride * x.y.value };
}

function rebuild(math: IndexMath, pieces: ReadonlyMap<string, readonly Axis[]>): (expr: Expr) => Expr {
  const done = new Map<Expr, Expr>();
  const expr = (old: Expr): Expr => {
    const known = done.get(old);
    if (known) return known;
    const made = math.pool.intern(simplified(math, pieces, mapOperands(old, expr)));
    done.set(old, made);
    return made;
  };
  return expr;
}

function simplified(math: IndexMath, pieces: ReadonlyMap<string, readonly Axis[]>, made: Expr): Expr {
  if (made.type !== 'i32') return made;
  const parts = made.kind === 'var' ? pieces.get(made.name) : undefined;
  if (parts) return math.merge(parts.map((axis) => ({ index: math.axis(axis), size: axis.size })));
  if (made.kind !== 'binary') return made;
  const [x, y] = [math.pool.intern(made.x), math.pool.intern(made.y)];
  if (y.kind === 'const' && y.value > 0 && math.range(x)[0] >= 0) {
    if (made.fn === 'div') return math.quotient(x, y.value);
    if (made.fn === 'mod') return math.remainder(x, y.value);
  }
  const linear = made.fn === 'add' || made.fn === 'sub' || made.fn === 'mul';
  return linear ? math.sum([[1, math.pool.intern(made)]]) : made;
}
