// Takes: contractions over one output space, and what follows them element by element. Gives: a contract group.
// Promises: several accumulators only where they share an operand; sums of products are terms of one accumulator.
import type { Expr } from '../../../3-graph/expr.ts';
import { operands } from '../../../3-graph/expr/walk.ts';
import type { Node, NodeOf } from '../../../3-graph/ops.ts';
import { invariant } from '../../../diagnostics.ts';
import type { Accumulator, Axis, ContractGroup, Store } from '../../groups.ts';
import { axesOf, inputOf, nodeAxes, sameSpace } from '../elements/node-axes.ts';
import { type FusionContext, GroupSpace } from './group-space.ts';
import { groupName, inSafeOrder } from './store-order.ts';
import { mergeTerms } from './merge-terms.ts';

interface Roles {
  readonly batch: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
}

export function buildContract(context: FusionContext, members: readonly Node[]): ContractGroup | null {
  const contracts = members.filter((node) => node.op === 'contract');
  const [first] = contracts;
  invariant(first, 'a contract group has a contraction');
  const roles = rolesOf(first);
  const all = [...roles.batch, ...roles.m, ...roles.n];
  const space = new GroupSpace(context, members, [...all, ...contracts.flatMap(overAxes)]);
  const accumulators: Accumulator[] = [];
  for (const [i, node] of contracts.entries()) {
    const accumulator = accumulatorOf(space, node, roles, `acc${i}`);
    if (!accumulator) return null;
    accumulators.push(accumulator);
  }
  const stores = epilogue(space, members, all);
  if (!stores || space.failed) return null;
  const merged = mergeTerms(context.pool, accumulators, stores);
  if (!merged) return null;
  return oriented({
    kind: 'contract',
    name: groupName('contract', members),
    ...roles,
    accumulators: merged.accumulators,
    stores: inSafeOrder(merged.stores),
  });
}

function epilogue(space: GroupSpace, members: readonly Node[], all: readonly Axis[]): Store[] | null {
  const point = space.identity(all);
  const stores: Store[] = [];
  let i = 0;
  for (const node of members) {
    if (node.op === 'contract') {
      const value = space.result(node, `acc${i++}`, point);
      stores.push(...space.storesOf(node, point, value));
      continue;
    }
    const own = space.member(node, [all]);
    if (!own) return null;
    stores.push(...own);
  }
  return stores;
}

function overAxes(node: NodeOf<'contract'>): Axis[] {
  const [a] = node.inputs;
  return a ? nodeAxes(a).filter(({ name }) => node.attrs.over.includes(name)) : [];
}

function rolesOf(node: NodeOf<'contract'>): Roles {
  const [a, b] = [nodeAxes(inputOf(node, 0)), nodeAxes(inputOf(node, 1))];
  const out = axesOf(node.type.dims);
  return {
    batch: out.filter((axis) => has(a, axis) && has(b, axis)),
    m: out.filter((axis) => has(a, axis) && !has(b, axis)),
    n: out.filter((axis) => !has(a, axis) && has(b, axis)),
  };
}

const has = (axes: readonly Axis[], { name }: Axis): boolean => axes.some((axis) => axis.name === name);

/** Null when the output space is not that of the group. The operands may stand in either order. */
function accumulatorOf(space: GroupSpace, node: NodeOf<'contract'>, roles: Roles, result: string): Accumulator | null {
  const own = rolesOf(node);
  if (!sameSpace(own.batch, roles.batch)) return null;
  const straight = sameSpace(own.m, roles.m) && sameSpace(own.n, roles.n);
  if (!straight && !(sameSpace(own.m, roles.n) && sameSpace(own.n, roles.m))) return null;
  const k = overAxes(node);
  const point = space.identity([...roles.batch, ...roles.m, ...roles.n, ...k]);
  const [a, b] = [space.wide(inputOf(node, 0), point), space.wide(inputOf(node, 1), point)];
  return { result, terms: [straight ? { k, a, b } : { k, a: b, b: a }] };
}

/** `n` holds the fastest axis of what is written. */
function oriented(group: ContractGroup): ContractGroup {
  const last = group.stores[0]?.index.at(-1);
  if (!last) return group;
  const within = (axes: readonly Axis[]): boolean => axes.some(({ name }) => uses(last, name));
  if (!within(group.m) || within(group.n)) return group;
  const accumulators = group.accumulators.map(({ result, terms }) => ({
    result,
    terms: terms.map(({ k, a, b }) => ({ k, a: b, b: a })),
  }));
  return { ...group, m: group.n, n: group.m, accumulators };
}

function uses(expr: Expr, name: string): boolean {
  return (expr.kind === 'var' && expr.name === name) || operands(expr).some((operand) => uses(operand, name));
}
