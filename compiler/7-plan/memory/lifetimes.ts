// Takes: dispatches with what their groups read and write.
// Gives: for every tensor named by `wanted`, the dispatches between which it must keep its storage.
// Promises: both ends are included, so tensors that meet in one dispatch are alive together.
import type { Access } from '../schedule/access.ts';
import type { Dispatch } from '../schedule/schedule.ts';

export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

export function lifetimes(
  dispatches: readonly Dispatch[],
  accesses: readonly Access[],
  wanted: (tensor: number) => boolean,
): Map<number, Lifetime> {
  const lives = new Map<number, Lifetime>();
  dispatches.forEach((parts, step) => {
    for (const part of parts) {
      const { reads = [], writes = [] } = accesses[part] ?? {};
      for (const tensor of [...writes, ...reads]) {
        if (wanted(tensor)) lives.set(tensor, { first: lives.get(tensor)?.first ?? step, last: step });
      }
    }
  });
  return lives;
}
