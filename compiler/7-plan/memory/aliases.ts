// Takes: the groups in their dispatches, and the lifetimes of temporaries.
// Gives: for a temporary, the earlier one whose storage it takes over.
// Promises: the taker's element is computed from that very element, by the invocation that stores it, and nothing reads
// the old value later; so both are one binding.
import type { Expr } from '../../3-graph/expr.ts';
import { operands } from '../../3-graph/expr/walk.ts';
import type { Group, Program, ProgramTensor, Store } from '../../5-optimize/groups.ts';
import { inputsOf, storesOf } from '../schedule/access.ts';
import type { Access } from '../schedule/access.ts';
import type { Dispatch } from '../schedule/schedule.ts';
import type { Lifetime } from './lifetimes.ts';

/** tensor -> the tensor it replaces in place. Chains are possible: c over b over a. */
export function inPlace(
  program: Program,
  dispatches: readonly Dispatch[],
  accesses: readonly Access[],
  lives: ReadonlyMap<number, Lifetime>,
): Map<number, number> {
  const tensorOf = new Map(program.tensors.map((tensor) => [tensor.id, tensor]));
  // Its groups each see a part of it, so none of them is done with all of it.
  const inParts = new Set(program.tensors.map(({ window }) => window?.of));
  const replaced = new Map<number, number>();
  const taken = new Set<number>();
  dispatches.forEach((parts, step) => {
    for (const part of parts) {
      const group = program.groups[part];
      if (!group) continue;
      const others = parts.filter((other) => other !== part);
      const dies = (tensor: number): boolean =>
        lives.get(tensor)?.last === step && !others.some((other) => accesses[other]?.reads.includes(tensor));
      const born = (tensor: number): boolean => lives.get(tensor)?.first === step;
      for (const store of storesOf(group)) {
        if (!born(store.tensor) || replaced.has(store.tensor)) continue;
        const over = accesses[part]?.reads.find(
          (old) =>
            !inParts.has(old) && dies(old) && !born(old) && !taken.has(old) && mayReplace(group, store, old, tensorOf),
        );
        if (over === undefined) continue;
        replaced.set(store.tensor, over);
        taken.add(over);
      }
    }
  });
  return replaced;
}

function mayReplace(group: Group, store: Store, old: number, tensorOf: ReadonlyMap<number, ProgramTensor>): boolean {
  const [from, to] = [tensorOf.get(old), tensorOf.get(store.tensor)];
  if (!from || !to || from.type !== to.type || from.dims.length !== to.dims.length) return false;
  if (from.dims.some((dim, i) => dim.size !== to.dims[i]?.size)) return false;
  const stores = storesOf(group);
  if (stores.filter((other) => other.tensor === store.tensor).length > 1) return false;
  const later = stores.slice(stores.indexOf(store) + 1);
  const inputs = inputsOf(group);
  if (!storesOwnElements(group, inputs, old)) return false;
  if (later.some((other) => reads(other.value, old))) return false;
  const here = [...inputs, ...stores.map((other) => other.value)];
  const indices = stores.flatMap((other) => other.index);
  return here.every((e) => readsOnlyAt(e, old, store.index)) && !indices.some((e) => reads(e, old));
}

/** Families where one invocation both reads and stores an element; in products and scatters, only what the stores read. */
function storesOwnElements(group: Group, inputs: readonly Expr[], old: number): boolean {
  switch (group.kind) {
    case 'map':
    case 'row':
      return true;
    case 'contract':
    case 'scatter':
      return !inputs.some((e) => reads(e, old));
    case 'attention':
    case 'attention_grad':
      break;
  }
  return false;
}

function reads(e: Expr, tensor: number): boolean {
  return (e.kind === 'load' && e.tensor === tensor) || operands(e).some((operand) => reads(operand, tensor));
}

function readsOnlyAt(e: Expr, tensor: number, index: readonly Expr[]): boolean {
  if (e.kind === 'load' && e.tensor === tensor) return sameList(e.index, index);
  return operands(e).every((operand) => readsOnlyAt(operand, tensor, index));
}

function sameList(a: readonly Expr[], b: readonly Expr[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
