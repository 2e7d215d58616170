// Takes: dims and names of dims. Gives: the dims asked for, and unions of dims.
// Promises: a name that is not there, or two sizes of one name, throw InvariantError.
import { invariant } from '../../diagnostics.ts';
import type { Dim, Size, TensorType } from '../types.ts';

export const dimNames = (t: TensorType): string[] => t.dims.map((d) => d.name);

export const hasDim = (t: TensorType, name: string): boolean => t.dims.some((d) => d.name === name);

export function dimOf(t: TensorType, name: string): Dim {
  const dim = t.dims.find((d) => d.name === name);
  invariant(dim, `no dim '${name}' in ${formatType(t)}`);
  return dim;
}

/** The size of a dim that must be a number, not a symbol. */
export function numericSize(t: TensorType, name: string): number {
  const { size } = dimOf(t, name);
  invariant(typeof size === 'number', `dim '${name}' of ${formatType(t)} needs a size that is a number`);
  return size;
}

export function without(t: TensorType, names: readonly string[]): Dim[] {
  return t.dims.filter((d) => !names.includes(d.name));
}

export function sameDims(x: readonly Dim[], y: readonly Dim[]): boolean {
  return x.length === y.length && x.every((d, i) => d.name === y[i]?.name && d.size === y[i]?.size);
}

export const sameType = (x: TensorType, y: TensorType): boolean => x.type === y.type && sameDims(x.dims, y.dims);

/** Dims of all, in order of first appearance. */
export function unionDims(...lists: readonly (readonly Dim[])[]): Dim[] {
  const sizes = new Map<string, Size>();
  for (const dim of lists.flat()) {
    const known = sizes.get(dim.name);
    invariant(known === undefined || known === dim.size, `dim '${dim.name}' has sizes ${known} and ${dim.size}`);
    sizes.set(dim.name, dim.size);
  }
  return [...sizes].map(([name, size]) => ({ name, size }));
}

/** Number of elements along the named dims, all numbers. */
export function elementCount(t: TensorType, names: readonly string[]): number {
  return names.reduce((count, name) => count * numericSize(t, name), 1);
}

/** `f32 [batch, d_model=48]`: symbols that carry the name of their dim are not repeated. */
export function formatType(t: TensorType): string {
  return `${t.type} [${t.dims.map((d) => (d.size === d.name ? d.name : `${d.name}=${d.size}`)).join(', ')}]`;
}
