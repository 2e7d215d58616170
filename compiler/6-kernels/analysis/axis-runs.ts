// Takes: axes enumerated row-major by one number, and the terms of a flat index.
// Gives: the fewest decoded indices the terms need: neighbours whose coefficients fit together are taken as one.
// Promises: a tensor walked in the order of the axes is indexed by the number of the point itself.
import type { Axis } from '../../5-optimize/groups.ts';
import type { Term } from './linear.ts';

export interface AxisSpace {
  readonly axes: readonly Axis[];
  /** Name of the u32 number of the point. */
  readonly point: string;
}

/** coefficient * (row-major index along axes first..last). */
export interface AxisRun {
  readonly first: number;
  readonly last: number;
  readonly coefficient: number;
}

const product = (axes: readonly Axis[]): number => axes.reduce((size, axis) => size * axis.size, 1);

export function axisRuns(
  space: AxisSpace,
  terms: readonly Term[],
): { readonly runs: readonly AxisRun[]; readonly others: readonly Term[] } {
  const coefficients = space.axes.map(
    ({ name }) => terms.find(({ atom }) => atom.kind === 'var' && atom.name === name)?.coefficient ?? 0,
  );
  const names = new Set(space.axes.map((axis) => axis.name));
  const others = terms.filter(({ atom }) => atom.kind !== 'var' || !names.has(atom.name));
  const runs: AxisRun[] = [];
  for (let last = space.axes.length - 1; last >= 0; last--) {
    const coefficient = coefficients[last] ?? 0;
    if (coefficient === 0) continue;
    let first = last;
    for (let next = last - 1; next >= 0; next--) {
      const fits = coefficients[next] === coefficient * product(space.axes.slice(next + 1, last + 1));
      if (!fits && space.axes[next]?.size !== 1) break;
      if (fits) first = next;
    }
    runs.unshift({ first, last, coefficient });
    last = first;
  }
  return { runs, others };
}

/** The i32 index along axes first..last, decoded from the point, and a name for it. */
export function runText({ axes, point }: AxisSpace, first: number, last: number): { name: string; text: string } {
  const inner = product(axes.slice(last + 1));
  const size = product(axes.slice(first, last + 1));
  const outer = product(axes.slice(0, first));
  const divided = inner === 1 ? point : `${point} / ${inner}u`;
  const text = outer === 1 ? divided : `${divided} % ${size}u`;
  const named = axes.slice(first, last + 1).filter((axis) => axis.size > 1);
  const whole = outer === 1 && inner === 1;
  const name = whole ? `i_${point}` : `i_${named.map((axis) => axis.name.replace(/\W/g, '_')).join('_')}`;
  return { name, text: `i32(${text})` };
}
