// Takes: two checked models. Gives: what each of them costs, figure by figure.
// Promises: one row of the table is one figure; nothing is computed here.
import { elements } from '../../2-check/parameters/parameter.ts';
import { type Costs, costsOf } from '../cost/cost.ts';
import { costRows, type CostUnit } from '../cost/rows.ts';
import { type AnyModel, isTowers, parametersOf } from './subject.ts';

export type { CostUnit } from '../cost/rows.ts';

export interface CostDelta {
  readonly name: string;
  readonly unit: CostUnit;
  readonly a: number;
  readonly b: number;
}

/** All figures, equal ones too; after them the parameters of each component that differs. */
export function costDeltas(a: AnyModel, b: AnyModel): CostDelta[] {
  if (isTowers(a) || isTowers(b)) return towerDeltas(a, b);
  const [before, after] = [costsOf(a), costsOf(b)];
  const rows = costRows.map(({ name, unit, read }) => ({ name, unit, a: read(before), b: read(after) }));
  return [
    ...rows.filter((row) => !isAllActive(row, rows) && !isAbsent(row) && !isRepeated(row, rows)),
    ...componentDeltas(before.parameters.byComponent, after.parameters.byComponent),
  ];
}

/** Of towers: parameters, and how they divide. */
function towerDeltas(a: AnyModel, b: AnyModel): CostDelta[] {
  const [before, after] = [byTower(a), byTower(b)];
  const total = (counts: Components): number => Object.values(counts).reduce((sum, each) => sum + each, 0);
  const all = { name: 'parameters', unit: 'count' as const, a: total(before), b: total(after) };
  return [all, ...componentDeltas(before, after)];
}

function byTower(model: AnyModel): Components {
  const counts: Record<string, number> = {};
  for (const parameter of parametersOf(model)) {
    const name = parameter.name.split('.')[0] ?? parameter.name;
    counts[name] = (counts[name] ?? 0) + elements(parameter);
  }
  return counts;
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
