// Takes: a group of any family. Gives: its stores, its expressions, its loads, its tensors, and copies with others.
// Promises: total over the families; every expression of a group is listed once.
import { mapOperands, operands } from '../3-graph/expr/walk.ts';
import type { Expr } from '../3-graph/expr.ts';
import type { AttentionParts, Group, Store } from './groups.ts';

export type Load = Extract<Expr, { kind: 'load' }>;

/** A function on the expressions and one on the stores of a group, applied all over it. */
export interface Change {
  readonly expr: (expr: Expr) => Expr;
  readonly stores: (stores: readonly Store[]) => readonly Store[];
}

type Mapper<G extends Group> = (group: G, change: Change) => G;

function attentionParts(group: AttentionParts, { expr }: Change) {
  return {
    q: expr(group.q),
    k: expr(group.k),
    v: expr(group.v),
    offset: expr(group.offset),
    score: expr(group.score),
    dropout: group.dropout ? { ...group.dropout, seed: expr(group.dropout.seed) } : null,
  };
}

/** `mask` loads nothing and stays. */
const mappers: { readonly [K in Group['kind']]: Mapper<Extract<Group, { kind: K }>> } = {
  map: (group, { stores }) => ({ ...group, stores: stores(group.stores) }),
  row: (group, { expr, stores }) => ({
    ...group,
    reductions: group.reductions.map((reduction) => ({ ...reduction, value: expr(reduction.value) })),
    rowStores: stores(group.rowStores),
    elementStores: stores(group.elementStores),
  }),
  contract: (group, { expr, stores }) => ({
    ...group,
    accumulators: group.accumulators.map(({ result, terms }) => ({
      result,
      terms: terms.map(({ k, a, b }) => ({ k, a: expr(a), b: expr(b) })),
    })),
    stores: stores(group.stores),
  }),
  attention: (group, change) => ({
    ...group,
    ...attentionParts(group, change),
    outStores: change.stores(group.outStores),
    lseStores: change.stores(group.lseStores),
  }),
  attention_grad: (group, change) => ({
    ...group,
    ...attentionParts(group, change),
    dout: change.expr(group.dout),
    lse: change.expr(group.lse),
    delta: change.expr(group.delta),
    dqStores: change.stores(group.dqStores),
    dkStores: change.stores(group.dkStores),
    dvStores: change.stores(group.dvStores),
  }),
  scatter: (group, { expr, stores }) => ({
    ...group,
    bin: expr(group.bin),
    value: expr(group.value),
    stores: stores(group.stores),
  }),
};

/** A copy with other expressions and stores. */
export function changeGroup(group: Group, change: Change): Group {
  const mapper = mappers[group.kind] as Mapper<Group>;
  return mapper(group, change);
}

export function groupStores(group: Group): Store[] {
  const all: Store[] = [];
  const collect = (stores: readonly Store[]): readonly Store[] => (all.push(...stores), stores);
  changeGroup(group, { expr: (expr) => expr, stores: collect });
  return all;
}

/**
 * `operands`: expressions read at many points for each store (sides of products, queries, keys, scattered values).
 * `pointwise`: values and indices of stores, and reductions of a row.
 */
export function groupExprs(group: Group): { readonly operands: readonly Expr[]; readonly pointwise: readonly Expr[] } {
  const others: Expr[] = [];
  changeGroup(group, { expr: (expr) => (others.push(expr), expr), stores: (stores) => stores });
  const stored = groupStores(group).flatMap((store) => [store.value, ...store.index]);
  return group.kind === 'row'
    ? { operands: [], pointwise: [...others, ...stored] }
    : { operands: others, pointwise: stored };
}

/** The loads in expressions, each object once. */
export function loadsOf(exprs: Iterable<Expr>): Load[] {
  const seen = new Set<Expr>();
  const loads: Load[] = [];
  const visit = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === 'load') loads.push(expr);
    for (const operand of operands(expr)) visit(operand);
  };
  for (const expr of exprs) visit(expr);
  return loads;
}

export function groupLoads(group: Group): { readonly operands: readonly Load[]; readonly pointwise: readonly Load[] } {
  const exprs = groupExprs(group);
  return { operands: loadsOf(exprs.operands), pointwise: loadsOf(exprs.pointwise) };
}

/** Tensors read and written, each once. */
export function groupTensors(group: Group): { readonly read: readonly number[]; readonly written: readonly number[] } {
  const { operands, pointwise } = groupLoads(group);
  const read = new Set([...operands, ...pointwise].map((load) => load.tensor));
  return { read: [...read], written: [...new Set(groupStores(group).map((store) => store.tensor))] };
}

/** The same group over other tensors. */
export function withTensors(group: Group, tensorOf: (tensor: number) => number): Group {
  const done = new Map<Expr, Expr>();
  const expr = (old: Expr): Expr => {
    const known = done.get(old);
    if (known) return known;
    const inner = mapOperands(old, expr);
    const mapped = inner.kind === 'load' ? { ...inner, tensor: tensorOf(inner.tensor) } : inner;
    done.set(old, mapped);
    return mapped;
  };
  const stores = (list: readonly Store[]): Store[] =>
    list.map(({ tensor, index, value }) => ({
      tensor: tensorOf(tensor),
      index: index.map(expr),
      value: expr(value),
    }));
  return changeGroup(group, { expr, stores });
}
