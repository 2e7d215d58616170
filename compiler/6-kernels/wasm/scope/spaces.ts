// Takes: axes enumerated by one number. Gives: the numbers of runs of them, as code.
// Promises: of four lanes, what is the same for all is one number, and what rises by one is told apart from what differs.
import type { Axis } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, i32, op } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { lanesOf } from './value.ts';
import type { Lanes } from './value.ts';

/** Axes enumerated row-major by point + plus; with four lanes, by that number (a multiple of 4) and the three after it. */
export interface Space {
  readonly axes: readonly Axis[];
  readonly point: Code;
  readonly plus: number;
  readonly lanes: Lanes;
}

/** Which number a run of axes has: `code` + `plus`, and how the lanes differ. */
export interface SpaceIndex {
  readonly kind: 'one' | 'next' | 'apart';
  readonly code: Code;
  readonly plus: number;
  readonly key: string;
}

/** A local for the code, made once for the key. */
export type Memo = (key: string, make: () => Code) => Code;

/** The index along axes first..last of a space, counted row-major as one; of four lanes, `next` ones or `apart`. */
export function runOf({ axes, point, plus, lanes }: Space, first: number, last: number, memo: Memo): SpaceIndex {
  const inner = pointCount(axes.slice(last + 1));
  const size = pointCount(axes.slice(first, last + 1));
  const outer = pointCount(axes.slice(0, first));
  const name = keyOf(point);
  if (inner === 1 && outer === 1) return { kind: lanes === 1 ? 'one' : 'next', code: point, plus, key: name };
  const at = plus === 0 ? point : memo(`${name}+${plus}`, () => add(point, i32(plus)));
  const key = `${name}+${plus}/${inner}%${outer === 1 ? '' : size}`;
  const decode = (number: Code): Code => {
    const divided = inner === 1 ? number : op('i32.div_u', [number, i32(inner)]);
    return outer === 1 ? divided : op('i32.rem_u', [divided, i32(size)]);
  };
  const base = (): Code => memo(key, () => decode(at));
  if (lanes === 1 || (inner > 1 && inner % 4 === 0)) return { kind: 'one', code: base(), plus: 0, key };
  if (inner === 1 && size % 4 === 0) return { kind: 'next', code: base(), plus: 0, key };
  const apart = (): Code => lanesOf([0, 1, 2, 3].map((lane) => decode(add(at, i32(lane)))));
  return { kind: 'apart', code: memo(`${key} lanes`, apart), plus: 0, key };
}

/** Of a simple code. */
export function keyOf(code: Code): string {
  if (code.kind === 'get') return code.local.name;
  return code.kind === 'const' ? `#${code.value}` : 'lanes';
}
