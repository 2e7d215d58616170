// Takes: operands of products and sums. Gives: code that writes them into scratch memory the way they are multiplied.
// Promises: an operand is read along the axis it lies along in memory, by fours; nothing outside of it is read.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { axesAt, count, exprAt } from '../../analysis/contract-loops.ts';
import { add, effect, f32x4, i32, i32x4, mul, op, sub } from '../code/code.ts';
import type { Code, Statement } from '../code/code.ts';
import { PANEL, PANEL_BYTES } from '../contract/tile-product.ts';
import { accesses } from '../scope/walk-order.ts';
import { four, lanesOf, least, one } from '../scope/value.ts';
import type { Lanes } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';

export interface Operand {
  readonly value: Expr;
  /** The axis along which it is multiplied or summed up. */
  readonly axis: Axis;
  /** The axis of the rows or columns. */
  readonly places: Axis;
}

/** Places first .. end - 1 of an operand. */
export interface Places {
  readonly first: Code;
  readonly end: Code;
}

const store = (lanes: Lanes, address: Code, value: Code, offset = 0): Statement =>
  lanes === 4 ? effect('v128.store', [address, value], { offset }) : effect('f32.store', [address, value], { offset });

/** Writes the element at every point of the axis one after the other. The rows' axes are bound. */
export function packRow(scope: WasmScope, { value, axis }: Pick<Operand, 'value' | 'axis'>, to: Code): void {
  scope.share([value]);
  scope.walk([axis], (inner, lanes, d) => {
    const x = lanes === 4 ? inner.wide(value) : inner.scalar(value);
    inner.push(store(lanes, add(to, mul(d, i32(4))), x));
  });
}

/** Whether an operand lies in memory along its axis, rather than along its places. */
export function liesAlongAxis(
  program: Program,
  target: WasmTarget,
  axes: readonly Axis[],
  { value, axis, places }: Operand,
): boolean {
  // prettier-ignore
  const { loads } = accesses(program, target, axes.map((one) => [one]), [value], []);
  const steps = (of: Axis): readonly number[] =>
    loads.map(({ terms }) => terms.find(({ atom }) => atom.kind === 'var' && atom.name === of.name)?.coefficient ?? 0);
  return steps(axis).includes(1) && !steps(places).includes(1);
}

/** panel[(c - first) / 16][d][(c - first) % 16] = the value of place c at d. `first` is a multiple of 16. */
export function packPanels(scope: WasmScope, operand: Operand, places: Places, to: Code, alongAxis: boolean): void {
  // prettier-ignore
  const target = (inner: WasmScope, c: Code): Code => {
    const at = inner.let(sub(c, places.first), 'at');
    const panel = mul(op('i32.shr_u', [at, i32(Math.log2(PANEL))]), i32(operand.axis.size * PANEL_BYTES));
    return inner.let(add(add(to, panel), mul(op('i32.and', [at, i32(PANEL - 1)]), i32(4))), 'to');
  };
  const write = alongAxis ? turnFour : fourPlaces;
  const { size } = operand.places;
  const whole = size % 4 === 0 ? places.end : scope.let(op('i32.and', [places.end, i32(-4)]), 'whole');
  scope.loop(places.first, whole, 4, (inner, c) => write(inner, operand, c, target(inner, c), false), 'c');
  if (size % 4 === 0) return;
  scope.when(op('i32.lt_s', [whole, places.end]), (inner) => write(inner, operand, whole, target(inner, whole), true));
}

/** Four places from c on, read along the axis and turned. Those beyond the last one are the last one. */
function turnFour(scope: WasmScope, { value, axis, places }: Operand, c: Code, to: Code, edge: boolean): void {
  const exprs = count(4).map((u) => exprAt(value, [places], `p${u}`));
  for (const u of count(4)) {
    if (!edge) scope.bindAxes(axesAt([places], `p${u}`), c, 1, u);
    else scope.bind(`${places.name}#p${u}`, one('i32', scope.let(least(scope.let(add(c, i32(u))), i32(places.size - 1)))), places.size); // prettier-ignore
  }
  scope.share(exprs);
  scope.walk([axis], (inner, lanes, d) => {
    const at = inner.let(add(to, mul(d, i32(PANEL_BYTES))), 'at');
    if (lanes === 1) return inner.push(store(4, at, lanesOf(exprs.map((expr) => inner.scalar(expr)))));
    const rows = exprs.map((expr) => inner.let(inner.wide(expr), 'x'));
    inner.push(...turned(inner, rows).map((x, i) => store(4, at, x, i * PANEL_BYTES)));
  });
}

/** Four places from c on, read together at every point of the axis. */
function fourPlaces(scope: WasmScope, { value, axis, places }: Operand, c: Code, to: Code, edge: boolean): void {
  if (!edge) scope.bindAxes([places], c, 4);
  else {
    const ramp = op('i32x4.add', [op('i32x4.splat', [c]), i32x4(0, 1, 2, 3)]);
    scope.bind(places.name, four('i32', scope.let(op('i32x4.min_s', [ramp, i32x4(places.size - 1)]))), places.size);
  }
  scope.share([value]);
  scope.loop(i32(0), i32(axis.size), 1, (inner, d) => {
    inner.bindAxes([axis], d);
    inner.push(store(4, add(to, mul(d, i32(PANEL_BYTES))), inner.wide(value)));
  });
}

/** Column j of four rows is row j of the result. */
function turned(scope: WasmScope, rows: readonly Code[]): readonly Code[] {
  const words = (x: Code, y: Code, picks: readonly number[]): Code =>
    op('i8x16.shuffle', [x, y], { shuffle: picks.flatMap((word) => count(4).map((byte) => 4 * word + byte)) });
  const [a, b, c, d] = rows as [Code, Code, Code, Code];
  const [low, high] = [[0, 4, 1, 5], [2, 6, 3, 7]] as const; // prettier-ignore
  const [ab, cd, AB, CD] = [words(a, b, low), words(c, d, low), words(a, b, high), words(c, d, high)].map((x) => scope.let(x, 't')) as [Code, Code, Code, Code]; // prettier-ignore
  const [first, second] = [[0, 1, 4, 5], [2, 3, 6, 7]] as const; // prettier-ignore
  return [words(ab, cd, first), words(ab, cd, second), words(AB, CD, first), words(AB, CD, second)];
}

/** panel[d / 16][c - first][d % 16] = the value of place c at d; 0 beyond the axis. */
export function packSteps(scope: WasmScope, operand: Operand, places: Places, to: Code, panelBytes: number): void {
  const { value, axis } = operand;
  const whole = Math.floor(axis.size / PANEL);
  const overPlaces = (outer: WasmScope, panel: Code, write: (inner: WasmScope, at: Code) => void): void => {
    const start = outer.let(sub(panel, mul(places.first, i32(PANEL_BYTES))), 'start');
    outer.loop(places.first, places.end, 1, (inner, c) => {
      inner.bindAxes([operand.places], c);
      write(inner, inner.let(add(start, mul(c, i32(PANEL_BYTES))), 'at'));
    }, 'c'); // prettier-ignore
  };
  const exprs = count(PANEL / 4).map((v) => exprAt(value, [axis], `v${v}`));
  scope.share(exprs);
  if (whole > 0)
    scope.loop(i32(0), i32(whole * PANEL), PANEL, (outer, d) => {
      const panel = outer.let(add(to, mul(d, i32(panelBytes / PANEL))), 'panel');
      overPlaces(outer, panel, (inner, at) => {
        for (const v of count(PANEL / 4)) inner.bindAxes(axesAt([axis], `v${v}`), d, 4, 4 * v);
        inner.push(...exprs.map((expr, v) => store(4, at, inner.wide(expr), 16 * v)));
      });
    }, 'd'); // prettier-ignore
  if (axis.size % PANEL === 0) return;
  overPlaces(scope, scope.let(add(to, i32(whole * panelBytes)), 'panel'), (inner, at) =>
    packRest(inner, operand, whole * PANEL, at),
  );
}

/** The elements from d on, and zeros up to the next panel. */
function packRest(scope: WasmScope, { value, axis }: Operand, first: number, to: Code): void {
  const write = (d: number, lanes: Lanes): void =>
    scope.block((inner) => {
      inner.bindAxes([axis], i32(d), lanes);
      inner.push(store(lanes, to, lanes === 4 ? inner.wide(value) : inner.scalar(value), 4 * (d - first)));
    });
  for (let d = first; d < first + PANEL; d += 4) {
    if (d + 4 <= axis.size) write(d, 4);
    else scope.push(store(4, to, f32x4(0), 4 * (d - first)));
    if (d + 4 > axis.size) for (let single = d; single < axis.size; single++) write(single, 1);
  }
}
