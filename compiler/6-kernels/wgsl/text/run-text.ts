// Takes: axes enumerated row-major by one number. Gives: WGSL of the index along neighbours of them.
// Promises: no division and no remainder where the axes do not ask for one.
import type { Axis } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';

export interface AxisSpace {
  readonly axes: readonly Axis[];
  /** Name of the u32 number of the point. */
  readonly point: string;
}

/** The i32 index along axes first..last, decoded from the point, and a name for it. */
export function runText({ axes, point }: AxisSpace, first: number, last: number): { name: string; text: string } {
  const inner = pointCount(axes.slice(last + 1));
  const size = pointCount(axes.slice(first, last + 1));
  const outer = pointCount(axes.slice(0, first));
  const divided = inner === 1 ? point : `${point} / ${inner}u`;
  const text = outer === 1 ? divided : `${divided} % ${size}u`;
  const named = axes.slice(first, last + 1).filter((axis) => axis.size > 1);
  const whole = outer === 1 && inner === 1;
  const name = whole ? `i_${point}` : `i_${named.map((axis) => axis.name.replace(/\W/g, '_')).join('_')}`;
  return { name, text: `i32(${text})` };
}
