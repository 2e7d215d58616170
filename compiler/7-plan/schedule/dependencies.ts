// Takes: what the groups of a program read and write, in their order.
// Gives: for each, the earlier ones that must have finished.
// Promises: read after write, write after read and write after write all wait; nothing else does.
import type { Access } from './access.ts';

export function dependencies(accesses: readonly Access[]): readonly (readonly number[])[] {
  const writer = new Map<number, number>();
  /** Since the last write. */
  const readers = new Map<number, number[]>();
  return accesses.map(({ reads, writes }, index) => {
    const before = new Set<number>();
    for (const tensor of [...reads, ...writes]) {
      const last = writer.get(tensor);
      if (last !== undefined) before.add(last);
    }
    for (const tensor of writes) for (const reader of readers.get(tensor) ?? []) before.add(reader);
    for (const tensor of reads) readers.set(tensor, [...(readers.get(tensor) ?? []), index]);
    for (const tensor of writes) {
      writer.set(tensor, index);
      readers.set(tensor, []);
    }
    before.delete(index);
    return [...before].sort((a, b) => a - b);
  });
}
