// Takes: a program. Gives: its text for people: tensors by name, a block per group.
// Promises: equal programs print equally; expressions used twice are printed twice.
import { printExpr } from '../3-graph/expr/print-expr.ts';
import type { Expr } from '../3-graph/expr.ts';
import { mapOperands } from '../3-graph/expr/walk.ts';
import type { AttentionParts, Axis, Group, Program, Store } from './groups.ts';

/** `row layers.0.norm [batch=2, seq=8] over [d_model=64]`, then a line per reduction and store. */
export function printProgram(program: Program): string {
  const names = new Map(program.tensors.map(({ id, name }) => [id, name]));
  const tensors = program.tensors.map(({ name, role, type, dims }) => `  ${role} ${name}: ${type} ${axes(dims)}`);
  const groups = program.groups.map((group, i) => [`${i} ${group.name}`, ...printGroup(group)].join('\n  '));
  const text = [`program ${program.name}`, ...tensors, ...groups].join('\n');
  return `${text.replaceAll(/\bt(\d+)\[/g, (_, id: string) => `${names.get(Number(id)) ?? `t${id}`}[`)}\n`;
}

/** The lines of one group; tensors as `t{id}`. */
export function printGroup(group: Group): string[] {
  const printer = printers[group.kind] as (group: Group) => string[];
  return printer(group);
}

const axes = (list: readonly Axis[]): string => `[${list.map(({ name, size }) => `${name}=${size}`).join(', ')}]`;

const store =
  (label: string) =>
  ({ tensor, index, value }: Store): string =>
    `${label}t${tensor}[${index.map((i) => printExpr(i)).join(', ')}] = ${printExpr(short(value))}`;

/** What is long in print, cut: trees of more than a few hundred nodes say little. */
function short(expr: Expr): Expr {
  let left = 400;
  const cut = (part: Expr): Expr => {
    left -= 1;
    return left > 0 ? mapOperands(part, cut) : { kind: 'var', name: '...', type: part.type };
  };
  return cut(expr);
}

function attentionParts(group: AttentionParts): string[] {
  const { batch, heads, query, key, depth, valueDepth, dropout } = group;
  return [
    `batch ${axes(batch)} heads ${axes(heads)} ${axes([query, key, depth, valueDepth])}`,
    ...(['q', 'k', 'v', 'offset', 'score', 'mask'] as const).map((part) => `${part} ${printExpr(group[part])}`),
    ...(dropout ? [`dropout ${dropout.rate} seed ${printExpr(dropout.seed)}`] : []),
  ];
}

const printers: { readonly [K in Group['kind']]: (group: Extract<Group, { kind: K }>) => string[] } = {
  map: (group) => [`map ${axes(group.axes)}`, ...group.stores.map(store(''))],
  row: (group) => [
    `rows ${axes(group.axes)} of ${axes(group.row)}`,
    ...group.reductions.map(({ result, fn, value }) => `${result} = ${fn} ${printExpr(short(value))}`),
    ...group.rowStores.map(store('row ')),
    ...group.elementStores.map(store('')),
  ],
  contract: (group) => [
    `contract batch ${axes(group.batch)} m ${axes(group.m)} n ${axes(group.n)}`,
    ...group.accumulators.map(({ result, terms }) => {
      const sums = terms.map(({ k, a, b }) => `sum ${axes(k)} ${printExpr(a)} * ${printExpr(b)}`);
      return `${result} = ${sums.join(' + ')}`;
    }),
    ...group.stores.map(store('')),
  ],
  attention: (group) => [
    ...attentionParts(group),
    ...group.outStores.map(store('out ')),
    ...group.lseStores.map(store('lse ')),
  ],
  attention_grad: (group) => [
    `pass ${group.pass}`,
    ...attentionParts(group),
    ...(['dout', 'lse', 'delta'] as const).map((part) => `${part} ${printExpr(group[part])}`),
    ...group.dqStores.map(store('dq ')),
    ...group.dkStores.map(store('dk ')),
    ...group.dvStores.map(store('dv ')),
  ],
  scatter: (group) => [
    `scatter into ${axes([group.bins])} of ${axes(group.axes)} from ${axes(group.items)}`,
    `bin ${printExpr(group.bin)}`,
    `value ${printExpr(short(group.value))}`,
    ...group.stores.map(store('')),
  ],
};
