// Takes: arrays of numbers. Gives: how far they are apart.
// Promises: what is no number is infinitely far from everything.

type Numbers = ArrayLike<number>;

/** The largest |x|. */
export function largest(values: Numbers): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, finite(Math.abs(values[i] ?? Number.NaN)));
  return most;
}

/** The largest |x - y| from `start` to before `end`. @throws RangeError when their lengths differ */
export function distance(x: Numbers, y: Numbers, start = 0, end = x.length): number {
  if (x.length !== y.length) throw new RangeError(`internal: ${x.length} values against ${y.length}`);
  let most = 0;
  for (let i = start; i < end; i++) most = Math.max(most, finite(Math.abs((x[i] ?? Number.NaN) - (y[i] ?? Number.NaN)))); // prettier-ignore
  return most;
}

export const relative = (value: number, wanted: number): number => finite(Math.abs(value / wanted - 1));

/** The first of the largest. */
export function argmax(values: Numbers): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? Number.NaN) > (values[best] ?? Number.NaN)) best = i;
  return best;
}

export const finite = (value: number): number => (Number.isNaN(value) ? Infinity : value);
