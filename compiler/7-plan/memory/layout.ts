// Takes: the tensors of a program, their lifetimes, and which take over whose storage.
// Gives: buffers, and the place of every tensor in them.
// Promises: named tensors have buffers of their own; temporaries lie in arenas.
import { invariant } from '../../diagnostics.ts';
import type { Program } from '../../5-optimize/groups.ts';
import type { PlanBinding, PlanBuffer, Target } from '../plan.ts';
import { elementBytes, tensorBytes } from '../storage.ts';
import { aligned, alignment, placeBlocks } from './arena.ts';
import type { Block } from './arena.ts';
import type { Lifetime } from './lifetimes.ts';

export interface Layout {
  readonly buffers: readonly PlanBuffer[];
  /** The tensor whose storage this one uses: itself, or the one it replaces in place. */
  readonly storageOf: (tensor: number) => number;
  readonly bindingOf: (tensor: number) => PlanBinding;
}

export function layOut(
  program: Program,
  lives: ReadonlyMap<number, Lifetime>,
  replaced: ReadonlyMap<number, number>,
  target: Target,
  reuse: boolean,
): Layout {
  const storageOf = (tensor: number): number => {
    const over = replaced.get(tensor);
    return over === undefined ? tensor : storageOf(over);
  };
  const sizes = new Map(program.tensors.map((tensor) => [tensor.id, tensorBytes(tensor)]));
  const bytesOf = (tensor: number): number => sizes.get(tensor) ?? 0;
  const named = program.tensors.filter((tensor) => tensor.role !== 'temporary');
  const buffers: PlanBuffer[] = named.map((tensor) => ({ bytes: bytesOf(tensor.id), kind: 'tensor' }));
  const limit = target.maxBufferBytes ?? target.maxBindingBytes;
  const most = limit - (limit % alignment);
  const arenas = placeBlocks(blocksOf(lives, storageOf, bytesOf), most, reuse);
  const places = new Map<number, PlanBinding>();
  named.forEach((tensor, buffer) => places.set(tensor.id, { buffer, offset: 0, bytes: bytesOf(tensor.id) }));
  for (const [tensor, { arena, offset }] of arenas.places) {
    places.set(tensor, { buffer: buffers.length + arena, offset, bytes: bytesOf(tensor) });
  }
  buffers.push(...arenas.sizes.map((bytes): PlanBuffer => ({ bytes: aligned(bytes), kind: 'arena' })));
  const starts = new Map(
    program.tensors.flatMap((tensor) =>
      tensor.window ? [[tensor.id, { of: tensor.window.of, bytes: tensor.window.start * elementBytes(tensor) }]] : [],
    ),
  );
  const bindingOf = (tensor: number): PlanBinding => {
    const start = starts.get(tensor);
    if (start) {
      const { buffer, offset } = bindingOf(start.of);
      return { buffer, offset: offset + start.bytes, bytes: bytesOf(tensor) };
    }
    const place = places.get(storageOf(tensor));
    invariant(place, `tensor number ${tensor} is never written and has no storage`);
    return place;
  };
  return { buffers, storageOf, bindingOf };
}

/** One block for all tensors of one storage, alive from the first to the last of them. */
function blocksOf(
  lives: ReadonlyMap<number, Lifetime>,
  storageOf: (tensor: number) => number,
  bytesOf: (tensor: number) => number,
): Block[] {
  const blocks = new Map<number, Block>();
  for (const [tensor, { first, last }] of lives) {
    const id = storageOf(tensor);
    const known = blocks.get(id) ?? { first, last };
    blocks.set(id, {
      id,
      bytes: bytesOf(id),
      first: Math.min(known.first, first),
      last: Math.max(known.last, last),
    });
  }
  return [...blocks.values()];
}
