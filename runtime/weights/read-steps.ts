// Takes: tensors as they lie on disk, and the steps of a weight map. Gives: the parameter they are.
// Promises: one rule per kind of step, the meaning that 2-check/model/weights.ts gives it.
import type { WeightEntry, WeightStep } from '../../compiler/2-check/model.ts';

/** Row-major. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Kind = WeightStep['kind'];
type Rule<K extends Kind> = (values: Values, step: Extract<WeightStep, { kind: K }>) => Values;

/** Of each step but `stack`, which joins several tensors. */
const rules: { readonly [K in Exclude<Kind, 'stack'>]: Rule<K> } = {
  transpose: ({ shape, data }) => {
    const [rows = 1, columns = 1] = shape;
    const next = new Float32Array(data.length);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) next[j * rows + i] = data[i * columns + j] ?? 0;
    return { shape: [columns, rows], data: next };
  },
  add: ({ shape, data }, { value }) => ({ shape, data: data.map((each) => each + value) }),
  split: (values, { from, rows }) => pickRows(values, rows, (row) => from + row),
  squeeze: ({ shape, data }, { dim }) => ({ shape: shape.filter((_, i) => i !== dim), data }),
  deinterleave: (values, { blocks }) => {
    const period = blocks.reduce((sum, block) => sum + block, 0);
    const repeats = (values.shape[0] ?? 0) / period;
    const order = blocks.flatMap((block, i) => {
      const start = blocks.slice(0, i).reduce((sum, each) => sum + each, 0);
      return Array.from({ length: repeats * block }, (_, row) => Math.floor(row / block) * period + start + (row % block)); // prettier-ignore
    });
    return pickRows(values, order.length, (row) => order[row] ?? 0);
  },
  permute_rope: (values, { headDim, dim, to }) => {
    const half = dim / 2;
    const halves = (row: number): number => (row < half ? 2 * row : 2 * (row - half) + 1);
    const pairs = (row: number): number => (row % 2 === 0 ? row / 2 : half + (row - 1) / 2);
    const within = to === 'half' ? halves : pairs;
    return pickRows(values, values.shape[0] ?? 0, (row) => {
      const place = row % headDim;
      return place < dim ? row - place + within(place) : row;
    });
  },
};

/** `tensors` in the order of the entry. */
export function parameterOf({ steps }: Pick<WeightEntry, 'steps'>, tensors: readonly Values[]): Values {
  const stack = steps.findIndex(({ kind }) => kind === 'stack');
  const each = tensors.map((tensor) => steps.slice(0, stack < 0 ? steps.length : stack).reduce(apply, tensor));
  const [first = { shape: [], data: new Float32Array(0) }] = each;
  if (stack < 0) return first;
  const data = new Float32Array(each.reduce((sum, part) => sum + part.data.length, 0));
  each.forEach((part, i) => data.set(part.data, i * first.data.length));
  return steps.slice(stack + 1).reduce(apply, { shape: [each.length, ...first.shape], data });
}

function apply(values: Values, step: WeightStep): Values {
  if (step.kind === 'stack') throw new TypeError('internal: a map stacks twice');
  return (rules[step.kind] as Rule<Kind>)(values, step);
}

/** Rows `pick(0)`, `pick(1)`, ... of the first dim. */
function pickRows({ shape, data }: Values, count: number, pick: (row: number) => number): Values {
  const length = shape.slice(1).reduce((product, size) => product * size, 1);
  const next = new Float32Array(count * length);
  for (let row = 0; row < count; row++) next.set(data.subarray(pick(row) * length, (pick(row) + 1) * length), row * length); // prettier-ignore
  return { shape: [count, ...shape.slice(1)], data: next };
}
