// Takes: a fused group and a WebAssembly target. Gives: its kernel part.
// Promises: total over the kinds of groups.
import type { Group, Program } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import { lowerAttention } from './attention/lower-attention.ts';
import { lowerContract } from './contract/lower-contract.ts';
import { lowerMap } from './lower-map.ts';
import { lowerRow } from './lower-row.ts';
import { lowerScatter } from './lower-scatter.ts';
import type { WasmPart } from './wasm-part.ts';

type Lowering<G extends Group> = (program: Program, group: G, target: WasmTarget) => WasmPart;

const lowerings: { readonly [K in Group['kind']]: Lowering<Extract<Group, { kind: K }>> } = {
  map: lowerMap,
  row: lowerRow,
  contract: lowerContract,
  attention: lowerAttention,
  attention_grad: lowerAttention,
  scatter: lowerScatter,
};

export function lowerGroupToWasm(program: Program, group: Group, target: WasmTarget): WasmPart {
  const lower = lowerings[group.kind] as Lowering<Group>;
  return lower(program, group, target);
}
