// Takes: a fused group and a target. Gives: its kernel part.
// Promises: total over the kinds of groups.
import type { Group, Program } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import { attentionSchedules, lowerAttention } from './attention/lower-attention.ts';
import { contractSchedules, lowerContract } from './contract/lower-contract.ts';
import type { WgslPart } from './wgsl-part.ts';
import { lowerMap } from './lower-map.ts';
import { lowerRow } from './lower-row.ts';
import { lowerScatter } from './lower-scatter.ts';

type Lowering<G extends Group> = (program: Program, group: G, target: WebGpuTarget, schedule?: never) => WgslPart;

const lowerings: { readonly [K in Group['kind']]: Lowering<Extract<Group, { kind: K }>> } = {
  map: lowerMap,
  row: lowerRow,
  contract: lowerContract,
  attention: lowerAttention,
  attention_grad: lowerAttention,
  scatter: lowerScatter,
};

/** By the schedule that was the fastest, where the target knows of one. */
export function lowerGroup(program: Program, group: Group, target: WebGpuTarget): WgslPart {
  const untuned = lowerUntuned(program, group, target);
  const schedule = target.tuned ? tunedSchedule(program, group, target, untuned) : null;
  if (schedule === null) return untuned;
  const lower = lowerings[group.kind] as (program: Program, group: Group, target: WebGpuTarget, schedule: unknown) => WgslPart; // prettier-ignore
  return withoutUnused(lower(program, group, target, JSON.parse(schedule)));
}

export function lowerUntuned(program: Program, group: Group, target: WebGpuTarget): WgslPart {
  const lower = lowerings[group.kind] as Lowering<Group>;
  return withoutUnused(lower(program, group, target));
}

/** The schedules that could compute a group, as JSON, first the one it gets untuned; none where there is but that one. */
export function schedulesOf(program: Program, group: Group, target: WebGpuTarget): readonly string[] {
  const isAttention = group.kind === 'attention' || group.kind === 'attention_grad';
  const contract = group.kind === 'contract' ? contractSchedules(program, group, target) : [];
  const schedules = isAttention ? attentionSchedules(group, target) : contract;
  return schedules.map((schedule) => JSON.stringify(schedule));
}

/** Groups of one class differ in nothing a kernel sees: what tensors are, not which. */
export function classOf(part: WgslPart): string {
  const { declarations, body } = part.print((tensor) => `t${part.tensors.indexOf(tensor)}`, '');
  return `${part.family} ${part.workgroups} ${hash(declarations + body)}`;
}

/** FNV-1a, 32 bits forwards and backwards. */
function hash(text: string): string {
  let [x, y] = [0x811c9dc5, 0x811c9dc5];
  for (let i = 0; i < text.length; i++) {
    x = Math.imul(x ^ text.charCodeAt(i), 0x01000193);
    y = Math.imul(y ^ text.charCodeAt(text.length - 1 - i), 0x01000193);
  }
  return [x, y].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
}

function tunedSchedule(program: Program, group: Group, target: WebGpuTarget, untuned: WgslPart): string | null {
  const schedules = schedulesOf(program, group, target);
  const wanted = schedules.length > 1 ? target.tuned?.[classOf(untuned)] : undefined;
  return wanted !== undefined && schedules.includes(wanted) ? wanted : null;
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
