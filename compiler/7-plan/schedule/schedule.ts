// Takes: kernel parts in the order of the program, with what each waits for.
// Gives: dispatches: parts that run side by side, in an order that keeps every dependency.
// Promises: deterministic; a part moves up by a few dispatches at most, so lifetimes stay what they were.
import type { KernelPart } from '../../6-kernels/kernel.ts';
import type { Target } from '../plan.ts';

/** Indices of the parts that share one dispatch, ascending. */
export type Dispatch = readonly number[];

export type PackingLimits = Pick<Target, 'maxStorageBindings' | 'maxWorkgroupStorage'>;

/**
 * Workgroups of a heavy part that fill a large GPU: beside another it gains nothing, and loses by the registers of both. The
 * products of a training step, on an H100: 45 to 100 TFLOP/s in dispatches of two, 145 to 220 in those of one.
 */
const FULL = 256;

type PackedPart = Pick<
  KernelPart,
  'family' | 'tensors' | 'wide' | 'isBrief' | 'workgroupSize' | 'workgroups' | 'workgroupBytes'
> & {
  /** It shares no dispatch. */
  readonly isAlone?: boolean;
};

/**
 * How many dispatches a part may move up. The branches of a layer (q, k and v; the gradients of a weight and of its
 * input) lie closer than that; what backward recomputes would otherwise wander up into forward and stay alive.
 */
const reach = 6;

/** Code of one dispatch grows with its parts, and with it the time to compile. */
const mostParts = 8;

interface Open {
  readonly parts: number[];
  /** And whether they are seen wide. */
  readonly tensors: Map<number, boolean>;
  readonly kind: string | null;
  workgroupBytes: number;
}

/** `waits[i]`: the parts that must have finished before part i. */
export function schedule(
  parts: readonly PackedPart[],
  waits: readonly (readonly number[])[],
  limits: PackingLimits,
  pack: boolean,
): readonly Dispatch[] {
  if (!pack) return parts.map((_, index) => [index]);
  const open: Open[] = [];
  const placed: number[] = [];
  parts.forEach((part, index) => {
    const earliest = (waits[index] ?? []).reduce((latest, other) => Math.max(latest, (placed[other] ?? 0) + 1), 0);
    const at = lastFitting(open, part, Math.max(earliest, open.length - reach), limits);
    const dispatch = open[at] ?? {
      parts: [],
      tensors: new Map<number, boolean>(),
      kind: isAlone(part) ? null : kindOf(part),
      workgroupBytes: 0,
    };
    if (at === open.length) open.push(dispatch);
    dispatch.parts.push(index);
    for (const tensor of part.tensors) dispatch.tensors.set(tensor, isWide(part, tensor));
    dispatch.workgroupBytes += part.workgroupBytes;
    placed.push(at);
  });
  return open.map((dispatch) => dispatch.parts);
}

/** The latest dispatch from `first` on that takes the part, or a new one. */
function lastFitting(open: readonly Open[], part: PackedPart, first: number, limits: PackingLimits): number {
  for (let at = open.length - 1; at >= first; at--) {
    const dispatch = open[at];
    if (dispatch && fits(dispatch, part, limits)) return at;
  }
  return open.length;
}

function fits(dispatch: Open, part: PackedPart, limits: PackingLimits): boolean {
  if (isAlone(part) || dispatch.kind !== kindOf(part) || dispatch.parts.length >= mostParts) return false;
  if (dispatch.workgroupBytes + part.workgroupBytes > limits.maxWorkgroupStorage) return false;
  if (part.tensors.some((tensor) => (dispatch.tensors.get(tensor) ?? isWide(part, tensor)) !== isWide(part, tensor)))
    return false;
  const more = part.tensors.filter((tensor) => !dispatch.tensors.has(tensor));
  return dispatch.tensors.size + more.length <= limits.maxStorageBindings;
}

const isWide = ({ wide = [] }: PackedPart, tensor: number): boolean => wide.includes(tensor);

const isLight = ({ family }: PackedPart): boolean => family === 'map' || family === 'row' || family === 'scatter';

const isAlone = (part: PackedPart): boolean =>
  part.isAlone === true || (!isLight(part) && part.isBrief !== true && part.workgroups >= FULL);

/** Light kernels mix freely; heavy ones (products, attention) only with their like, for their registers' sake. */
function kindOf(part: PackedPart): string {
  return `${isLight(part) ? 'light' : part.family}:${part.workgroupSize}`;
}
