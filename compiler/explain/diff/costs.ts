// Takes: two checked models. Gives: what each of them costs, figure by figure.
// Promises: one row of the table is one figure; nothing is computed here.
import type { Model } from '../../2-check/model.ts';
import { parameterCount } from '../../2-check/parameters/parameters.ts';
import { type Costs, costsOf } from '../cost.ts';

export type CostUnit = 'count' | 'bytes' | 'ratio';

export interface CostDelta {
  readonly name: string;
  readonly unit: CostUnit;
  readonly a: number;
  readonly b: number;
}

interface CostRow {
  readonly name: string;
  readonly unit: CostUnit;
  readonly read: (costs: Costs, model: Model) => number;
}

const costRows: readonly CostRow[] = [
  { name: 'parameters', unit: 'count', read: ({ parameters }) => parameters.total },
  { name: 'active parameters', unit: 'count', read: (_, model) => parameterCount(model).active },
  { name: 'forward FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.forward },
  { name: 'attention FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.attention },
  { name: 'backward FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.backward },
  { name: 'KV cache per token', unit: 'bytes', read: ({ kvBytesPerToken }) => kvBytesPerToken },
  { name: 'KV cache, full context', unit: 'bytes', read: ({ kvBytesFull }) => kvBytesFull },
  { name: 'FLOPs per byte, prefill', unit: 'ratio', read: ({ intensity }) => intensity.prefill },
  { name: 'FLOPs per byte, decode', unit: 'ratio', read: ({ intensity }) => intensity.decode },
];

/** All figures, equal ones too; after them the parameters of each component that differs. */
export function costDeltas(a: Model, b: Model): CostDelta[] {
  const [before, after] = [costsOf(a), costsOf(b)];
  const rows = costRows.map(({ name, unit, read }) => ({ name, unit, a: read(before, a), b: read(after, b) }));
  return [
    ...rows.filter((row) => !isAllActive(row, rows)),
    ...componentDeltas(before.parameters.byComponent, after.parameters.byComponent),
  ];
}

/** Models without experts use every parameter. */
function isAllActive({ name, a, b }: CostDelta, [total]: readonly CostDelta[]): boolean {
  return name === 'active parameters' && a === total?.a && b === total.b;
}

type Components = Costs['parameters']['byComponent'];

function componentDeltas(a: Components, b: Components): CostDelta[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => {
    const [before, after] = [a[name] ?? 0, b[name] ?? 0];
    return before === after ? [] : [{ name: `parameters of ${name}`, unit: 'count' as const, a: before, b: after }];
  });
}
