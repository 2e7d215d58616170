// Takes: a row group and its schedule. Gives: the code of some of its rows.
// Promises: reductions in a fixed order, long sums in parts; every load of a row happens before the first store to it.
import type { Expr } from '../../../3-graph/expr.ts';
import type { RowGroup } from '../../../5-optimize/groups.ts';
import { add, get, i32, set } from '../code/code.ts';
import type { Code, Local } from '../code/code.ts';
import { pointCount, storeExprs } from '../../analysis/touched.ts';
import { least } from '../scope/value.ts';
import type { Lanes } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { combine, folded, identity, stagesOf, taken } from './accumulate.ts';
import type { Reduction } from './accumulate.ts';
import { Renaming } from './rename.ts';
import type { RowSchedule } from './row-schedule.ts';

/** Turns of a loop that are added up before they go into the total, which keeps the error of long rows small. */
const PART = 128;

/** Rows beside each other: `copies` times `lanes` of them. */
export interface RowTile {
  readonly copies: number;
  readonly lanes: Lanes;
}

interface Accumulator {
  readonly reduction: Reduction;
  readonly row: Renaming;
  readonly total: Local;
}

const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

export class RowKernel {
  private readonly group: RowGroup;
  private readonly schedule: RowSchedule;
  private readonly length: number;
  private readonly rowCopies: readonly Renaming[];
  private readonly elementCopies: readonly Renaming[];

  constructor(group: RowGroup, schedule: RowSchedule) {
    this.group = group;
    this.schedule = schedule;
    this.length = pointCount(group.row);
    const ofRow = [...group.axes.map(({ name }) => name), ...group.reductions.map(({ result }) => result)];
    this.rowCopies = count(schedule.across ? Math.max(3, schedule.rows / 4) : 1).map((i) => new Renaming(ofRow, i));
    this.elementCopies = count(schedule.unroll).map(
      (i) =>
        new Renaming(
          group.row.map(({ name }) => name),
          i,
        ),
    );
  }

  /** For `WasmScope.share`. */
  exprs(): readonly Expr[] {
    const { reductions, rowStores, elementStores } = this.group;
    return this.rowCopies.flatMap((row) => [
      ...reductions.flatMap(({ value }) => this.elementCopies.map((element) => element.expr(row.expr(value)))),
      ...storeExprs(row.stores([...rowStores, ...elementStores])),
    ]);
  }

  /** The rows from `first`, each row's whole program. */
  rows(scope: WasmScope, first: Code, tile: RowTile): void {
    const rows = this.rowCopies.slice(0, tile.copies);
    for (const [i, row] of rows.entries()) scope.bindAxes(row.axes(this.schedule.axes), first, tile.lanes, i * tile.lanes); // prettier-ignore
    for (const stage of stagesOf(this.group.reductions, scope)) this.reduce(scope, stage, rows, tile.lanes);
    const rowStores = rows.map((row) => scope.prepareStores(row.stores(this.group.rowStores)));
    this.elementStores(scope, rows);
    for (const store of rowStores) store(scope);
  }

  private get elementLanes(): Lanes {
    return this.schedule.across ? 1 : 4;
  }

  private reduce(scope: WasmScope, stage: readonly Reduction[], rows: readonly Renaming[], rowLanes: Lanes): void {
    const { length, elementLanes } = this;
    const unroll = this.elementCopies.length;
    const lanes: Lanes = rowLanes === 4 ? 4 : elementLanes;
    const step = elementLanes * unroll;
    const whole = Math.floor(length / step) * step;
    const fours = Math.floor(length / elementLanes) * elementLanes;
    const totals = rows.flatMap((row) => stage.map((reduction) => ({ reduction, row, total: this.total(scope, reduction, lanes) }))); // prettier-ignore
    const part = step * PART;
    if (whole > 2 * part)
      scope.loop(i32(0), i32(whole), part, (outer, start) => {
        const next = outer.let(add(start, i32(part)));
        const end = whole % part === 0 ? next : outer.let(least(next, i32(whole)));
        this.unrolled(outer, totals, lanes, start, end);
      });
    else if (whole > 0) this.unrolled(scope, totals, lanes, i32(0), i32(whole));
    if (whole < fours) this.walk(scope, totals, lanes, whole, fours, elementLanes);
    const finals = lanes === elementLanes && lanes === 4 ? totals.map((one) => this.fold(scope, one)) : totals;
    const finalLanes: Lanes = rowLanes;
    if (fours < length) this.walk(scope, finals, finalLanes, fours, length, 1);
    for (const { reduction, row, total } of finals)
      scope.bind(row.name(reduction.result), { type: reduction.value.type, lanes: finalLanes, code: get(total) });
  }

  private total(scope: WasmScope, reduction: Reduction, lanes: Lanes): Local {
    const total = scope.local('total', reduction.value.type, lanes);
    scope.push(set(total, identity(reduction, lanes)));
    return total;
  }

  private fold(scope: WasmScope, { reduction, row, total }: Accumulator): Accumulator {
    const one = scope.local('all', reduction.value.type, 1);
    scope.push(set(one, folded(reduction, total, scope, scope.math)));
    return { reduction, row, total: one };
  }

  /** Several elements, or vectors of them, a turn; each has accumulators of its own, which are added to the totals. */
  private unrolled(scope: WasmScope, totals: readonly Accumulator[], lanes: Lanes, from: Code, to: Code): void {
    const copies = this.elementCopies;
    const parts = copies.map(() => totals.map((one) => ({ ...one, total: this.total(scope, one.reduction, lanes) }))); // prettier-ignore
    scope.loop(from, to, copies.length * this.elementLanes, (inner, point) => {
      for (const [u, element] of copies.entries()) inner.bindAxes(element.axes(this.schedule.row), point, this.elementLanes, u * this.elementLanes); // prettier-ignore
      for (const [u, element] of copies.entries()) this.take(inner, parts[u] ?? [], lanes, element);
    }, 'e'); // prettier-ignore
    for (let apart = 1; apart < parts.length; apart *= 2)
      for (let i = 0; i + apart < parts.length; i += 2 * apart) this.addTo(scope, parts[i] ?? [], parts[i + apart] ?? [], lanes); // prettier-ignore
    this.addTo(scope, totals, parts[0] ?? [], lanes);
  }

  private addTo(scope: WasmScope, totals: readonly Accumulator[], parts: readonly Accumulator[], lanes: Lanes): void {
    for (const [i, { reduction, total }] of totals.entries()) {
      const part = parts[i];
      if (part) scope.push(set(total, combine(reduction, lanes, total, get(part.total), scope)));
    }
  }

  /** What is left, one vector or one element a turn. */
  private walk(
    scope: WasmScope,
    totals: readonly Accumulator[],
    lanes: Lanes,
    from: number,
    to: number,
    elementLanes: Lanes,
  ): void {
    // prettier-ignore
    const [element] = this.elementCopies;
    scope.loop(i32(from), i32(to), elementLanes, (inner, point) => {
      inner.bindAxes(this.schedule.row, point, elementLanes);
      if (element) this.take(inner, totals, lanes, element);
    }, 'e'); // prettier-ignore
  }

  private take(scope: WasmScope, totals: readonly Accumulator[], lanes: Lanes, element: Renaming): void {
    for (const { reduction, row, total } of totals)
      scope.push(set(total, taken(reduction, element.expr(row.expr(reduction.value)), lanes, total, scope)));
  }

  private elementStores(scope: WasmScope, rows: readonly Renaming[]): void {
    if (this.group.elementStores.length === 0) return;
    const fours = Math.floor(this.length / this.elementLanes) * this.elementLanes;
    const walk = (from: number, to: number, lanes: Lanes): void => {
      if (from < to)
        scope.loop(i32(from), i32(to), lanes, (inner, point) => {
          inner.bindAxes(this.schedule.row, point, lanes);
          for (const row of rows) inner.stores(row.stores(this.group.elementStores));
        }, 'e'); // prettier-ignore
    };
    walk(0, fours, this.elementLanes);
    walk(fours, this.length, 1);
  }
}
