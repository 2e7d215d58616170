// Takes: axes enumerated row-major by one number, and the terms of a flat index.
// Gives: the fewest decoded indices the terms need: neighbours whose coefficients fit together are taken as one.
// Promises: a tensor walked in the order of the axes is indexed by the number of the point itself.
import type { Axis } from '../../5-optimize/groups.ts';
import type { Term } from './linear.ts';

/** coefficient * (row-major index along axes first..last). */
export interface AxisRun {
  readonly first: number;
  readonly last: number;
  readonly coefficient: number;
}

const product = (axes: readonly Axis[]): number => axes.reduce((size, axis) => size * axis.size, 1);

export function axisRuns(
  axes: readonly Axis[],
  terms: readonly Term[],
): { readonly runs: readonly AxisRun[]; readonly others: readonly Term[] } {
  const coefficients = axes.map(
    ({ name }) => terms.find(({ atom }) => atom.kind === 'var' && atom.name === name)?.coefficient ?? 0,
  );
  const names = new Set(axes.map((axis) => axis.name));
  const others = terms.filter(({ atom }) => atom.kind !== 'var' || !names.has(atom.name));
  const runs: AxisRun[] = [];
  for (let last = axes.length - 1; last >= 0; last--) {
    const coefficient = coefficients[last] ?? 0;
    if (coefficient === 0) continue;
    let first = last;
    for (let next = last - 1; next >= 0; next--) {
      const fits = coefficients[next] === coefficient * product(axes.slice(next + 1, last + 1));
      if (!fits && axes[next]?.size !== 1) break;
      if (fits) first = next;
    }
    runs.unshift({ first, last, coefficient });
    last = first;
  }
  return { runs, others };
}
