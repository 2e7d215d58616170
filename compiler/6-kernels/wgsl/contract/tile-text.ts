// Takes: sizes and places of tiles. Gives: WGSL of them.
// Promises: texts of numbers; no statement.

/** A number that Mesa does not know when it compiles: a loop of known length it unrolls, which takes it seconds. */
export const opaque = (size: number): string => `${size} + i32(wg >> 31u)`;

/** first + step; where the tile reaches beyond the edge, the last place is taken again. */
export function clampedAt(first: string, step: number, size: number, tile: number): string {
  const place = step === 0 ? first : `${first} + ${step}u`;
  return size % tile === 0 ? place : `min(${place}, ${size - 1}u)`;
}
