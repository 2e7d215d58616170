import { describe, expect, test } from 'vitest';
import * as e from '../../../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../../../compiler/3-graph/expr.ts';
import type { Axis, Program, RowGroup, Store } from '../../../../compiler/5-optimize/groups.ts';
import { lowerRow } from '../../../../compiler/6-kernels/wasm/lower-row.ts';
import { rowSchedule } from '../../../../compiler/6-kernels/wasm/row/row-schedule.ts';
import { at, axis, element, numbers, program } from '../../../device/programs.ts';
import type { TensorSpec } from '../../../device/programs.ts';
import { expectOracle } from './expect-oracle.ts';
import type { Tolerance } from './expect-oracle.ts';
import { relaxedTarget, runOnWasm } from './run-program.ts';

const indices = (axes: readonly Axis[]): Expr[] => axes.map((one) => at(one.name));
const f32 = (name: string): Expr => e.variable(name, 'f32');
const store = (tensor: number, axes: readonly Axis[], value: Expr): Store => ({ tensor, index: indices(axes), value });

type Parts = Pick<RowGroup, 'axes' | 'row' | 'reductions' | 'rowStores' | 'elementStores'>;
const rowProgram = (tensors: readonly TensorSpec[], parts: Parts): Program => program(tensors, { kind: 'row', name: 'row', ...parts }); // prettier-ignore

/** As the schedule chooses, and the other way round. */
function expectBothWays(p: Program, values: ReadonlyMap<string, ArrayLike<number>>, tolerance: Tolerance = {}): void {
  expectOracle(p, values, tolerance);
  const lower = (program: Program, group: RowGroup): ReturnType<typeof lowerRow> => {
    const chosen = rowSchedule(program, group, relaxedTarget);
    const rows = group.axes.reduce((count, { size }) => count * size, 1);
    if (rows < 4) return lowerRow(program, group, relaxedTarget, { ...chosen, unroll: 4 });
    const across = !chosen.across;
    return lowerRow(program, group, relaxedTarget, { ...chosen, across, rows: across ? (rows < 8 ? 4 : 8) : 2, unroll: 2 }); // prettier-ignore
  };
  expectOracle(p, values, tolerance, { lower: (program, group) => lower(program, group as RowGroup) });
}

const sizes = [1, 3, 4, 5, 17, 64, 1000];
const shapes = [...sizes.map((n) => [3, n] as const), ...sizes.map((n) => [n, 5] as const), [37, 64], [64, 37], [16, 130]] as const; // prettier-ignore

function softmax(rows: number, length: number): Program {
  const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
  const all = [...axes, ...row];
  const shifted = e.exp(e.sub(element(0, all), f32('top')));
  return rowProgram([['x', 'input', all], ['p', 'output', all], ['lse', 'output', axes]], {
    axes, row,
    reductions: [{ result: 'top', fn: 'max', value: element(0, all) }, { result: 'total', fn: 'sum', value: shifted }],
    rowStores: [store(2, axes, e.add(f32('top'), e.log(f32('total'))))],
    elementStores: [store(1, all, e.div(shifted, f32('total')))],
  }); // prettier-ignore
}

describe('softmax, two stages and element stores', () => {
  test.each(shapes)('[%i, %i]', (rows, length) => {
    const x = numbers(rows * length).map((value) => value * 20);
    expectBothWays(softmax(rows, length), new Map([['x', x]]), { relative: 1e-5, absolute: 1e-6 });
  });
  test.each([-3e38, 3e38, 0])('a row of %d', (value) => {
    expectBothWays(softmax(5, 65), new Map([['x', new Float32Array(325).fill(value)]]));
  });
});

/** Elements [r, c], or [c, r] in memory where `transposed`. */
function layerNorm(rows: number, length: number, transposed: boolean): Program {
  const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
  const all = transposed ? [...row, ...axes] : [...axes, ...row];
  const centred = e.sub(element(0, all), e.mul(f32('sum'), 1 / length));
  const scale = e.rsqrt(e.add(e.mul(f32('squares'), 1 / length), 1e-5));
  return rowProgram([['x', 'state', all], ['gain', 'parameter', row], ['scale', 'output', axes]], {
    axes, row,
    reductions: [{ result: 'sum', fn: 'sum', value: element(0, all) }, { result: 'squares', fn: 'sum', value: e.mul(centred, centred) }],
    rowStores: [store(2, axes, scale)],
    elementStores: [store(0, all, e.mul(e.mul(centred, scale), element(1, row)))],
  }); // prettier-ignore
}

describe.each([false, true])('layer norm with gain, in place, transposed: %s', (transposed) => {
  test.each(shapes)('[%i, %i]', (rows, length) => {
    const values = new Map([['x', numbers(rows * length)], ['gain', numbers(length, 2)]]); // prettier-ignore
    expectBothWays(layerNorm(rows, length, transposed), values, { relative: 1e-5, absolute: 2e-5 });
  });
});

describe('sums over the leading axes, two at once, added in place', () => {
  test.each(shapes)('[2, %i] -> [%i]', (length, columns) => {
    const [axes, row] = [[axis('c', columns)], [axis('b', 2), axis('s', length)]];
    const all = [...row, ...axes];
    const [x, y] = [element(0, all), element(1, all)];
    const p = rowProgram(
      [['x', 'input', all], ['y', 'input', all], ['grad', 'state', axes], ['most', 'output', axes]],
      {
        axes, row,
        reductions: [{ result: 'dot', fn: 'sum', value: e.mul(x, y) }, { result: 'top', fn: 'max', value: y }],
        rowStores: [store(2, axes, e.add(element(2, axes), f32('dot'))), store(3, axes, f32('top'))],
        elementStores: [],
      },
    ); // prettier-ignore
    const size = 2 * length * columns;
    const values = new Map([['x', numbers(size)], ['y', numbers(size, 2)], ['grad', numbers(columns, 3)]]); // prettier-ignore
    expectBothWays(p, values, { absolute: 2 * length * 2 ** -22 });
  });
});

describe('several axes, in the order of memory or not', () => {
  const [b, h, s, d] = [axis('b', 2), axis('h', 3), axis('s', 5), axis('d', 8)];
  const six = axis('d', 6);
  test.each<[string, readonly Axis[], readonly Axis[], readonly Axis[]]>([
    ['rows of two axes', [b, s], [h, d], [b, s, h, d]],
    ['rows of two axes, apart', [b, s], [h, d], [b, h, s, d]],
    ['rows against the order of memory', [b, s], [d, h], [b, s, h, d]],
    ['columns of two axes', [h, d], [b, s], [b, s, h, d]],
    ['columns of two axes, apart', [h, d], [b, s], [b, h, s, d]],
    ['columns of two axes, ragged', [h, six], [b, s], [b, h, s, six]],
    ['columns against the order of memory', [d, h], [s, b], [b, s, h, d]],
    ['neither is contiguous', [h, b], [s], [b, s, h, d]],
    ['all but the middle', [h], [b, s, six], [b, s, h, six]],
  ])('%s', (_, axes, row, memory) => {
    const taken = memory.filter((one) => axes.includes(one) || row.includes(one));
    const index = memory.map((one) => (taken.includes(one) ? at(one.name) : e.constant(2, 'i32')));
    const x = e.load(0, index, 'f32');
    const p = rowProgram([['x', 'input', memory], ['sum', 'output', axes], ['y', 'output', taken]], {
      axes, row,
      reductions: [{ result: 'sum', fn: 'sum', value: e.mul(x, x) }],
      rowStores: [store(1, axes, f32('sum'))],
      elementStores: [store(2, taken, e.add(e.mul(x, f32('sum')), e.cast(at(row[0]?.name ?? ''), 'f32')))],
    }); // prettier-ignore
    expectBothWays(p, new Map([['x', numbers(memory.reduce((n, { size }) => n * size, 1))]]), { relative: 1e-5, absolute: 1e-6 }); // prettier-ignore
  });
});

test.each([4, 77, 1000])('cross-entropy of %i classes: a label picks its logit, ignored labels count as 0; the gradient in the same group', (classes) => {
  const [axes, row] = [[axis('b', 3), axis('s', 5)], [axis('v', classes)]];
  const all = [...axes, ...row];
  const label = element(1, axes, 'i32');
  const kept = e.not(e.eq(label, -100));
  const picked = e.load(0, [...indices(axes), e.max(label, 0)], 'f32');
  const lse = e.add(f32('top'), e.log(f32('total')));
  const hit = e.cast(e.eq(at('v'), label), 'f32');
  const p = rowProgram(
    [['logits', 'state', all], ['labels', 'input', axes, 'i32'], ['loss', 'output', axes], ['kept', 'output', axes, 'bool']],
    {
      axes, row,
      reductions: [
        { result: 'top', fn: 'max', value: element(0, all) },
        { result: 'total', fn: 'sum', value: e.exp(e.sub(element(0, all), f32('top'))) },
      ],
      rowStores: [store(2, axes, e.select(kept, e.sub(lse, picked), 0)), store(3, axes, kept)],
      elementStores: [store(0, all, e.select(kept, e.sub(e.exp(e.sub(element(0, all), lse)), hit), 0))],
    },
  );
  const labels = Int32Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? -100 : (i * 31) % classes));
  const values = new Map<string, ArrayLike<number>>([['logits', numbers(15 * classes).map((v) => v * 9)], ['labels', labels]]);
  expectBothWays(p, values, { relative: 1e-5, absolute: 1e-6 });
}); // prettier-ignore

test.each([...sizes, 5000])('everything to one number: %i elements, f32, i32 and u32', (length) => {
  const row = [axis('n', length)];
  const u32 = element(5, row, 'u32');
  const p = rowProgram(
    [['x', 'input', row], ['k', 'input', row, 'i32'], ['sum', 'output', []], ['least', 'output', [], 'i32'], ['count', 'output', [], 'i32'], ['u', 'input', row, 'u32'], ['most', 'output', [], 'u32']],
    {
      axes: [], row,
      reductions: [
        { result: 's', fn: 'sum', value: e.mul(element(0, row), element(0, row)) },
        { result: 'm', fn: 'max', value: e.neg(element(1, row, 'i32')) },
        { result: 'count', fn: 'sum', value: e.cast(e.lt(element(0, row), 0), 'i32') },
        { result: 'u', fn: 'max', value: u32 },
      ],
      rowStores: [
        store(2, [], e.sqrt(f32('s'))), store(3, [], e.neg(e.variable('m', 'i32'))), store(4, [], e.variable('count', 'i32')),
        store(6, [], e.variable('u', 'u32')),
      ],
      elementStores: [],
    },
  ); // prettier-ignore
  const k = Int32Array.from({ length }, (_, i) => i * 7 - 2147483000);
  const u = Uint32Array.from({ length }, (_, i) => 4294967295 - i * 5);
  expectBothWays(p, new Map<string, ArrayLike<number>>([['x', numbers(length)], ['k', k], ['u', u]]), { relative: 1e-5 }); // prettier-ignore
});

test.each([[4, 17], [17, 4], [1, 64], [64, 3]])('f16 and bool tensors, [%i, %i]', (rows, length) => {
  const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
  const all = [...axes, ...row];
  const kept = element(1, all, 'bool');
  const x = e.select(kept, e.cast(element(0, all, 'f16'), 'f32'), 0);
  const p = rowProgram(
    [['x', 'input', all, 'f16'], ['mask', 'input', all, 'bool'], ['sum', 'output', axes, 'f16'], ['top', 'output', axes, 'f16'], ['big', 'output', all, 'bool'], ['y', 'output', all, 'f16']],
    {
      axes, row,
      reductions: [{ result: 's', fn: 'sum', value: x }, { result: 'm', fn: 'max', value: element(0, all, 'f16') }],
      rowStores: [store(2, axes, e.cast(f32('s'), 'f16')), store(3, axes, e.variable('m', 'f16'))],
      elementStores: [store(4, all, e.lt(f32('s'), x)), store(5, all, e.cast(e.mul(x, f32('s')), 'f16'))],
    },
  );
  const mask = Array.from({ length: rows * length }, (_, i) => (i * 7) % 3 === 0 ? 1 : 0);
  expectBothWays(p, new Map<string, ArrayLike<number>>([['x', numbers(rows * length).map((v) => Math.round(v * 64) / 64)], ['mask', mask]]), { absolute: 1e-5 });
}); // prettier-ignore

test.each([[1, 300_000], [5, 100_003], [16, 100_000]])('long sums: %i of %i keep an error of 1e-6', (rows, length) => {
  const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
  const x = numbers(rows * length).map((v) => v + 1);
  for (const memory of [[...axes, ...row], [...row, ...axes]]) {
    const p = rowProgram([['x', 'input', memory], ['sum', 'output', axes]], {
      axes, row,
      reductions: [{ result: 's', fn: 'sum', value: element(0, memory) }],
      rowStores: [store(1, axes, f32('s'))],
      elementStores: [],
    });
    const sums = new Float64Array(rows);
    for (const [i, value] of x.entries()) {
      const at = memory[0] === axes[0] ? Math.floor(i / length) : i % rows;
      sums[at] = (sums[at] ?? 0) + value;
    }
    const found = runOnWasm(p, new Map([['x', x]])).get('sum') ?? [];
    for (const [i, sum] of sums.entries()) expect(Math.abs((found[i] ?? Number.NaN) - sum) / sum).toBeLessThan(1e-6);
  }
}); // prettier-ignore

test('the same bits for any number of threads', () => {
  const [axes, row] = [[axis('c', 109)], [axis('r', 700)]];
  const all = [...row, ...axes];
  const p = rowProgram([['x', 'input', all], ['sum', 'output', axes]], {
    axes, row, reductions: [{ result: 's', fn: 'sum', value: element(0, all) }], rowStores: [store(1, axes, f32('s'))], elementStores: [],
  }); // prettier-ignore
  const values = new Map([['x', numbers(700 * 109)]]);
  const [one, ...others] = [1, 2, 3, 64].map((threads) => runOnWasm(p, values, { target: { ...relaxedTarget, threads } })); // prettier-ignore
  for (const other of others) expect(other.get('sum')).toEqual(one?.get('sum'));
});

test('the greatest of a row skips what is no number, as long as one element is', () => {
  const [axes, row] = [[axis('r', 2)], [axis('c', 9)]];
  const all = [...axes, ...row];
  const p = rowProgram([['x', 'input', all], ['top', 'output', axes]], {
    axes, row, reductions: [{ result: 'm', fn: 'max', value: element(0, all) }], rowStores: [store(1, axes, f32('m'))], elementStores: [],
  }); // prettier-ignore
  const x = Float32Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? Number.NaN : i));
  expect([...(runOnWasm(p, new Map([['x', x]])).get('top') ?? [])]).toEqual([7, 17]);
});
