// Takes: attention. Gives: how many pairs of a query and a key it sees, over all heads.
// Promises: exact where the bounds of the mask are straight lines (causal, windows); never too few; all, where positions are not known.
import { constant } from '../../3-graph/expr-build.ts';
import type { AttentionParts } from '../../5-optimize/groups.ts';
import { keyRange } from '../../6-kernels/analysis/mask-bounds.ts';

/** Pieces that the queries are cut into; in each, the keys seen are taken to grow evenly. */
const mostPieces = 128;

export function seenPairs({ batch, heads, query, key, mask, offset }: AttentionParts): number {
  const rows = [...batch, ...heads].reduce((count, { size }) => count * size, 1);
  if (offset.kind !== 'const') return rows * query.size * key.size;
  const seenBy = (index: number): number => {
    const position = constant(offset.value + index, 'i32');
    const { from, to } = keyRange(mask, { first: position, last: position }, key.size);
    if (from.kind !== 'const' || to.kind !== 'const') return key.size;
    return Math.max(0, Math.min(to.value, key.size) - Math.max(from.value, 0));
  };
  const step = Math.ceil(query.size / mostPieces);
  let pairs = 0;
  for (let first = 0; first < query.size; first += step) {
    const count = Math.min(step, query.size - first);
    pairs += (count * (seenBy(first) + seenBy(first + count - 1))) / 2;
  }
  return rows * Math.round(pairs);
}
