// Takes: a fused group and a target. Gives: its kernel part.
// Promises: total over the kinds of groups.
import type { Group, Program } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import { lowerAttention } from './attention/lower-attention.ts';
import { lowerContract } from './contract/lower-contract.ts';
import type { WgslPart } from './wgsl-part.ts';
import { lowerMap } from './lower-map.ts';
import { lowerRow } from './lower-row.ts';
import { lowerScatter } from './lower-scatter.ts';

type Lowering<G extends Group> = (program: Program, group: G, target: WebGpuTarget) => WgslPart;

const lowerings: { readonly [K in Group['kind']]: Lowering<Extract<Group, { kind: K }>> } = {
  map: lowerMap,
  row: lowerRow,
  contract: lowerContract,
  attention: lowerAttention,
  attention_grad: lowerAttention,
  scatter: lowerScatter,
};

export function lowerGroup(program: Program, group: Group, target: WebGpuTarget): WgslPart {
  const lower = lowerings[group.kind] as Lowering<Group>;
  return withoutUnused(lower(program, group, target));
}

/** Drops the tensors the text does not name: an index into a dim of size 1 may be the only use of one. */
export function withoutUnused(part: WgslPart): WgslPart {
  const used = new Set<number>();
  part.print((tensor) => {
    used.add(tensor);
    return 't';
  }, '');
  return { ...part, tensors: part.tensors.filter((tensor) => used.has(tensor)) };
}
