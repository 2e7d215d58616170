// Takes: a row or a column of an attention pass. Gives: a scope in which the pass's expressions know where they are.
// Promises: what the weights ask of a column alone, and is dear, is told apart, to be computed once per block of columns.
import { add, and, constant, lt, select, variable } from '../../../3-graph/expr-build.ts';
import { invariant } from '../../../diagnostics.ts';
import { mapOperands, operands, variablesOf } from '../../../3-graph/expr/walk.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { columnPosition, rowPosition, rowsAreQueries } from '../../analysis/attention-rows.ts';
import type { Sides, Weights } from '../../analysis/attention-sides.ts';
import { ExprTable } from '../../analysis/expr-table.ts';
import { i32x4, op } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { four } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';

/** Binds the axes of row `point` and its position. */
export function bindRow(scope: WasmScope, sides: Sides, point: Code): void {
  scope.bindAxes(sides.rows, point);
  scope.bind(rowPosition(sides), scope.value(position(sides, rowsAreQueries(sides))));
}

/** Binds the column at `point` and the next three, and `place`, which counts on beyond the last column. */
export function bindColumns(scope: WasmScope, sides: Sides, point: Code): void {
  scope.bindAxes([sides.column], point, 4);
  bindColumnPosition(scope, sides);
  if (sides.column.size % 4 === 0) return;
  scope.bind(
    'place',
    four('i32', scope.let(op('i32x4.add', [op('i32x4.splat', [point]), i32x4(0, 1, 2, 3)]), 'place')),
  );
}

export function bindColumnPosition(scope: WasmScope, sides: Sides): void {
  scope.bind(columnPosition(sides), scope.value(position(sides, !rowsAreQueries(sides))));
}

function position({ group }: Sides, isQuery: boolean): Expr {
  const { name } = isQuery ? group.query : group.key;
  const index = variable(name, 'i32');
  return isQuery ? add(group.offset, index) : index;
}

export interface Staged {
  readonly name: string;
  readonly value: Expr;
}

/**
 * The weights of four columns. Those beyond the last column get some weight, which nobody reads; only softmax asks whether
 * they are there, as it sums the weights up.
 */
export function stagedWeights(sides: Sides): { readonly weights: Weights; readonly staged: readonly Staged[] } {
  const { group, column } = sides;
  const table = new ExprTable();
  const staged: Staged[] = [];
  const stage = (expr: Expr): Expr => {
    if (!isDearColumnPart(expr, sides)) return mapOperands(expr, stage);
    const id = table.id(expr);
    const known = staged.findIndex(({ value }) => table.id(value) === id);
    const name = `staged${known < 0 ? staged.length : known}`;
    if (known < 0) staged.push({ name, value: expr });
    return variable(name, expr.type);
  };
  if (sides.weights.kind === 'given') {
    const [kept, slope] = [sides.weights.kept, sides.weights.slope].map((expr) => stage(withoutEnd(expr)));
    invariant(kept && slope, 'two weights');
    return { weights: { kind: 'given', kept, slope }, staged };
  }
  const { score, factor } = sides.weights;
  const inside = lt(variable('place', 'i32'), column.size);
  const seen = stage(column.size % 4 === 0 ? group.mask : and(inside, group.mask));
  return { weights: { kind: 'softmax', score: stage(score), seen, factor: factor && stage(factor) }, staged };
}

/** Without the question whether the column is there. */
function withoutEnd(expr: Expr): Expr {
  const isEnd = expr.kind === 'binary' && expr.fn === 'lt' && expr.y.kind === 'var' && expr.y.name === 'end';
  if (isEnd) return constant(1, 'bool');
  const made = mapOperands(expr, withoutEnd);
  if (made.kind === 'binary' && made.fn === 'and') return and(made.x, made.y);
  return made.kind === 'select' ? select(made.condition, made.yes, made.no) : made;
}

/** Variables are cheap, and so is arithmetic on them; loads, functions and divisions are not. */
function isDearColumnPart(expr: Expr, sides: Sides): boolean {
  const names = [...variablesOf(expr).keys()];
  const ofRow = new Set([...sides.rows.map((axis) => axis.name), rowPosition(sides), ...sides.products.map(({ name }) => name)]); // prettier-ignore
  const ofColumn = new Set([sides.column.name, columnPosition(sides)]);
  return names.some((name) => ofColumn.has(name)) && !names.some((name) => ofRow.has(name)) && isDear(expr);
}

function isDear(expr: Expr): boolean {
  if (expr.kind === 'load' || expr.kind === 'unary' || expr.kind === 'random') return true;
  if (expr.kind === 'binary' && (expr.fn === 'div' || expr.fn === 'mod' || expr.fn === 'pow')) return true;
  return operands(expr).some(isDear);
}
