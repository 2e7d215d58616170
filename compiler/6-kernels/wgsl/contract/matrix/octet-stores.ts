// Takes: the stores of a contract group. Gives: those that can be made 8 columns at a time, and their WGSL.
// Promises: all stores or none; each tensor is read and written in whole steps of 16 bytes, every value as one by one.
import type { Expr } from '../../../../3-graph/expr.ts';
import { mapOperands } from '../../../../3-graph/expr/walk.ts';
import type { Axis, ContractGroup, Program, Store } from '../../../../5-optimize/groups.ts';
import { axesAt, count, storesAt } from '../../../analysis/contract-loops.ts';
import { walk } from '../../../analysis/expr-table.ts';
import type { Linear } from '../../../analysis/linear.ts';
import { OCTET, octetIndex, QUAD } from '../../wide-load.ts';
import { WgslScope } from '../../wgsl-scope.ts';
import { lastOf } from './operand.ts';

type Load = Extract<Expr, { kind: 'load' }>;

/** What lies at 8 neighbouring columns; `form` counts steps of 8. */
interface Octet {
  readonly tensor: number;
  readonly type: 'f16' | 'f32';
  readonly form: Linear;
}

export interface OctetStores {
  /** By the JSON of the load. */
  readonly loads: ReadonlyMap<string, Octet>;
  /** In the order of the group's stores. */
  readonly stores: readonly Octet[];
  /** Columns as axes, the last in steps of 8. */
  readonly axes: readonly Axis[];
}

/** Null where the columns of a store are not neighbours in memory, 8 at a time. */
export function octetStores(program: Program, group: ContractGroup): OctetStores | null {
  const axis = lastOf(group.n);
  if (!axis) return null;
  const scope = WgslScope.root(program, String);
  scope.bindAxes([...group.batch, ...group.m, ...group.n], 'p');
  const octetOf = (load: Load): Octet | null => {
    const form = octetIndex(program, scope, load, axis);
    return form && (load.type === 'f16' || load.type === 'f32') ? { tensor: load.tensor, type: load.type, form } : null;
  };
  const stores = group.stores.flatMap((store) => octetOf(targetOf(program, store)) ?? []);
  if (stores.length < group.stores.length) return null;
  const loads = new Map<string, Octet>();
  walk(
    group.stores.map(({ value }) => value),
    (expr) => {
      const octet = expr.kind === 'load' ? octetOf(expr) : null;
      if (octet) loads.set(JSON.stringify(expr), octet);
    },
  );
  const axes = group.n.map((one) => (one === axis ? { name: one.name, size: one.size / OCTET } : one));
  return { loads, stores, axes };
}

/** The element a store writes, as if it were read. */
function targetOf(program: Program, { tensor, index, value }: Store): Load {
  const type = program.tensors.find(({ id }) => id === tensor)?.type ?? value.type;
  return { kind: 'load', tensor, index, type };
}

/** Tensors that are bound in steps of 16 bytes. */
export const tensorsOfOctets = ({ loads, stores }: OctetStores): readonly number[] => [
  ...new Set([...loads.values(), ...stores].map(({ tensor }) => tensor)),
];

/** Column `c` of 8 that were read as `names`: one `vec4u` of halves, or two `vec4f`. */
function part({ type }: Pick<Octet, 'type'>, names: readonly string[], c: number): string {
  if (type === 'f16') return `bitcast<vec2<f16>>(${names[0] ?? ''}[${c >> 1}])[${c & 1}]`;
  return `${names[c >> 2] ?? ''}[${c & 3}]`;
}

function read(scope: WgslScope, { tensor, type, form }: Octet): readonly string[] {
  if (type === 'f16') return [scope.let(scope.octet(tensor, form), 'w')];
  const at = scope.let(`${scope.linear(form)} * 2`, 'at');
  return [0, 1].map((i) => scope.let(`${scope.tensor(tensor)}[${at} + ${i}]`, 'w'));
}

function write(scope: WgslScope, { tensor, type, form }: Octet, values: readonly string[]): void {
  if (type === 'f16') {
    const pairs = [0, 2, 4, 6].map((c) => `bitcast<u32>(vec2<f16>(${values[c] ?? ''}, ${values[c + 1] ?? ''}))`);
    scope.line(`${scope.octet(tensor, form)} = vec4u(${pairs.join(', ')});`);
    return;
  }
  const at = scope.let(`${scope.linear(form)} * 2`, 'at');
  for (const i of [0, 1])
    scope.line(`${scope.tensor(tensor)}[${at} + ${i}] = vec4f(${values.slice(QUAD * i, QUAD * i + QUAD).join(', ')});`);
}

/**
 * The stores of 8 columns from `column` on of one row. `sums[i]`: the names of the two `vec4f` of accumulator i there. In
 * scope: `row`, `column`.
 */
export function writeOctets(
  scope: WgslScope,
  group: ContractGroup,
  octets: OctetStores,
  sums: readonly (readonly string[])[],
): void {
  const { loads, stores, axes } = octets;
  scope.line(`let octet = column / ${OCTET}u;`);
  scope.bindAxes(group.m, 'row');
  scope.bindAxes(axes, 'octet');
  scope.bindAxes(axesAt(group.m, 'row'), 'row');
  const held = new Map([...loads].map(([key, octet]) => [key, { octet, names: read(scope, octet) }]));
  const columns = count(OCTET).map((c) => {
    const place = `c${c}`;
    scope.bindAxes(axesAt(group.n, place), scope.let(`column + ${c}u`, 'column'));
    for (const [i, { result }] of group.accumulators.entries()) scope.bind(`${result}#${place}`, part({ type: 'f32' }, sums[i] ?? [], c)); // prettier-ignore
    for (const [key, { octet, names }] of held) scope.bind(`${key}#${place}`, part(octet, names, c));
    const known = group.stores.map((store) => ({ ...store, value: inColumn(store.value, place, group, loads) }));
    return storesAt({ ...group, stores: known }, 'row', place);
  });
  scope.share(columns.flatMap((each) => each.map(({ value }) => value)));
  const values = columns.map((each) => each.map(({ value }) => scope.value(value)));
  for (const [s, store] of stores.entries()) write(scope, store, values.map((each) => each[s] ?? '')); // prettier-ignore
}

/** The value with what is read or summed 8 at a time under the names it has in one column. */
function inColumn(value: Expr, place: string, group: ContractGroup, loads: OctetStores['loads']): Expr {
  const results = new Set(group.accumulators.map(({ result }) => result));
  const known = new Map<Expr, Expr>();
  const change = (expr: Expr): Expr => {
    const found = known.get(expr);
    if (found) return found;
    const key = expr.kind === 'load' ? JSON.stringify(expr) : expr.kind === 'var' && results.has(expr.name) ? expr.name : null; // prettier-ignore
    const isNamed = key !== null && (expr.kind === 'var' || loads.has(key));
    const made: Expr = isNamed ? { kind: 'var', name: `${key}#${place}`, type: expr.type } : mapOperands(expr, change);
    known.set(expr, made);
    return made;
  };
  return change(value);
}
