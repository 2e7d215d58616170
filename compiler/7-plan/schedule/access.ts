// Takes: a fused group. Gives: the tensors it reads and writes, its expressions and stores.
// Promises: every kind of group is known here; each tensor is named once, in the order of first use.
import { operands } from '../../3-graph/expr/walk.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { AttentionGradGroup, AttentionGroup, AttentionParts, Group, Store } from '../../5-optimize/groups.ts';

export interface Access {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

export function accessOf(group: Group): Access {
  const reads = new Set<number>();
  const stores = storesOf(group);
  for (const e of inputsOf(group)) loadedTensors(e, reads);
  for (const store of stores) {
    loadedTensors(store.value, reads);
    for (const index of store.index) loadedTensors(index, reads);
  }
  return { reads: [...reads], writes: [...new Set(stores.map((store) => store.tensor))] };
}

/** In the order in which they happen for one point. */
export function storesOf(group: Group): readonly Store[] {
  switch (group.kind) {
    case 'map':
    case 'contract':
    case 'scatter':
      return group.stores;
    case 'row':
      return [...group.rowStores, ...group.elementStores];
    case 'attention':
      return [...group.outStores, ...group.lseStores];
    case 'attention_grad':
      break;
  }
  return [...group.dqStores, ...group.dkStores, ...group.dvStores];
}

/** What is computed before the stores. */
export function inputsOf(group: Group): readonly Expr[] {
  switch (group.kind) {
    case 'map':
      return [];
    case 'row':
      return group.reductions.map((reduction) => reduction.value);
    case 'contract':
      return group.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]));
    case 'scatter':
      return [group.bin, group.value];
    case 'attention':
    case 'attention_grad':
      break;
  }
  return attentionInputs(group);
}

function attentionInputs(group: AttentionGroup | AttentionGradGroup): readonly Expr[] {
  const shared = sharedInputs(group);
  return group.kind === 'attention' ? shared : [...shared, group.dout, group.lse, group.delta];
}

function sharedInputs({ q, k, v, offset, score, mask, dropout }: AttentionParts): readonly Expr[] {
  return [q, k, v, offset, score, mask, ...(dropout ? [dropout.seed] : [])];
}

export function loadedTensors(e: Expr, into: Set<number>): void {
  if (e.kind === 'load') into.add(e.tensor);
  for (const operand of operands(e)) loadedTensors(operand, into);
}
