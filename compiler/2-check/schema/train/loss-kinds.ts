// Takes: nothing. Gives: the losses of the language, and the type of a sum of them.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/train.model.
import type { Expr } from '../../../1-syntax/ast.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import type { LossTerm } from '../../model.ts';
import { callOf, key, mismatch, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { piecewiseOf } from '../piecewise.ts';
import { kindOf } from '../register.ts';
import { atLeastZero, count, flag, natural, oneOf, orNone, positive, rate, share } from '../scalars.ts';
import { formulaOf } from './formula.ts';
import { plainType } from './plain.ts';

const timeKind = kindOf({
  name: 'time',
  about: 'How much of a text is masked.',
  constructors: {
    uniform: {
      about: 'Any share is as likely.',
      formula: 't ~ U(low, high)',
      keys: { low: key('least share', share), high: key('largest share', share) },
    },
  },
});

/** `0` or `pad`: a token by its number, or by its name in the tokenizer. */
const token: KeyType<number | string> = {
  expects: 'a token: its number, or its name',
  owns: () => true,
  read: (slot) => wordOf(slot.draft.value) ?? natural.read(slot),
};

export const lossKind = kindOf({
  name: 'loss',
  about: 'What is minimised: a sum of these, each perhaps with a factor.',
  constructors: {
    ce: {
      about: 'Cross-entropy of the next token.',
      formula: '-log softmax(z)_y, mean over the labels that count',
      keys: {
        ignore: key('labels that do not count: a token', orNone(token)),
        mask: key('only what this part of a conversation says counts', orNone(oneOf('assistant', 'completion'))),
        smoothing: key('share of the label that is spread over all tokens', rate),
      },
    },
    z_loss: { about: 'Keeps the logits small.', formula: 'mean(logsumexp(z)^2)', source: 'arXiv 2204.02311', keys: {} },
    router_z_loss: {
      about: 'Keeps the logits of all routers small.',
      formula: 'mean(logsumexp(W x)^2)',
      source: 'arXiv 2202.08906',
      keys: {},
    },
    mtp: { about: 'What multi-token prediction asks for, with the factor that stands in the model.', formula: 'loss_weight * mean of CE_k', source: 'arXiv 2412.19437', keys: {} }, // prettier-ignore
    balance: { about: 'What the routers ask for, with the factors that stand in the model.', formula: 'sum of router.balance', source: 'arXiv 2101.03961', keys: {} }, // prettier-ignore
    kd: {
      about: 'Distillation: the distribution of a teacher, over the full vocabulary.',
      formula: 'forward_kl: KL(teacher || student), both logits divided by temperature',
      source: 'arXiv 1503.02531, 2306.13649',
      keys: {
        kind: key('which divergence', oneOf('forward_kl', 'reverse_kl', 'jsd')),
        temperature: key('divides both logits', positive),
        beta: key('of jsd: 0 is forward_kl, 1 reverse_kl', share),
        top_k: key('only the k likeliest tokens of the teacher', orNone(count)),
      },
    },
    masked_diffusion: {
      about: 'A share t of the tokens is masked; the masked ones are predicted.',
      formula: 'sum over the masked of weight(t) * CE / norm',
      source: 'arXiv 2502.09992',
      keys: {
        t: key('distribution of the masked share', plainType(timeKind)),
        weight: key('factor of a text, by its t', formulaOf(['t'])),
        mask_token: key('the token that stands for what is masked', natural),
        norm: key('divides the sum', formulaOf(['batch', 'seq', 'masked'])),
      },
    },
    contrastive: {
      about: 'Towers: what belongs together is to be nearer than all else in the batch.',
      formula: 'softmax: (CE(S, i) + CE(S^T, i)) / 2, S = temperature * x y^T; sigmoid: -mean log sigmoid(+-(S + b))',
      source: 'arXiv 2103.00020, 2303.15343',
      keys: {
        kind: key('softmax over the batch (CLIP), or each pair by itself (SigLIP)', oneOf('softmax', 'sigmoid')),
        symmetric: key('whether both directions count', flag),
      },
    },
    dpo: {
      about: 'Preferences: of two answers the chosen one is to gain.',
      formula: '-log sigmoid(beta * ((log p_c - log r_c) - (log p_r - log r_r)))',
      source: 'arXiv 2305.18290',
      keys: {
        beta: key('how near the policy stays to where it started', positive),
        kind: key('form of the margin', oneOf('sigmoid', 'ipo', 'hinge')),
        smoothing: key('share of preferences taken to be wrong', rate),
      },
    },
    grpo: {
      about: 'Reinforcement: answers of a group are compared with each other.',
      formula: 'A = (r - mean) / (std + 1e-4); -min(rho A, clip(rho, 1 - clip, 1 + clip) A) + kl * KL(p || reference)',
      source: 'arXiv 2402.03300',
      keys: {
        group: key('answers per question', count),
        clip: key('how far the ratio of probabilities may go below 1, and above', rate),
        clip_high: key('how far it may go above 1; none: as `clip` (DAPO)', orNone(positive)),
        kl: key('factor of the divergence from the reference', atLeastZero),
        advantage: key('whether it is divided by the spread of the group', oneOf('group_std', 'group_mean')),
        aggregate: key('mean over all tokens, over answers, or by a constant length', oneOf('token', 'sequence', 'constant')), // prettier-ignore
        temperature: key('of the answers that are drawn', positive),
        max_tokens: key('longest answer', count, 'tokens'),
      },
    },
    mse: {
      about: 'Squared distance from the teacher.',
      formula: 'mean((student - teacher)^2)',
      keys: { of: key('what is compared', oneOf('logits', 'hidden')) },
    },
  },
});

const lossType = plainType(lossKind);
const coefficient = piecewiseOf(atLeastZero);
const expects = `a sum of losses: ${Object.keys(lossKind.constructors).join(', ')}`;

/** `ce + 1e-4 * z_loss`, in the order in which they stand. */
export const lossTerms: KeyType<readonly LossTerm[]> = {
  expects,
  kind: 'loss',
  words: Object.keys(lossKind.constructors),
  owns: () => true,
  read(slot) {
    const at = settle(slot, () => true);
    const { value, body } = at.draft;
    if (value === null) return mismatch(at, expects);
    if (body !== null) return [{ coefficient: one, loss: lossType.read(at), span: value.span }];
    return termsOf(value, at);
  },
};

const one = { pieces: [], last: 1 };

function termsOf(expr: Expr, slot: Slot): LossTerm[] {
  if (expr.kind === 'group') return termsOf(expr.value, slot);
  if (expr.kind === 'binary' && expr.operator === '+')
    return [...termsOf(expr.left, slot), ...termsOf(expr.right, slot)];
  const { section, key } = slot;
  if (expr.kind === 'binary' && expr.operator === '*') {
    const [factor, loss] = isLoss(expr.left) || expr.right.kind === 'number' ? [expr.right, expr.left] : [expr.left, expr.right]; // prettier-ignore
    const value = coefficient.read({ draft: inlineDraft(factor, section), section, key: `${key}: factor` });
    return [{ coefficient: value, loss: lossIn(loss, slot), span: expr.span }];
  }
  return [{ coefficient: one, loss: lossIn(expr, slot), span: expr.span }];
}

function lossIn(expr: Expr, { section, key }: Slot): LossTerm['loss'] {
  const inner = expr.kind === 'group' ? expr.value : expr;
  const draft = inlineDraft(inner, section);
  if (inner.kind === 'name' || inner.kind === 'call' || inner.kind === 'construct')
    return lossType.read({ draft, section, key });
  return mismatch({ draft, section, key }, expects);
}

function isLoss(expr: Expr): boolean {
  const callee = expr.kind === 'construct' ? expr.callee : expr;
  return Object.hasOwn(lossKind.constructors, callOf(callee)?.callee ?? '');
}
