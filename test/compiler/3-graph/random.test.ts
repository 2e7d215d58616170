// The counter-based generator: the bits of the published hash, and that its numbers look uniform.
import { describe, expect, it } from 'vitest';
import { pcg, uniform } from '../../../compiler/3-graph/random.ts';

/** The algorithm once more, in BigInt modulo 2^32. */
function reference(x: bigint): bigint {
  const u32 = 0xffff_ffffn;
  const s = (x * 747796405n + 2891336453n) & u32;
  const w = (((s >> ((s >> 28n) + 4n)) ^ s) * 277803737n) & u32;
  return (w >> 22n) ^ w;
}

it.each([0, 1, 2, 41, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, 0xffff_ffff])('pcg(%i)', (x) => {
  expect(BigInt(pcg(x))).toBe(reference(BigInt(x)));
});

it('golden values, which kernels must give too', () => {
  expect([0, 1, 2].map((counter) => uniform(42, 7, counter) * 2 ** 24)).toMatchInlineSnapshot(`
    [
      6967243,
      12650274,
      7722687,
    ]
  `);
});

describe('uniform', () => {
  const values = Array.from({ length: 20_000 }, (_, i) => uniform(1, 2, i));

  it('is a multiple of 2^-24 in [0, 1)', () => {
    expect(values.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24) && Math.fround(u) === u)).toBe(true);
  });

  it('fills ten bins evenly', () => {
    const counts = Array.from({ length: 10 }, (_, b) => values.filter((u) => Math.floor(u * 10) === b).length);
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('neighbours, streams and seeds are uncorrelated', () => {
    const others = [
      values.map((_, i) => uniform(1, 2, i + 1)),
      values.map((_, i) => uniform(1, 3, i)),
      values.map((_, i) => uniform(2, 2, i)),
    ];
    for (const other of others) {
      const covariance = values.reduce((s, u, i) => s + (u - 0.5) * ((other[i] ?? 0) - 0.5), 0) / values.length;
      expect(Math.abs(covariance * 12)).toBeLessThan(0.03);
    }
  });
});
