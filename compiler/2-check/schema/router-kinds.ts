// Takes: nothing. Gives: the router of experts and what its keys are made of.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/experts.model.
import { balances, capacityKind, selectBiasKind } from './parts/balance-kinds.ts';
import { combine } from './parts/combine-kind.ts';
import { key } from './key-type.ts';
import { constructType } from './kind.ts';
import { kindOf, ownersOf } from './register.ts';
import { belowInfinity, count, flag, oneOf, orNone, positive, rate } from './scalars.ts';

const over = key('`all`: over all experts; `chosen`: over the chosen, which were selected by their logits', oneOf('all', 'chosen')); // prettier-ignore

export const scoreKind = kindOf({
  name: 'score',
  about: 'How logits of experts become scores.',
  constructors: {
    softmax: { about: 'Experts compete.', formula: 'exp(l_e) / sum of exp(l)', source: 'Mixtral', keys: { over } },
    sigmoid: { about: 'Each expert by itself.', formula: '1 / (1 + exp(-l_e))', source: 'DeepSeek-V3', keys: { over } },
    sqrt_softplus: { about: 'Each expert by itself.', formula: 'sqrt(ln(1 + exp(l_e)))', source: 'DeepSeek-V4', keys: { over } }, // prettier-ignore
  },
});

export const selectKind = kindOf({
  name: 'select',
  about: 'Who chooses whom.',
  constructors: {
    token_choice: { about: 'Each token takes its top_k experts.', source: 'arXiv 1701.06538', keys: {} },
    expert_choice: {
      about: 'Each expert takes its best tokens, of all in the batch: balanced, but a token sees later ones.',
      formula: 'tokens of an expert = T * capacity / n',
      source: 'arXiv 2202.09368',
      keys: { capacity: key('experts that a token gets on average', positive) },
    },
    sinkhorn: {
      about: 'Token choice on scores that were balanced by rows and columns in turn.',
      source: 'Megatron-LM',
      keys: { iterations: key('rounds of balancing', count) },
    },
    hash: { about: 'The token itself decides, by a fixed table.', source: 'arXiv 2106.04426', keys: {} },
  },
});

export const groupScoreKind = kindOf({
  name: 'group_score',
  about: 'What a group of experts is judged by.',
  constructors: {
    max: { about: 'Its best score.', source: 'DeepSeek-V2', keys: {} },
    sum_top: {
      about: 'The sum of its k best scores.',
      source: 'DeepSeek-V3',
      keys: { k: key('scores that count', count) },
    },
  },
});

export const noiseKind = kindOf({
  name: 'noise',
  about: 'Noise on the logits in training.',
  constructors: {
    additive: {
      about: 'Normal noise whose size is learned.',
      formula: 'l + std * N(0, 1) * softplus(W_n x)',
      source: 'arXiv 1701.06538',
      keys: { std: key('factor on the noise', positive) },
    },
    multiplicative: {
      about: 'Normal noise in proportion to the logit.',
      formula: 'l * (1 + std * N(0, 1))',
      keys: { std: key('standard deviation of the factor', positive) },
    },
  },
});

export const routerKind = kindOf({
  name: 'router',
  about: 'Which experts a token goes to, and with what weight.',
  constructors: {
    router: {
      about: 'A linear map to a logit per expert; the best are chosen.',
      formula: 's = score(W x); e in top_k(s + bias); y = sum of w_e expert_e(x)',
      source: 'arXiv 1701.06538',
      keys: {
        dtype: key('type of the map and of the scores', oneOf('f32', 'bf16', 'f16')),
        score: key('how logits become scores', constructType(scoreKind, ownersOf)),
        bias: key('whether logits have a bias, which also combines (gpt-oss)', flag),
        select: key('who chooses whom', constructType(selectKind, ownersOf)),
        select_bias: key('a bias that selects and does not combine', orNone(constructType(selectBiasKind, ownersOf))),
        groups: key('equal groups of experts; divides `n`', orNone(count)),
        top_groups: key('groups that stay in the choice of a token', orNone(count)),
        group_score: key('what a group is judged by', constructType(groupScoreKind, ownersOf)),
        masked: key('score of experts in the other groups', belowInfinity),
        combine: key('weights of the chosen, from their scores', combine),
        balance: key('losses that keep experts equally loaded', balances),
        z_loss: key('coef * mean of logsumexp(logits)^2', orNone(positive)),
        jitter: key('the input is multiplied by U(1 - jitter, 1 + jitter) in training', orNone(rate)),
        noise: key('noise on the logits in training', orNone(constructType(noiseKind, ownersOf))),
        capacity: key('how many tokens an expert takes at most', orNone(constructType(capacityKind, ownersOf))),
      },
    },
  },
});
