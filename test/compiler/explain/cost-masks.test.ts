// Takes: masks and lengths. Gives: proof that the closed forms count what a loop over all pairs counts.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MaskSpec } from '../../../compiler/2-check/model.ts';
import { keptKeys, meanKeys } from '../../../compiler/explain/cost/masks.ts';

function sees(mask: MaskSpec, query: number, key: number): boolean {
  switch (mask.kind) {
    case 'full':
      return true;
    case 'causal':
      return key <= query;
    case 'window':
      return key > query - mask.size;
    case 'chunk':
      return Math.floor(key / mask.size) === Math.floor(query / mask.size);
    case 'all':
      return mask.parts.every((part) => sees(part, query, key));
  }
}

const size = fc.integer({ min: 1, max: 50 });
const one: fc.Arbitrary<MaskSpec> = fc.oneof(
  fc.constantFrom<MaskSpec>({ kind: 'full' }, { kind: 'causal' }),
  size.map((n): MaskSpec => ({ kind: 'window', size: n })),
  size.map((n): MaskSpec => ({ kind: 'chunk', size: n })),
);
const { mask } = fc.letrec<{ mask: MaskSpec }>((tie) => ({
  mask: fc.oneof(
    { depthSize: 'small' },
    one,
    fc.array(tie('mask'), { minLength: 1, maxLength: 3 }).map((parts): MaskSpec => ({ kind: 'all', parts })),
  ),
}));

describe('keys that are seen', () => {
  it('on average, as counted pair by pair', () => {
    fc.assert(
      fc.property(mask, fc.integer({ min: 1, max: 60 }), (each, length) => {
        const positions = Array.from({ length }, (_, i) => i);
        const pairs = positions.flatMap((query) => positions.filter((key) => sees(each, query, key)));
        expect(meanKeys(each, length)).toBeCloseTo(pairs.length / length, 9);
      }),
      { numRuns: 300 },
    );
  });

  it('at most those that are kept, where none is in the future', () => {
    fc.assert(
      fc.property(mask, fc.integer({ min: 1, max: 60 }), (each, context) => {
        const last = context - 1;
        const seen = Array.from({ length: context }, (_, key) => key).filter((key) => sees(each, last, key));
        expect(seen.length).toBeLessThanOrEqual(keptKeys(each, context));
      }),
      { numRuns: 300 },
    );
  });

  it('in a context of a million', () => {
    const local: MaskSpec = { kind: 'all', parts: [{ kind: 'causal' }, { kind: 'window', size: 1024 }] };
    expect(meanKeys({ kind: 'causal' }, 2 ** 20)).toBe((2 ** 20 + 1) / 2);
    expect(meanKeys(local, 2 ** 20)).toBeCloseTo(1024 - (1024 * 1023) / 2 / 2 ** 20, 6);
    expect(keptKeys(local, 2 ** 20)).toBe(1024);
  });
});
