// Takes: a program and the values of its named tensors. Gives: what they hold after a run.
// Promises: float64, exactly the meaning written at the types of groups.ts: the oracle of fusion and of kernels.
import { invariant } from '../diagnostics.ts';
import { constantValues } from '../3-graph/evaluate/constants.ts';
import {
  compileExpr,
  compileOffset,
  forEachPoint,
  Frame,
  type TensorValue,
  type Thunk,
} from './oracle/compile-expr.ts';
import { runAttention, runAttentionGrad } from './oracle/attention.ts';
import type {
  Axis,
  ContractGroup,
  Group,
  MapGroup,
  Program,
  ProgramTensor,
  RowGroup,
  ScatterGroup,
  Store,
} from './groups.ts';

type NumericArray = ArrayLike<number>;

/**
 * Runs `program` once. `values`: by tensor name, row-major; inputs are required, parameters and states start at zero when
 * left out. Gives every tensor but the temporaries and constants. @throws InvariantError on an index out of range.
 */
export function evaluateProgram(
  program: Program,
  values: ReadonlyMap<string, NumericArray>,
): Map<string, Float64Array> {
  const tensors = new Map<number, TensorValue>();
  for (const tensor of program.tensors) {
    const whole = tensor.window && tensors.get(tensor.window.of)?.values;
    const start = tensor.window?.start ?? 0;
    const seen = whole?.subarray(start, start + elementCount(tensor.dims));
    tensors.set(tensor.id, seen ? { tensor, values: seen } : startValue(tensor, values));
  }
  for (const group of program.groups) runGroup(tensors, group);
  const named = [...tensors.values()].filter(({ tensor }) => tensor.role !== 'temporary' && tensor.role !== 'constant');
  return new Map(named.map(({ tensor, values }) => [tensor.name, values]));
}

/** Runs one group in place on `tensors`, by tensor id. */
export function runGroup(tensors: ReadonlyMap<number, TensorValue>, group: Group): void {
  const frame = new Frame(tensors);
  const run = runners[group.kind] as (frame: Frame, group: Group) => void;
  run(frame, group);
}

export function elementCount(axes: readonly Axis[]): number {
  return axes.reduce((count, axis) => count * axis.size, 1);
}

function startValue(tensor: ProgramTensor, values: ReadonlyMap<string, NumericArray>): TensorValue {
  const size = elementCount(tensor.dims);
  if (tensor.data) return { tensor, values: constantValues(tensor.data) };
  const given = tensor.role === 'temporary' ? undefined : values.get(tensor.name);
  invariant(given || tensor.role !== 'input', `no value for input ${tensor.name}`);
  // Whoever reads what nothing wrote sees NaN.
  const empty = tensor.role === 'temporary' || tensor.role === 'output' ? Number.NaN : 0;
  const start = given ? Float64Array.from(given) : new Float64Array(size).fill(empty);
  invariant(start.length === size, `${tensor.name} needs ${size} values, not ${start.length}`);
  return { tensor, values: start };
}

const runners: { readonly [K in Group['kind']]: (frame: Frame, group: Extract<Group, { kind: K }>) => void } = {
  map: runMap,
  row: runRow,
  contract: runContract,
  attention: (frame, group) => runAttention(frame, group, (stores) => compileStores(frame, stores)),
  attention_grad: (frame, group) => runAttentionGrad(frame, group, (stores) => compileStores(frame, stores)),
  scatter: runScatter,
};

function declare(frame: Frame, axes: readonly Axis[]): void {
  for (const axis of axes) frame.slot(axis.name);
}

/** Values are all computed before the first is written. */
function compileStores(frame: Frame, stores: readonly Store[]): () => void {
  const compiled = stores.map((store) => ({
    target: frame.tensor(store.tensor).values,
    offset: compileOffset(frame, store.tensor, store.index),
    value: compileExpr(frame, store.value),
  }));
  return () => {
    const results = compiled.map((store) => store.value());
    for (const [i, store] of compiled.entries()) store.target[store.offset()] = results[i] ?? Number.NaN;
  };
}

function runMap(frame: Frame, group: MapGroup): void {
  declare(frame, group.axes);
  forEachPoint(frame, group.axes, compileStores(frame, group.stores));
}

function runRow(frame: Frame, group: RowGroup): void {
  declare(frame, [...group.axes, ...group.row]);
  const reductions = group.reductions.map((reduction) => {
    const value = compileExpr(frame, reduction.value);
    return { slot: frame.slot(reduction.result), fn: reduction.fn, value };
  });
  const rowStores = compileStores(frame, group.rowStores);
  const elementStores = compileStores(frame, group.elementStores);
  forEachPoint(frame, group.axes, () => {
    for (const { slot, fn, value } of reductions) {
      let total = fn === 'sum' ? 0 : -Infinity;
      forEachPoint(frame, group.row, () => {
        total = fn === 'sum' ? total + value() : Math.max(total, value());
      });
      frame.set(slot, total);
    }
    rowStores();
    forEachPoint(frame, group.row, elementStores);
  });
}

function runContract(frame: Frame, group: ContractGroup): void {
  const space = [...group.batch, ...group.m, ...group.n];
  declare(frame, space);
  const accumulators = group.accumulators.map(({ result, terms }) => {
    const products = terms.map(({ k, a, b }) => {
      declare(frame, k);
      return { k, a: compileExpr(frame, a), b: compileExpr(frame, b) };
    });
    return { result, products };
  });
  const slots = accumulators.map(({ result }) => frame.slot(result));
  const stores = compileStores(frame, group.stores);
  forEachPoint(frame, space, () => {
    const sums = accumulators.map(({ products }) => products.reduce((sum, p) => sum + dot(frame, p), 0));
    for (const [i, slot] of slots.entries()) frame.set(slot, sums[i] ?? Number.NaN);
    stores();
  });
}

function dot(frame: Frame, { k, a, b }: { k: readonly Axis[]; a: Thunk; b: Thunk }): number {
  let sum = 0;
  forEachPoint(frame, k, () => {
    sum += a() * b();
  });
  return sum;
}

function runScatter(frame: Frame, group: ScatterGroup): void {
  declare(frame, [group.bins, ...group.axes, ...group.items]);
  const [bin, value] = [compileExpr(frame, group.bin), compileExpr(frame, group.value)];
  const width = elementCount(group.axes);
  const sums = new Float64Array(group.bins.size * width);
  forEachPoint(frame, group.items, () => {
    const row = bin();
    invariant(row >= 0 && row < group.bins.size, `bin ${row} out of range (${group.bins.size})`);
    let i = row * width;
    forEachPoint(frame, group.axes, () => {
      sums[i] = (sums[i] ?? 0) + value();
      i += 1;
    });
  });
  const slot = frame.slot('sum');
  const stores = compileStores(frame, group.stores);
  let i = 0;
  forEachPoint(frame, [group.bins, ...group.axes], () => {
    frame.set(slot, sums[i++] ?? Number.NaN);
    stores();
  });
}
