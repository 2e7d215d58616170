// Takes: two checked models. Gives: what each of them costs, figure by figure.
// Promises: one row of the table is one figure; nothing is computed here.
import type { Model } from '../../2-check/model.ts';
import { type Costs, costsOf } from '../cost/cost.ts';
import { costRows, type CostUnit } from '../cost/rows.ts';

export type { CostUnit } from '../cost/rows.ts';

export interface CostDelta {
  readonly name: string;
  readonly unit: CostUnit;
  readonly a: number;
  readonly b: number;
}

/** All figures, equal ones too; after them the parameters of each component that differs. */
export function costDeltas(a: Model, b: Model): CostDelta[] {
  const [before, after] = [costsOf(a), costsOf(b)];
  const rows = costRows.map(({ name, unit, read }) => ({ name, unit, a: read(before), b: read(after) }));
  return [
    ...rows.filter((row) => !isAllActive(row, rows) && !isAbsent(row) && !isRepeated(row, rows)),
    ...componentDeltas(before.parameters.byComponent, after.parameters.byComponent),
  ];
}

/** Models without experts use every parameter. */
function isAllActive({ name, a, b }: CostDelta, [total]: readonly CostDelta[]): boolean {
  return name === 'active parameters' && a === total?.a && b === total.b;
}

/** Figures of what neither model has: states, multi-token prediction. */
function isAbsent({ a, b }: CostDelta): boolean {
  return a === 0 && b === 0;
}

/** Without states, what is kept is the KV cache alone. */
function isRepeated({ name, a, b }: CostDelta, rows: readonly CostDelta[]): boolean {
  const cache = rows.find((row) => row.name === 'KV cache, full context');
  return name === 'KV and state, full context' && a === cache?.a && b === cache.b;
}

type Components = Costs['parameters']['byComponent'];

function componentDeltas(a: Components, b: Components): CostDelta[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => {
    const [before, after] = [a[name] ?? 0, b[name] ?? 0];
    return before === after ? [] : [{ name: `parameters of ${name}`, unit: 'count' as const, a: before, b: after }];
  });
}
