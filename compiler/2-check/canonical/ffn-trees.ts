// Takes: feed-forward parts and routers, resolved. Gives: their canonical trees.
// Promises: total over their kinds; what is printed checks back to the same spec.
import type { BalanceSpec, ExpertsSpec, FfnSpec, GluSpec, MlpSpec, RouterSpec, SelectSpec } from '../model.ts';
import { activationTree, biasText, branch, inline, normTree, type Tree } from './tree.ts';

type SpecOf<K extends FfnSpec['kind']> = Extract<FfnSpec, { readonly kind: K }>;

export function ffnTree(spec: FfnSpec): Tree {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: FfnSpec) => Tree;
  return rule(spec);
}

const rules: { readonly [K in FfnSpec['kind']]: (spec: SpecOf<K>) => Tree } = {
  mlp: ({ act, width, norm, up, down }: MlpSpec) =>
    branch('mlp', {
      act: activationTree(act),
      width,
      bias: biasText({ up, down }),
      norm: norm === null ? 'none' : normTree(norm),
    }),
  glu: ({ act, width, norm, clamp, upOffset, gate, up, down }: GluSpec) =>
    branch('glu', { act: activationTree(act), width, bias: biasText({ gate, up, down }), norm: norm === null ? 'none' : normTree(norm), clamp, up_offset: upOffset }), // prettier-ignore
  channel_mix: ({ act, width, up, down }) => branch('channel_mix', { act, width, bias: biasText({ up, down }) }),
  experts: ({ n, topK, expert, shared, router }: ExpertsSpec) =>
    branch('experts', {
      n,
      top_k: topK,
      shared: shared?.count ?? 0,
      expert: ffnTree(expert),
      shared_expert: shared === null ? 'none' : ffnTree(shared.expert),
      shared_gate: shared?.gate ? 'sigmoid' : 'none',
      router: routerTree(router),
    }),
};

export function routerTree(router: RouterSpec): Tree {
  const { groups, selectBias, noise, capacity } = router;
  return branch('router', {
    dtype: router.dtype,
    score: branch(router.score, { over: router.scoreOver }),
    bias: router.bias,
    select: selectTree(router.select),
    select_bias: selectBias === null ? null : branch('aux_free', { rate: selectBias.rate, center: selectBias.center, freeze_after: selectBias.freezeAfter === null ? null : `${selectBias.freezeAfter}tok` }), // prettier-ignore
    ...groupKeys(groups),
    combine: combineText(router),
    balance: balanceTree(router.balance),
    z_loss: router.zLoss,
    jitter: router.jitter,
    noise: noise === null ? null : branch(noise.kind, { std: noise.std }),
    capacity: capacity === null ? null : branch('drop', capacity),
  });
}

function selectTree(select: SelectSpec): Tree {
  if (select.kind === 'expert_choice') return branch(select.kind, { capacity: select.capacity });
  if (select.kind === 'sinkhorn') return branch(select.kind, { iterations: select.iterations });
  return select.kind;
}

/** Without groups the keys about them say nothing. */
function groupKeys(groups: RouterSpec['groups']): Readonly<Record<string, Tree | number | null>> {
  if (groups === null) return { groups };
  return {
    groups: groups.n,
    top_groups: groups.top,
    group_score: groups.score === 'max' ? 'max' : branch('sum_top', { k: groups.score.sumTop }),
    masked: groups.masked === -Infinity ? '-inf' : groups.masked,
  };
}

/** Weights never hold the bias: where there is one, that is said. */
function combineText({ combine: { normalize, scale }, selectBias }: RouterSpec): string {
  const plain = selectBias === null ? 'none' : 'unbiased';
  const weights = normalize === null ? plain : `normalize(eps = ${normalize.eps})`;
  return scale === 1 ? weights : `${weights} * ${scale}`;
}

function balanceTree(balance: readonly BalanceSpec[]): Tree {
  const terms = balance.map(({ kind, ...keys }) => branch(kind, keys));
  const [only, more] = terms;
  if (only === undefined) return 'none';
  return more === undefined ? only : `[${terms.map(inline).join(', ')}]`;
}
