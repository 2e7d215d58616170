// Takes: every number of 16 bits, and random ones of 32. Gives: them widened and narrowed.
// Promises: widening is exact; narrowing is the nearest, ties to even, as a search over all numbers finds it.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrow, widen } from '../../../runtime/weights/dtype.ts';
import type { WeightDtype } from '../../../runtime/weights/weight-source.ts';

const kinds = [
  { dtype: 'F16', exponentBits: 5, fractionBits: 10 },
  { dtype: 'BF16', exponentBits: 8, fractionBits: 7 },
] as const;

const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const bytesOf = (bits: Uint16Array): Uint8Array => new Uint8Array(bits.slice().buffer);
const bitsOf = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.slice().buffer);

/** By the definition of IEEE 754. */
function valueOf(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

describe.each(kinds)('$dtype', ({ dtype, exponentBits, fractionBits }) => {
  const values = Float64Array.from(all, (bits) => valueOf(bits, exponentBits, fractionBits));
  const [infinity] = [(2 ** exponentBits - 1) << fractionBits];

  it('widens every number exactly: subnormals, infinities, both zeros', () => {
    const wide = widen(dtype, bytesOf(all));
    const wrong = [...all].filter((bits) => !Object.is(wide[bits], values[bits]));
    expect(wrong).toEqual([]);
  });

  it('narrows what it widened to the same bits; a NaN stays one', () => {
    const back = bitsOf(narrow(dtype, widen(dtype, bytesOf(all))));
    const isNan = (bits: number): boolean => (bits & 0x7fff) > infinity;
    const wrong = [...all].filter((bits) => (isNan(bits) ? !isNan(back[bits] ?? 0) : back[bits] !== bits));
    expect(wrong).toEqual([]);
  });

  /** The bits of the nearest magnitude; beyond the largest, infinity stands for the next power of 2. */
  function nearest(value: number): number {
    const magnitude = Math.abs(value);
    const at = (bits: number): number => (bits === infinity ? 2 ** 2 ** (exponentBits - 1) : (values[bits] ?? Number.NaN)); // prettier-ignore
    let [low, high] = [0, infinity];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at(middle) <= magnitude) low = middle;
      else high = middle;
    }
    const [below, above] = [magnitude - at(low), at(high) - magnitude];
    const chosen = below < above || (below === above && low % 2 === 0) ? low : high;
    return (Object.is(Math.sign(value), -1) || Object.is(value, -0) ? 0x8000 : 0) + (magnitude === Infinity ? infinity : chosen); // prettier-ignore
  }

  it('narrows to the nearest, ties to even', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0); // prettier-ignore
    // Neighbours of 16 bits and what lies between them: ties and almost ties.
    const between = fc.tuple(fc.nat(infinity - 1), fc.constantFrom(-1, 0, 1), fc.boolean()).map(([bits, ulps, minus]) => {
      const middle = Math.fround(((values[bits] ?? 0) + (bits + 1 === infinity ? 2 ** 2 ** (exponentBits - 1) : (values[bits + 1] ?? 0))) / 2);
      const words = new Uint32Array(Float32Array.of(middle).buffer);
      const moved = new Float32Array(Uint32Array.of(Math.max(0, (words[0] ?? 0) + ulps)).buffer)[0] ?? 0;
      return minus ? -moved : moved;
    }); // prettier-ignore
    const property = fc.property(fc.oneof(word, between), (value) => {
      if (Number.isNaN(value)) return;
      expect(bitsOf(narrow(dtype, Float32Array.of(value)))[0]).toBe(nearest(value));
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

it('takes bytes that start anywhere', () => {
  const at = (dtype: WeightDtype, bytes: readonly number[]): Float32Array => widen(dtype, Uint8Array.of(0, ...bytes).subarray(1)); // prettier-ignore
  expect(at('BF16', [0x80, 0x3f])).toEqual(Float32Array.of(1));
  expect(at('F16', [0x00, 0xc0])).toEqual(Float32Array.of(-2));
  expect(at('F32', [0, 0, 0x80, 0x3f])).toEqual(Float32Array.of(1));
});
