// Takes: blocks of storage with their lifetimes.
// Gives: an arena and an offset for each.
// Promises: blocks alive in the same dispatch do not overlap; offsets are multiples of 256; no arena exceeds its limit.
import { invariant } from '../../diagnostics.ts';
import type { Lifetime } from './lifetimes.ts';

export const alignment = 256;

export interface Block extends Lifetime {
  readonly id: number;
  readonly bytes: number;
}

export interface Place {
  readonly arena: number;
  readonly offset: number;
}

export interface Arenas {
  readonly places: ReadonlyMap<number, Place>;
  /** Bytes of each arena. */
  readonly sizes: readonly number[];
}

interface Placed extends Block, Place {}

/** Largest blocks first, each into the tightest gap its lifetime leaves: "greedy by size", arXiv 2001.03288. */
export function placeBlocks(blocks: readonly Block[], maxArenaBytes: number, reuse: boolean): Arenas {
  const placed: Placed[] = [];
  const sizes: number[] = [];
  const order = [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.id - b.id);
  for (const block of order) {
    const bytes = aligned(block.bytes);
    invariant(bytes <= maxArenaBytes, `a block of ${bytes} bytes fits no arena of ${maxArenaBytes}`);
    const alive = placed.filter((other) => !reuse || (other.first <= block.last && block.first <= other.last));
    const place = findPlace(alive, bytes, sizes, maxArenaBytes);
    placed.push({ ...block, ...place });
    sizes[place.arena] = Math.max(sizes[place.arena] ?? 0, place.offset + bytes);
  }
  return { places: new Map(placed.map(({ id, arena, offset }) => [id, { arena, offset }])), sizes };
}

function findPlace(alive: readonly Placed[], bytes: number, sizes: readonly number[], most: number): Place {
  for (let arena = 0; arena < sizes.length; arena++) {
    const taken = alive.filter((other) => other.arena === arena);
    const offset = tightestGap(taken, bytes, sizes[arena] ?? 0);
    if (offset + bytes <= most) return { arena, offset };
  }
  return { arena: sizes.length, offset: 0 };
}

/** Offset of the smallest gap inside `size` that holds `bytes`, or the end of what is taken. */
function tightestGap(taken: readonly Placed[], bytes: number, size: number): number {
  let end = 0;
  let best: { offset: number; slack: number } | undefined;
  const consider = (offset: number, until: number): void => {
    const slack = until - offset - bytes;
    if (slack >= 0 && (!best || slack < best.slack)) best = { offset, slack };
  };
  for (const other of [...taken].sort((a, b) => a.offset - b.offset)) {
    consider(end, other.offset);
    end = Math.max(end, other.offset + aligned(other.bytes));
  }
  consider(end, size);
  return best?.offset ?? end;
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
