// Takes: tensors as they lie on disk and the steps of a weight map. Gives: the parameter they are, and the way back.
// Promises: one rule per kind of step; numbers are moved, not computed (but by `add`), so their bits stay.
import type { WeightEntry, WeightStep } from '../../compiler/2-check/model.ts';
import { bytesOfWeight, narrow, widen } from './dtype.ts';
import type { WeightDtype } from './weight-source.ts';

/** Row-major. */
export interface RawTensor {
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

type Kind = Exclude<WeightStep['kind'], 'stack' | 'split'>;
interface Rule<K extends Kind> {
  readonly read: (tensor: RawTensor, step: Extract<WeightStep, { kind: K }>) => RawTensor;
  readonly write: (tensor: RawTensor, step: Extract<WeightStep, { kind: K }>) => RawTensor;
}

/** Of the steps that make one tensor of one. */
const rules: { readonly [K in Kind]: Rule<K> } = {
  transpose: { read: transposed, write: transposed },
  add: { read: (tensor, { value }) => added(tensor, value), write: (tensor, { value }) => added(tensor, -value) },
  squeeze: {
    read: (tensor, { dim }) => ({ ...tensor, shape: tensor.shape.filter((_, i) => i !== dim) }),
    write: (tensor, { dim }) => ({ ...tensor, shape: [...tensor.shape.slice(0, dim), 1, ...tensor.shape.slice(dim)] }),
  },
  deinterleave: {
    read: (tensor, { blocks }) => moveRows(tensor, (rows) => partsInTurn(rows, blocks), 'gather'),
    write: (tensor, { blocks }) => moveRows(tensor, (rows) => partsInTurn(rows, blocks), 'scatter'),
  },
  permute_rope: {
    read: (tensor, step) => moveRows(tensor, (rows) => pairing(rows, step), 'gather'),
    write: (tensor, step) => moveRows(tensor, (rows) => pairing(rows, step), 'scatter'),
  },
};

const ruleOf = (step: Extract<WeightStep, { kind: Kind }>): Rule<Kind> => rules[step.kind] as Rule<Kind>;

/** `tensors` in the order of the entry. */
export function readEntry({ steps }: Pick<WeightEntry, 'steps'>, tensors: readonly RawTensor[]): RawTensor {
  const stack = steps.findIndex(({ kind }) => kind === 'stack');
  const before = stack < 0 ? steps : steps.slice(0, stack);
  const each = tensors.map((tensor) => before.reduce(readStep, tensor));
  const [first, ...more] = each;
  if (first === undefined) throw new TypeError('internal: an entry without tensors');
  if (stack < 0) return first;
  const joined = { ...first, shape: [each.length, ...first.shape], bytes: join([first, ...more].map(({ bytes }) => bytes)) }; // prettier-ignore
  return steps.slice(stack + 1).reduce(readStep, joined);
}

function readStep(tensor: RawTensor, step: WeightStep): RawTensor {
  if (step.kind === 'stack') throw new TypeError('internal: a map stacks twice');
  if (step.kind !== 'split') return ruleOf(step).read(tensor, step);
  const row = bytesOfRow(tensor);
  const bytes = tensor.bytes.subarray(step.from * row, (step.from + step.rows) * row);
  return { ...tensor, shape: [step.rows, ...tensor.shape.slice(1)], bytes };
}

/** A parameter on its way out. */
export interface Part {
  readonly entry: Pick<WeightEntry, 'steps'>;
  readonly parameter: RawTensor;
}

/** The tensor on disk that `parts` are read from, all of them; `index`: which of the entry's tensors. */
export function writeTensor(parts: readonly Part[], index: number): RawTensor {
  const [first] = parts;
  if (first === undefined) throw new TypeError('internal: a tensor of no parts');
  const split = first.entry.steps.findIndex(({ kind }) => kind === 'split');
  if (split < 0) return undo(first.parameter, first.entry.steps, index);
  const pieces = parts
    .map(({ entry, parameter }) => ({
      from: fromOf(entry.steps[split]),
      tensor: undo(parameter, entry.steps.slice(split + 1), index),
    })) // prettier-ignore
    .sort((x, y) => x.from - y.from)
    .map(({ tensor }) => tensor);
  const [head] = pieces;
  if (head === undefined) throw new TypeError('internal: a tensor of no parts');
  const rows = pieces.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const whole = { ...head, shape: [rows, ...head.shape.slice(1)], bytes: join(pieces.map(({ bytes }) => bytes)) };
  return undo(whole, first.entry.steps.slice(0, split), index);
}

const fromOf = (step: WeightStep | undefined): number => (step?.kind === 'split' ? step.from : 0);

function undo(tensor: RawTensor, steps: readonly WeightStep[], index: number): RawTensor {
  return steps.reduceRight((after, step): RawTensor => {
    if (step.kind === 'split') throw new TypeError('internal: a map splits twice');
    if (step.kind !== 'stack') return ruleOf(step).write(after, step);
    const row = bytesOfRow(after);
    return { ...after, shape: after.shape.slice(1), bytes: after.bytes.subarray(index * row, (index + 1) * row) };
  }, tensor);
}

const square = 32;

function transposed(tensor: RawTensor): RawTensor {
  const { dtype, shape, bytes } = tensor;
  const [rows = 1, columns = 1] = shape;
  if (shape.length < 2) return tensor;
  const size = bytesOfWeight(dtype);
  const from = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const wordsOf = ({ buffer, byteOffset }: Uint8Array): Uint16Array | Uint32Array =>
    size === 4 ? new Uint32Array(buffer, byteOffset, rows * columns) : new Uint16Array(buffer, byteOffset, rows * columns); // prettier-ignore
  const target = new Uint8Array(bytes.length);
  const [source, words] = [wordsOf(from), wordsOf(target)];
  // In squares, which stay in the cache.
  for (let top = 0; top < rows; top += square) {
    const bottom = Math.min(rows, top + square);
    for (let left = 0; left < columns; left += square) {
      const right = Math.min(columns, left + square);
      for (let j = left; j < right; j++) for (let i = top; i < bottom; i++) words[j * rows + i] = source[i * columns + j] ?? 0; // prettier-ignore
    }
  }
  return { dtype, shape: [columns, rows], bytes: target };
}

function added({ dtype, shape, bytes }: RawTensor, value: number): RawTensor {
  return { dtype, shape, bytes: narrow(dtype, widen(dtype, bytes).map((each) => each + value)) }; // prettier-ignore
}

/** Of each row afterwards, which row on disk it is. */
type Order = (rows: number) => Int32Array;

/** Rows are those of the last matrix of a tensor, or its elements. */
function moveRows(tensor: RawTensor, order: Order, way: 'gather' | 'scatter'): RawTensor {
  const { shape, bytes } = tensor;
  const at = Math.max(0, shape.length - 2);
  const [rows, matrices] = [shape[at] ?? 1, shape.slice(0, at).reduce((product, size) => product * size, 1)];
  const row = bytes.length / (matrices * rows);
  const places = order(rows);
  const target = new Uint8Array(bytes.length);
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let i = 0; i < rows; i++) {
      const [to, from] = way === 'gather' ? [i, places[i] ?? 0] : [places[i] ?? 0, i];
      const start = (matrix * rows + from) * row;
      target.set(bytes.subarray(start, start + row), (matrix * rows + to) * row);
    }
  }
  return { ...tensor, bytes: target };
}

function partsInTurn(rows: number, blocks: readonly number[]): Int32Array {
  const period = blocks.reduce((sum, block) => sum + block, 0);
  const order = new Int32Array(rows);
  let at = 0;
  let start = 0;
  for (const block of blocks) {
    for (let i = 0; i < (rows / period) * block; i++) {
      order[at++] = Math.floor(i / block) * period + start + (i % block);
    }
    start += block;
  }
  return order;
}

function pairing(rows: number, { headDim, dim, to }: Extract<WeightStep, { kind: 'permute_rope' }>): Int32Array {
  const half = dim / 2;
  const halves = (j: number): number => (j < half ? 2 * j : 2 * (j - half) + 1);
  const pairs = (j: number): number => (j % 2 === 0 ? j / 2 : half + (j - 1) / 2);
  const within = to === 'half' ? halves : pairs;
  return Int32Array.from({ length: rows }, (_, i) => (i % headDim < dim ? i - (i % headDim) + within(i % headDim) : i));
}

function bytesOfRow({ shape, bytes }: RawTensor): number {
  return bytes.length / (shape[0] ?? 1);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
