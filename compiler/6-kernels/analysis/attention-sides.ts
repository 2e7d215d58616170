// Takes: an attention group, forward or backward. Gives: the one shape all passes have: rows of scores against columns.
// Promises: a pass says what is multiplied, weighed and summed; kernels say how.
import { add, and, constant, exp, lt, mul, random, select, sub, variable } from '../../3-graph/expr-build.ts';
import { differentiateExpr } from '../../3-graph/expr/differentiate-expr.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { AttentionGradGroup, AttentionGroup, AttentionParts, Axis, Store } from '../../5-optimize/groups.ts';

/** The score of a pair that is not seen; a number, as not every target has infinities. */
export const UNSEEN = -3.0e38;

export interface Sides {
  readonly group: AttentionGroup | AttentionGradGroup;
  /** A kernel holds rows and walks columns: for every point of `outer`, all of `column`. */
  readonly rows: readonly Axis[];
  readonly outer: readonly Axis[];
  readonly column: Axis;
  /** name = the sum over axis of row * column. `score` is q . k. */
  readonly products: readonly { readonly name: string; readonly axis: Axis; readonly row: Expr; readonly column: Expr }[]; // prettier-ignore
  /** result = the sum over columns of weight * column, for every point of `axis`. */
  readonly sums: readonly Sum[];
  /** Per pair, over the products, the positions, and `place` of the column (i32), which counts below `end`. */
  readonly weights: Weights;
}

export interface Sum {
  readonly result: string;
  readonly weight: 'kept' | 'slope';
  readonly axis: Axis;
  readonly column: Expr;
  readonly stores: readonly Store[];
}

/** Forward: the score, UNSEEN where masked, and the factor of dropout. Backward: p after dropout, and d loss / d (q . k). */
export type Weights =
  | { readonly kind: 'softmax'; readonly score: Expr; readonly seen: Expr; readonly factor: Expr | null }
  | { readonly kind: 'given'; readonly kept: Expr; readonly slope: Expr };

const f32 = (name: string): Expr => variable(name, 'f32');

export function sidesOf(group: AttentionGroup | AttentionGradGroup): Sides {
  const queries = [...group.heads, group.query];
  const byQuery = { group, rows: queries, outer: [], column: group.key };
  const dot = { name: 'score', axis: group.depth, row: group.q, column: group.k };
  if (group.kind === 'attention') {
    const sums: Sum[] = [{ result: 'out', weight: 'kept', axis: group.valueDepth, column: group.v, stores: group.outStores }]; // prettier-ignore
    return { ...byQuery, products: [dot], sums, weights: softmaxWeights(group) };
  }
  const weights = givenWeights(group);
  const dp = { name: 'dp', axis: group.valueDepth, row: group.dout, column: group.v };
  if (group.pass === 'query') {
    const sums: Sum[] = [{ result: 'dq', weight: 'slope', axis: group.depth, column: group.k, stores: group.dqStores }];
    return { ...byQuery, products: [dot, dp], sums, weights };
  }
  const turned = [dot, dp].map((one) => ({ ...one, row: one.column, column: one.row }));
  return {
    group,
    rows: [group.key],
    outer: group.heads,
    column: group.query,
    products: turned,
    sums: [
      { result: 'dv', weight: 'kept', axis: group.valueDepth, column: group.dout, stores: group.dvStores },
      { result: 'dk', weight: 'slope', axis: group.depth, column: group.q, stores: group.dkStores },
    ],
    weights,
  };
}

const seenBefore = (group: AttentionParts): Expr =>
  and(lt(variable('place', 'i32'), variable('end', 'i32')), group.mask);

function softmaxWeights(group: AttentionGroup): Weights {
  return { kind: 'softmax', score: group.score, seen: seenBefore(group), factor: dropoutFactor(group) };
}

/** p = e^(score - lse); ds = (p dropped dp - p delta) d score / d (q . k). FlashAttention-2, arXiv 2307.08691 */
function givenWeights(group: AttentionGradGroup): Weights {
  const p = select(seenBefore(group), exp(sub(group.score, group.lse)), 0);
  const factor = dropoutFactor(group);
  const kept = factor ? mul(p, factor) : p;
  const slope = differentiateExpr(group.score, 'score');
  return { kind: 'given', kept, slope: mul(sub(mul(kept, f32('dp')), mul(p, group.delta)), slope) };
}

/** 1 / (1 - rate) for a kept pair, 0 for a dropped one; the counter is the pair's index over batch, heads, query, key. */
export function dropoutFactor(group: AttentionParts): Expr | null {
  const { dropout } = group;
  if (!dropout) return null;
  const axes = [...group.batch, ...group.heads, group.query, group.key];
  const counter = axes.reduce((index, axis) => add(mul(index, axis.size), variable(axis.name, 'i32')), constant(0, 'i32')); // prettier-ignore
  return select(lt(random(dropout.seed, dropout.stream, counter), dropout.rate), 0, constant(1 / (1 - dropout.rate)));
}

/** Every expression of the pass, for the tensors it touches. */
export function exprsOf({ group, products, weights, sums }: Sides): readonly Expr[] {
  const pairs = weights.kind === 'softmax' ? [weights.score, weights.seen, weights.factor] : [weights.kept, weights.slope]; // prettier-ignore
  const operands = products.flatMap(({ row, column }) => [row, column]);
  return [...operands, ...sums.map(({ column }) => column), group.offset, ...pairs.filter((expr) => expr !== null)];
}

export const storesOf = ({ group, sums }: Sides): readonly Store[] => [
  ...sums.flatMap(({ stores }) => stores),
  ...(group.kind === 'attention' ? group.lseStores : []),
];
