// Takes: routers as they are written. Gives: proof that every key resolves to its field, and back.
// Promises: every form of the language page; E6 and E15 with their numbers and fixes.
import { describe, expect, it } from 'vitest';
import type { RouterSpec } from '../../../../compiler/2-check/model.ts';
import { ffnsOf } from '../../../../compiler/2-check/resolve/parts.ts';
import { check, modelOf, modelsOf, small } from '../prelude.ts';

/** 64 experts, 8 for a token; `keys` stand in the router. */
function text(keys: string): string {
  return small().replace('mlp = glu { }', `mlp = experts { n = 64; top_k = 8; expert = glu { width = 64 }; router { ${keys} } }`); // prettier-ignore
}

function routerOf(keys: string): RouterSpec {
  const spec = ffnsOf(modelOf(text(keys))).get('mlp');
  if (spec?.kind !== 'experts') throw new Error('no experts');
  return spec.router;
}

const forms: [string, object][] = [
  ['', { dtype: 'f32', score: 'softmax', scoreOver: 'all', bias: false, groups: null, capacity: null, zLoss: null }],
  ['', { select: { kind: 'token_choice' }, selectBias: null, combine: { normalize: { eps: 1e-20 }, scale: 1 } }],
  ['', { balance: [{ kind: 'aux', coef: 1e-2, scope: 'batch', normalisation: 'switch' }], jitter: null, noise: null }],
  ['dtype = bf16; bias = true', { dtype: 'bf16', bias: true }],
  ['score = sigmoid', { score: 'sigmoid', scoreOver: 'all' }],
  ['score = sqrt_softplus', { score: 'sqrt_softplus' }],
  ['score = softmax(over = chosen); combine = none', { score: 'softmax', scoreOver: 'chosen', combine: { normalize: null, scale: 1 } }], // prettier-ignore
  ['select = expert_choice(capacity = 1.0)', { select: { kind: 'expert_choice', capacity: 1 } }],
  ['select = expert_choice', { select: { kind: 'expert_choice', capacity: 8 } }],
  ['select = sinkhorn(4)', { select: { kind: 'sinkhorn', iterations: 4 } }],
  ['select = hash', { select: { kind: 'hash' } }],
  ['select_bias = aux_free', { selectBias: { rate: 1e-3, center: false, freezeAfter: null } }],
  ['select_bias = aux_free { rate = 1e-2; center = true; freeze_after = 14.3Ttok }', { selectBias: { rate: 1e-2, center: true, freezeAfter: 14.3e12 } }], // prettier-ignore
  ['groups = 8; top_groups = 4; group_score = sum_top(2); masked = -inf', { groups: { n: 8, top: 4, score: { sumTop: 2 }, masked: -Infinity } }], // prettier-ignore
  ['groups = 8; masked = 0', { groups: { n: 8, top: 8, score: 'max', masked: 0 } }],
  ['combine = normalize(eps = 1e-6) * 2.5', { combine: { normalize: { eps: 1e-6 }, scale: 2.5 } }],
  ['combine = 2 * normalize { eps = 0 }', { combine: { normalize: { eps: 0 }, scale: 2 } }],
  ['combine = normalize', { combine: { normalize: { eps: 1e-20 }, scale: 1 } }],
  ['combine = 16', { combine: { normalize: null, scale: 16 } }],
  ['combine = none', { combine: { normalize: null, scale: 1 } }],
  ['select_bias = aux_free; combine = unbiased * 2', { combine: { normalize: null, scale: 2 } }],
  ['balance = none', { balance: [] }],
  ['balance = seq_aux(coef = 1e-4)', { balance: [{ kind: 'seq_aux', coef: 1e-4 }] }],
  ['balance = aux(coef = 1e-3, scope = sequence, normalisation = hf)', { balance: [{ kind: 'aux', coef: 1e-3, scope: 'sequence', normalisation: 'hf' }] }], // prettier-ignore
  ['balance = [aux(coef = 1e-3), device(coef = 5e-2, devices = 8)]', { balance: [{ kind: 'aux', coef: 1e-3 }, { kind: 'device', coef: 5e-2, devices: 8 }] }], // prettier-ignore
  ['balance = seq_aux + aux { coef = 1e-3 }', { balance: [{ kind: 'seq_aux', coef: 1e-4 }, { kind: 'aux', coef: 1e-3 }] }], // prettier-ignore
  ['z_loss = 1e-3; jitter = 1e-2', { zLoss: 1e-3, jitter: 1e-2 }],
  ['noise = additive', { noise: { kind: 'additive', std: 1 } }],
  ['noise = multiplicative(std = 0.1)', { noise: { kind: 'multiplicative', std: 0.1 } }],
  ['capacity = drop(factor = 1.25, policy = probs)', { capacity: { factor: 1.25, policy: 'probs', per: 'choice', inference: false } }], // prettier-ignore
  ['capacity = drop { policy = position; per = token; inference = true }', { capacity: { factor: 1.25, policy: 'position', per: 'token', inference: true } }], // prettier-ignore
];

describe('router', () => {
  it.each(forms)('%s', (keys, spec) => {
    expect(routerOf(keys)).toMatchObject(spec);
  });

  it.each([...new Set(forms.map(([keys]) => keys))])('prints and checks back: %s', (keys) => {
    const { canonical } = modelOf(text(keys));
    expect([...modelsOf(canonical).values()].map((model) => model.canonical)).toEqual([canonical]);
  });

  it.each([
    ['groups = 7', 'expert-groups', 'mlp: 64 experts are not divisible into 7 groups (9.14)', 'groups in {1, 2, 4, 8, 16, 32, 64}'], // prettier-ignore
    ['groups = 16; top_groups = 1', 'expert-groups', 'mlp: top_k 8 is more than top_groups * n / groups = 1 * 64 / 16 = 4', 'top_groups at least 2, or top_k at most 4'], // prettier-ignore
    ['groups = 4; top_groups = 5', 'expert-groups', 'mlp: top_groups 5 is more than its 4 groups', 'top_groups at most 4'], // prettier-ignore
    ['groups = 64; group_score = sum_top(2)', 'expert-groups', 'mlp: group_score sum_top(2) needs 2 experts in a group, but 64 / 64 = 1', 'sum_top(1), or at most 32 groups'], // prettier-ignore
    ['select_bias = aux_free; combine = none', 'select-bias', 'mlp.router: select_bias is for selecting only, but combine takes the scores that selected, bias and all', 'combine = normalize, or unbiased for scores without the bias as they are'], // prettier-ignore
    ['score = soft_max', 'unknown-constructor', 'mlp.router.score: there is no score `soft_max`', 'did you mean `softmax`?'], // prettier-ignore
    ['rate = 1', 'foreign-key', '`rate` is a key of aux_free, not of router (mlp.router)', null],
    ['combine = normalize * normalize', 'wrong-type', 'mlp.router.combine must be normalize, unbiased, none or a factor, or one of them * a factor, but this is `normalize * normalize`', null], // prettier-ignore
    ['jitter = 1', 'out-of-range', 'mlp.router.jitter = 1, but it must be from 0 to below 1', null],
    ['select_bias = aux_free(freeze_after = 1MiB)', 'wrong-type', 'mlp.router.select_bias.freeze_after must be a number of tokens, but this is 1048580 bytes', null], // prettier-ignore
  ])('%s is %s', (keys, code, message, fix) => {
    const errors = check(text(keys)).diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map((each) => [each.code, each.message])).toEqual([[code, message]]);
    if (fix !== null) expect(errors[0]?.fix).toBe(fix);
  });

  it('may differ from layer to layer', () => {
    const model = modelOf(text('select = cycle [hash, token_choice]'));
    const kinds = model.layers.map(
      ({ equations }) => JSON.stringify(equations).match(/"select":\{"kind":"(\w+)"/)?.[1],
    );
    expect(kinds).toEqual(['hash', 'token_choice', 'hash', 'token_choice', 'hash', 'token_choice']);
  });
});
