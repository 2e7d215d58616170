// Takes: whether there is a multiply-add in one instruction. Gives: the function that multiplies a block of rows by packed panels of columns.
// Promises: every sum in the order of k, whatever the blocks: the bits do not depend on how a product is cut.
import { add, effect, f32x4, get, i32, local, loop, mul, op, set, sub, when } from '../code/code.ts';
import type { Local, Statement, WasmFunction } from '../code/code.ts';
import { mathFor } from '../math/math.ts';
import type { WasmMath } from '../math/math.ts';

/** Columns of a panel: four vectors. Two rows of them are eight sums, the most that stay in registers beside their operands. */
export const PANEL = 16;
const VECTORS = PANEL / 4;
/** Bytes of one step of k in a panel. */
export const PANEL_BYTES = 4 * PANEL;

const products = new Map<boolean, WasmFunction>();

/**
 * c[i][j] = (accumulate ? c[i][j] : 0) + the sum over k of a[i][k] * b[k][j], for `rows` rows and `panels` panels of 16 columns.
 * a[i][k] lies at a + i * aRowBytes + 4 k; panel j of b at b + j * k * 64, with its 16 columns of one k side by side;
 * c[i][j] at c + i * cRowBytes + 4 j. All f32; `accumulate` is 0 or 1. Measured on one thread (AMD Zen 5, Node 20): 62 to 64 GFLOP/s
 * with relaxed multiply-add, 65 to 67 with multiply and add.
 */
export function tileProduct(relaxed: boolean): WasmFunction {
  const known = products.get(relaxed);
  if (known) return known;
  const made = makeTileProduct(mathFor(relaxed).fma);
  products.set(relaxed, made);
  return made;
}

function makeTileProduct(fma: WasmMath['fma']): WasmFunction {
  const param = (name: string): Local => local(name, 'i32');
  const [a, aRowBytes, b, c, cRowBytes] = [param('a'), param('aRowBytes'), param('b'), param('c'), param('cRowBytes')];
  const [rows, panels, k, accumulate] = [param('rows'), param('panels'), param('k'), param('accumulate')];
  const [panel, row, panelC, last] = [param('panel'), param('row'), param('panelC'), param('last')];
  const [rowA, rowC] = [param('rowA'), param('rowC')];
  const tile = (count: number): Statement[] =>
    new RowTile(count, fma).body({ rowA, aRowBytes, b, rowC, cRowBytes, k, accumulate });
  const next: Statement[] = [
    set(rowA, add(get(rowA), mul(get(aRowBytes), i32(2)))),
    set(rowC, add(get(rowC), mul(get(cRowBytes), i32(2)))),
  ];
  const body: Statement[] = [
    set(last, sub(get(rows), i32(1))),
    set(panelC, get(c)),
    ...loop(panel, i32(0), get(panels), 1, [
      set(rowA, get(a)),
      set(rowC, get(panelC)),
      ...loop(row, i32(0), get(last), 2, [...tile(2), ...next]),
      when(op('i32.lt_s', [get(row), get(rows)]), tile(1)),
      set(b, add(get(b), mul(get(k), i32(PANEL_BYTES)))),
      set(panelC, add(get(panelC), i32(PANEL_BYTES))),
    ]),
  ];
  return { name: 'tile_product', params: [a, aRowBytes, b, c, cRowBytes, rows, panels, k, accumulate], body, result: null }; // prettier-ignore
}

interface Places {
  readonly rowA: Local;
  readonly aRowBytes: Local;
  readonly b: Local;
  readonly rowC: Local;
  readonly cRowBytes: Local;
  readonly k: Local;
  readonly accumulate: Local;
}

const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** One or two rows of one panel. */
class RowTile {
  private readonly fma: WasmMath['fma'];
  private readonly atA: readonly Local[];
  private readonly atC: readonly Local[];
  private readonly sums: readonly (readonly Local[])[];
  private readonly columns: readonly Local[];
  private readonly factor = local('factor', 'v128');
  private readonly atB = local('atB', 'i32');
  private readonly step = local('step', 'i32');

  constructor(rows: number, fma: WasmMath['fma']) {
    this.fma = fma;
    this.atA = count(rows).map((i) => local(`a${i}`, 'i32'));
    this.atC = count(rows).map((i) => local(`c${i}`, 'i32'));
    this.sums = count(rows).map((i) => count(VECTORS).map((j) => local(`s${i}${j}`, 'v128')));
    this.columns = count(VECTORS).map((j) => local(`b${j}`, 'v128'));
  }

  body({ rowA, aRowBytes, b, rowC, cRowBytes, k, accumulate }: Places): Statement[] {
    const { atA, atB, atC, step } = this;
    const vectors = this.sums.flatMap((row, i) => row.map((sum, j) => ({ sum, at: atC[i] ?? rowC, offset: 16 * j })));
    return [
      ...atA.map((at, i) => set(at, i === 0 ? get(rowA) : add(get(rowA), get(aRowBytes)))),
      ...atC.map((at, i) => set(at, i === 0 ? get(rowC) : add(get(rowC), get(cRowBytes)))),
      set(atB, get(b)),
      when(
        get(accumulate),
        vectors.map(({ sum, at, offset }) => set(sum, op('v128.load', [get(at)], { offset }))),
        vectors.map(({ sum }) => set(sum, f32x4(0))),
      ),
      ...loop(step, i32(0), get(k), 1, [
        ...this.multiply(),
        ...atA.map((at) => set(at, add(get(at), i32(4)))),
        set(atB, add(get(atB), i32(PANEL_BYTES))),
      ]),
      ...vectors.map(({ sum, at, offset }) => effect('v128.store', [get(at), get(sum)], { offset })),
    ];
  }

  /**
   * One step of k; the columns are loaded once for all rows. Steps are not written one after the other: V8 (11.3) puts all
   * loads of a block before its sums, which spills: 62 GFLOP/s fall to 33 with two steps or more.
   */
  private multiply(): Statement[] {
    const { columns, factor, fma } = this;
    return [
      ...columns.map((column, j) => set(column, op('v128.load', [get(this.atB)], { offset: 16 * j }))),
      ...this.atA.flatMap((row, i) => [
        set(factor, op('v128.load32_splat', [get(row)])),
        ...(this.sums[i] ?? []).map((sum, j) => set(sum, fma(get(factor), get(columns[j] ?? sum), get(sum)))),
      ]),
    ];
  }
}
