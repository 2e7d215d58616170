// Takes: a program. Gives: nothing.
// Promises: what passes is what kernels count on: tensors written before read, indices of the right rank, in-place reads
// of the written element only, names of axes and results distinct, every variable bound.
import { invariant } from '../diagnostics.ts';
import type { Expr } from '../3-graph/expr.ts';
import { operands } from '../3-graph/expr/walk.ts';
import { groupExprs, groupLoads, groupStores, groupTensors, loadsOf } from './group-parts.ts';
import type { Axis, Group, Program, ProgramTensor, Store } from './groups.ts';

/** @throws InvariantError naming the group. `maxTensors`: how many tensors one group may bind. */
export function verifyProgram(program: Program, maxTensors = Infinity): void {
  program.tensors.forEach(({ id, name }, i) => invariant(id === i, `tensor ${name} has id ${id} at place ${i}`));
  const outside = program.tensors.filter(({ role }) => role !== 'temporary' && role !== 'output');
  const written = new Set(outside.map(({ id }) => id));
  const whole = (id: number): number => program.tensors[id]?.window?.of ?? id;
  for (const group of program.groups) {
    const tensors = groupTensors(group);
    const count = new Set([...tensors.read, ...tensors.written]).size;
    invariant(count <= maxTensors, `${group.name} binds ${count} tensors of ${maxTensors}`);
    invariant(tensors.written.length > 0, `${group.name} writes nothing`);
    for (const id of tensors.read)
      invariant(written.has(whole(id)), `${group.name} reads ${program.tensors[id]?.name} before it is written`);
    for (const id of tensors.written) {
      const role = program.tensors[whole(id)]?.role;
      const writable = role !== undefined && role !== 'input' && role !== 'constant';
      invariant(writable, `${group.name} writes a tensor of role ${role}`);
      written.add(whole(id));
    }
    verifyGroup(group, program.tensors);
  }
  for (const { id, name, role } of program.tensors)
    invariant(role !== 'output' || written.has(id), `output ${name} is never written`);
}

function verifyGroup(group: Group, tensors: readonly ProgramTensor[]): void {
  const stores = groupStores(group);
  const { operands: sides, pointwise } = groupLoads(group);
  for (const { tensor, index } of [...stores, ...sides, ...pointwise]) {
    const dims = tensors[tensor]?.dims;
    invariant(dims?.length === index.length, `${group.name}: ${index.length} indices of ${tensors[tensor]?.name}`);
  }
  verifyOrder(group, stores);
  const places = new Map(stores.map((store) => [store.tensor, store.index]));
  invariant(places.size === stores.length, `${group.name} writes a tensor twice`);
  for (const { tensor } of sides)
    invariant(!places.has(tensor), `${group.name} reads ${tensors[tensor]?.name} as an operand while writing it`);
  for (const { tensor, index } of pointwise) {
    const place = places.get(tensor);
    const same = !place || place.every((expr, i) => sameExpr(expr, index[i]));
    invariant(same, `${group.name} reads another element of ${tensors[tensor]?.name} than it writes`);
  }
  verifyNames(group);
}

/** No store reads what an earlier one has written. */
function verifyOrder(group: Group, stores: readonly Store[]): void {
  const written = new Set<number>();
  for (const store of stores) {
    for (const { tensor } of loadsOf([store.value, ...store.index]))
      invariant(!written.has(tensor), `${group.name}: a store reads what an earlier one has written`);
    written.add(store.tensor);
  }
}

function sameExpr(x: Expr, y: Expr | undefined): boolean {
  if (x === y) return true;
  if (!y || x.kind !== y.kind || x.type !== y.type) return false;
  const heads = JSON.stringify({ ...x, ...parts }) === JSON.stringify({ ...y, ...parts });
  const [mine, others] = [operands(x), operands(y)];
  return heads && mine.every((operand, i) => sameExpr(operand, others[i]));
}

/** Operands left out of a comparison of heads. */
const parts = { x: 0, y: 0, condition: 0, yes: 0, no: 0, index: 0, seed: 0, counter: 0 };

/** The axes of each family, and the names its stores may use beside them. */
const scopes: { readonly [K in Group['kind']]: (group: Extract<Group, { kind: K }>) => [readonly Axis[], string[]] } = {
  map: ({ axes }) => [axes, []],
  row: ({ axes, row, reductions }) => [[...axes, ...row], reductions.map(({ result }) => result)],
  contract: ({ batch, m, n, accumulators }) => [[...batch, ...m, ...n], accumulators.map(({ result }) => result)],
  attention: (group) => [attentionAxes(group), ['out', 'lse']],
  attention_grad: (group) => [attentionAxes(group), ['dq', 'dk', 'dv']],
  scatter: ({ bins, axes, items }) => [[bins, ...axes, ...items], ['sum']],
};

function attentionAxes(group: Extract<Group, { kind: 'attention' | 'attention_grad' }>): Axis[] {
  return [...group.batch, ...group.heads, group.query, group.key, group.depth, group.valueDepth];
}

function verifyNames(group: Group): void {
  const scope = scopes[group.kind] as (group: Group) => [readonly Axis[], string[]];
  const [axes, results] = scope(group);
  const names = [...axes.map(({ name }) => name), ...results];
  const bound = new Set(names);
  invariant(bound.size === names.length, `${group.name}: a name occurs twice in ${names.join(', ')}`);
  if (group.kind === 'contract')
    for (const { terms } of group.accumulators) for (const { name } of terms.flatMap(({ k }) => k)) bound.add(name);
  if (group.kind === 'attention' || group.kind === 'attention_grad')
    for (const name of ['score', 'query_position', 'key_position']) bound.add(name);
  const exprs = groupExprs(group);
  const seen = new Set<Expr>();
  const visit = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === 'var') invariant(bound.has(expr.name), `${group.name}: ${expr.name} is not in scope`);
    operands(expr).forEach(visit);
  };
  [...exprs.operands, ...exprs.pointwise].forEach(visit);
}
