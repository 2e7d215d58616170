// Takes: the router of experts, of ffns and mixers alike. Gives: its RouterSpec.
// Promises: E6: groups fit the experts; E15: a bias that selects never weighs what is combined.
import { fail, type Section } from '../evaluate/section.ts';
import type { BalanceSpec, InitSpec, RouterSpec, SelectSpec } from '../model.ts';
import type { balanceKind } from '../schema/parts/balance-kinds.ts';
import type { Slot } from '../schema/key-type.ts';
import { buildOf, type BuiltBy } from '../schema/register.ts';
import { routerKind, type selectKind } from '../schema/router-kinds.ts';
import { divisors, spanOf } from './mixers/place.ts';

type Router = BuiltBy<typeof routerKind>;

/** What a router stands in. */
export interface RouterFacts {
  /** `moe`: for messages. */
  readonly part: string;
  /** Experts that it chooses from. */
  readonly n: number;
  readonly topK: number;
  /** Of the map to logits. */
  readonly init: InitSpec;
}

/** @throws Stop */
export function routerSpec(slot: Slot, facts: RouterFacts): RouterSpec {
  const router = buildOf(slot, routerKind);
  const { keys } = router;
  checkTopK(router, facts, slot);
  const { combine, select_bias: selectBias, capacity, noise } = keys;
  checkCombine(router, facts);
  return {
    dtype: keys.dtype,
    score: keys.score.constructor,
    scoreOver: keys.score.keys.over,
    bias: keys.bias,
    select: selectSpec(keys.select),
    selectBias: selectBias && { rate: selectBias.keys.rate, center: selectBias.keys.center, freezeAfter: selectBias.keys.freeze_after }, // prettier-ignore
    groups: groupsSpec(router, facts),
    combine: { normalize: combine.eps === null ? null : { eps: combine.eps }, scale: combine.scale },
    balance: keys.balance.map((each) => balanceSpec(each, router, facts)),
    zLoss: keys.z_loss,
    jitter: keys.jitter,
    noise: noise && { kind: noise.constructor, std: noise.keys.std },
    capacity: capacity && capacity.keys,
    init: facts.init,
  };
}

/** E6 */
function checkTopK({ construct }: Router, { part, n, topK }: RouterFacts, { section }: Slot): void {
  if (topK <= n) return;
  const message = `top_k ${topK} is more than its ${n} experts`;
  fail(construct.section, 'expert-groups', spanOf(section, 'top_k'), { part, message }, { fix: `top_k at most ${n}` });
}

/** E6 */
function groupsSpec({ keys, construct }: Router, { part, n, topK }: RouterFacts): RouterSpec['groups'] {
  const { groups, group_score: score, masked } = keys;
  if (groups === null) return null;
  const top = keys.top_groups ?? groups;
  const refuse = (key: string, message: string, fix: string): never =>
    fail(construct.section, 'expert-groups', spanOf(construct.section, key), { part, message }, { fix });
  if (n % groups !== 0) {
    refuse('groups', `${n} experts are not divisible into ${groups} groups (${(n / groups).toFixed(2)})`, `groups in {${divisors(n).join(', ')}}`); // prettier-ignore
  }
  const each = n / groups;
  if (top > groups) refuse('top_groups', `top_groups ${top} is more than its ${groups} groups`, `top_groups at most ${groups}`); // prettier-ignore
  if (topK > top * each) {
    const least = Math.ceil(topK / each);
    refuse('top_groups', `top_k ${topK} is more than top_groups * n / groups = ${top} * ${n} / ${groups} = ${top * each}`, `top_groups at least ${least}, or top_k at most ${top * each}`); // prettier-ignore
  }
  const sumTop = score.constructor === 'sum_top' ? score.keys.k : null;
  if (sumTop !== null && sumTop > each) {
    refuse('group_score', `group_score sum_top(${sumTop}) needs ${sumTop} experts in a group, but ${n} / ${groups} = ${each}`, `sum_top(${each}), or at most ${Math.floor(n / sumTop)} groups`); // prettier-ignore
  }
  return { n: groups, top, score: sumTop === null ? 'max' : { sumTop }, masked };
}

/** E15 */
function checkCombine({ keys, construct }: Router, { part }: RouterFacts): void {
  const { combine, select_bias: selectBias } = keys;
  if (selectBias === null || combine.constructor !== 'none') return;
  const message = 'select_bias is for selecting only, but combine takes the scores that selected, bias and all';
  const times = combine.scale === 1 ? '' : ` * ${combine.scale}`;
  const fix = `combine = normalize${times}, or unbiased${times} for scores without the bias as they are`;
  fail(construct.section, 'select-bias', spanOf(construct.section, 'combine'), { part, message }, { fix });
}

function selectSpec(select: BuiltBy<typeof selectKind>): SelectSpec {
  if (select.constructor === 'expert_choice') return { kind: 'expert_choice', capacity: select.keys.capacity };
  if (select.constructor === 'sinkhorn') return { kind: 'sinkhorn', iterations: select.keys.iterations };
  return { kind: select.constructor };
}

function balanceSpec(balance: BuiltBy<typeof balanceKind>, { construct }: Router, facts: RouterFacts): BalanceSpec {
  const { coef } = balance.keys;
  if (balance.constructor === 'aux') {
    return { kind: 'aux', coef, scope: balance.keys.scope, normalisation: balance.keys.normalisation };
  }
  if (balance.constructor === 'seq_aux') return { kind: 'seq_aux', coef };
  const { devices } = balance.keys;
  const { part, n } = facts;
  if (n % devices !== 0) {
    const message = `balance: ${n} experts are not divisible among ${devices} devices (${(n / devices).toFixed(2)})`;
    const fix = `devices in {${divisors(n).join(', ')}}`;
    fail(construct.section, 'expert-groups', deviceSpan(balance, construct.section), { part, message }, { fix });
  }
  return { kind: 'device', coef, devices };
}

function deviceSpan({ construct }: BuiltBy<typeof balanceKind>, router: Section): Section['span'] {
  return construct.section.body.keys.has('devices') ? spanOf(construct.section, 'devices') : spanOf(router, 'balance');
}
