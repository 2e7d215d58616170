// Takes: a number. Gives: the f16 nearest to it.
// Promises: ties to even; subnormals are kept; beyond the greatest finite f16 an infinity, as IEEE 754 has it.

/** Half of the distance between 65504 and what would come next. */
const OVERFLOW = 65520;

export function roundToHalf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude >= OVERFLOW) return Math.sign(x) * Infinity;
  // 11 bits of fraction from the leading one on, but no unit below 2^-24.
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const unit = 2 ** ((magnitude < 2 ** exponent ? Math.max(-14, exponent - 1) : exponent) - 10);
  return magnitude === 0 || Number.isNaN(x) ? x : Math.sign(x) * roundEven(magnitude / unit) * unit;
}

function roundEven(x: number): number {
  const low = Math.floor(x);
  if (x - low === 0.5) return low + (low % 2);
  return Math.round(x);
}
