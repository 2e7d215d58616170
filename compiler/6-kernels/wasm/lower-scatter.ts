// Takes: a scatter group. Gives: its kernel part.
// Promises: being written.
import type { Group, Program } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import type { WasmPart } from './wasm-part.ts';

export function lowerScatter(_program: Program, group: Group, _target: WasmTarget): WasmPart {
  throw new Error(`${group.name}: not written yet`);
}
