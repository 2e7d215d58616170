// Takes: a mask and a length. Gives: how many keys a query sees on average, and how many must be kept.
// Promises: closed forms: a context of a million tokens costs no more than one of a thousand.
import type { MaskSpec } from '../../2-check/model.ts';

/** A conjunction of masks: one interval of keys per query. */
interface Interval {
  readonly causal: boolean;
  /** Infinity: no window. */
  readonly window: number;
  readonly chunks: readonly number[];
}

function intervalOf(mask: MaskSpec): Interval {
  const open: Interval = { causal: false, window: Infinity, chunks: [] };
  switch (mask.kind) {
    case 'full':
      return open;
    case 'causal':
      return { ...open, causal: true };
    case 'window':
      return { ...open, window: mask.size };
    case 'chunk':
      return { ...open, chunks: [mask.size] };
    case 'all': {
      const parts = mask.parts.map(intervalOf);
      return {
        causal: parts.some(({ causal }) => causal),
        window: Math.min(Infinity, ...parts.map(({ window }) => window)),
        chunks: parts.flatMap(({ chunks }) => chunks),
      };
    }
  }
}

/** Average number of keys that a query of a sequence of `length` sees. */
export function meanKeys(mask: MaskSpec, length: number): number {
  const { causal, window, chunks } = intervalOf(mask);
  let pairs = 0;
  for (let start = 0; start < length;) {
    // Nothing is seen across a border of any chunk.
    const end = Math.min(length, ...chunks.map((size) => (Math.floor(start / size) + 1) * size));
    pairs += seenPairs(end - start, causal, window);
    start = end;
  }
  return pairs / length;
}

/**
 * (query, key) pairs among `length` positions. causal: sum over q of min(q + 1, w) = w (w + 1) / 2 + (length - w) w;
 * otherwise the keys more than w - 1 before the query are left out: length^2 - (length - w) (length - w + 1) / 2.
 */
function seenPairs(length: number, causal: boolean, window: number): number {
  const w = Math.min(window, length);
  if (causal) return (w * (w + 1)) / 2 + (length - w) * w;
  return length * length - ((length - w) * (length - w + 1)) / 2;
}

/** Keys that must be kept to decode one more token; also the most that this token sees. */
export function keptKeys(mask: MaskSpec, context: number): number {
  const { window, chunks } = intervalOf(mask);
  return Math.min(context, window, ...chunks);
}
