// Takes: dispatches, what they read and write, and where every tensor lies.
// Gives: nothing. Promises: throws when a tensor is read after its storage was written for another, or two parts of one
// dispatch meet in one place. It walks the dispatches and knows nothing of lifetimes.
import { invariant } from '../../diagnostics.ts';
import type { PlanBinding } from '../plan.ts';
import type { Access } from '../schedule/access.ts';
import type { Dispatch } from '../schedule/schedule.ts';

export interface MemoryUse {
  readonly dispatches: readonly Dispatch[];
  readonly accesses: readonly Access[];
  readonly temporaries: ReadonlySet<number>;
  /** tensor -> the tensor it replaces in place. */
  readonly replaced: ReadonlyMap<number, number>;
  readonly bindingOf: (tensor: number) => PlanBinding;
}

/** @throws InvariantError */
export function verifyMemory({ dispatches, accesses, temporaries, replaced, bindingOf }: MemoryUse): void {
  /** Tensors whose storage holds their own values. */
  const intact = new Set<number>();
  dispatches.forEach((parts, step) => {
    const readers = new Map<number, number[]>();
    for (const part of parts) {
      const { reads = [], writes = [] } = accesses[part] ?? {};
      for (const tensor of reads) {
        readers.set(tensor, [...(readers.get(tensor) ?? []), part]);
        if (!temporaries.has(tensor) || (writes.includes(tensor) && !intact.has(tensor))) continue;
        invariant(
          intact.has(tensor),
          `dispatch ${step} reads tensor ${tensor}, which is not written or is overwritten`,
        );
      }
    }
    const written = new Set<number>();
    for (const part of parts) {
      for (const tensor of accesses[part]?.writes ?? []) {
        if (!temporaries.has(tensor)) continue;
        for (const other of intact) {
          if (other === tensor || !overlap(bindingOf(other), bindingOf(tensor))) continue;
          invariant(!written.has(other), `dispatch ${step} writes tensors ${other} and ${tensor} to one place`);
          const takesOver = replaced.get(tensor) === other && readers.get(other)?.every((reader) => reader === part);
          invariant(
            takesOver || !readers.has(other),
            `dispatch ${step} reads tensor ${other} while ${tensor} overwrites it`,
          );
          intact.delete(other);
        }
        written.add(tensor);
        intact.add(tensor);
      }
    }
  });
}

export function overlap(a: PlanBinding, b: PlanBinding): boolean {
  return a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}
