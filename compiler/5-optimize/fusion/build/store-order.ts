// Takes: stores of one point. Gives: them in an order in which one after the other is as good as all at once.
// Promises: a tensor that other stores read is written after them; without such an order the given one stays.
import type { Node } from '../../../3-graph/ops.ts';
import { loadsOf } from '../../group-parts.ts';
import type { Store } from '../../groups.ts';

export function inSafeOrder(stores: readonly Store[]): Store[] {
  const reads = new Map(stores.map((store) => [store, tensorsRead(store)]));
  const left = [...stores];
  const ordered: Store[] = [];
  while (left.length > 0) {
    const ready = left.findIndex((store) =>
      left.every((other) => other === store || !reads.get(other)?.has(store.tensor)),
    );
    ordered.push(...left.splice(Math.max(ready, 0), 1));
  }
  return ordered;
}

/** Whether one after the other is as good as all at once. */
export function isSafeOrder(stores: readonly Store[]): boolean {
  const written = new Set<number>();
  return stores.every((store) => {
    const read = tensorsRead(store);
    const safe = [...written].every((tensor) => !read.has(tensor));
    written.add(store.tensor);
    return safe;
  });
}

const tensorsRead = (store: Store): Set<number> =>
  new Set(loadsOf([store.value, ...store.index]).map((load) => load.tensor));

/** `family:origin` of the member that says most: the first anchor, or the last of a map. */
export function groupName(family: string, members: readonly Node[]): string {
  const anchor = members.find((node) =>
    ['contract', 'reduce', 'attention', 'attention_grad', 'scatter_add'].includes(node.op),
  );
  const node = anchor ?? members.at(-1);
  return `${family}:${node?.origin.path ?? ''}`;
}
