// Takes: nothing. Gives: the constructors and keys of a model block that are no norm, mixer or ffn.
// Promises: the schema of the language: checking, suggestions, hover and the reference read these tables; the defaults
//   of the keys stand in specs/std.
import { softcap } from './forms.ts';
import { key, type KeyType, type Slot } from './key-type.ts';
import { constructType } from './kind.ts';
import { norm } from './norm-kinds.ts';
import { forms, kindOf, ownersOf } from './register.ts';
import { atLeastZero, count, flag, layerCount, orNone, positive, real } from './scalars.ts';

export const positionKind = kindOf({
  name: 'position',
  about: 'Positions added to the embedding.',
  constructors: {
    learned: {
      about: 'A learned vector per position.',
      formula: 'embed(token) + positions[position]',
      source: 'GPT-2',
      keys: { length: key('positions there are', count, 'tokens') },
    },
  },
  unbuilt: ['sinusoidal', 'alibi', 't5_bias', 'rope'],
});

export const embedKind = kindOf({
  name: 'embed',
  about: 'The embedding of tokens.',
  constructors: {
    token: {
      about: 'A row per token.',
      formula: 'norm(scale * weight[token] + positions)',
      keys: {
        tie: key('`head`: the head reads the same matrix', tieTo()),
        scale: key('factor on the row', real),
        pos: key('positions added to it', orNone(constructType(positionKind, ownersOf))),
        norm: key('norm of the sum', orNone(norm)),
        ...forms('pad_to', 'dim'),
      },
    },
  },
  unbuilt: ['patches'],
});

export const headKind = kindOf({
  name: 'head',
  about: 'What turns the last hidden state into scores of tokens.',
  constructors: {
    lm: {
      about: 'Logits over the vocabulary.',
      formula: 'softcap(scale * (weight norm(x) + bias))',
      keys: {
        norm: key('the final norm', orNone(norm)),
        scale: key('factor on the logits', real),
        softcap: key('c * tanh(logit / c)', softcap),
        bias: key('whether logits have a bias', flag),
        ...forms('pool', 'tie', 'loss_weight'),
      },
    },
  },
  unbuilt: ['medusa', 'eagle', 'classify', 'pool'],
});

const std = key('standard deviation', atLeastZero);

export const initKind = kindOf({
  name: 'init',
  about: 'How the elements of a parameter start.',
  constructors: {
    normal: { about: 'Normal around 0.', keys: { std } },
    trunc_normal: {
      about: 'Normal, redrawn outside `cut` standard deviations.',
      keys: { std, cut: key('standard deviations that are kept', positive) },
    },
    uniform: { about: 'Uniform in [-bound, bound].', keys: { bound: key('largest value', atLeastZero) } },
    constant: { about: 'One value.', keys: { value: key('the value', real) } },
    zeros: { about: '0.', keys: {} },
    ones: { about: '1.', keys: {} },
  },
  unbuilt: ['copy', 'fresh', 'orthogonal', 'fan_in', 'log_uniform', 'mup'],
});

/** Keys of the model block itself. */
export const modelKeys = {
  vocab: key('size of the vocabulary', count, 'tokens'),
  context: key('longest sequence', count, 'tokens'),
  d_model: key('width of the residual stream', count),
  n_layers: key('number of layers', layerCount),
};

/** `head` or `none`; other words are kept for the check that names the heads there are. */
function tieTo(): KeyType<Slot & { readonly word: string | null }> {
  return {
    expects: 'head or none',
    words: ['head', 'none'],
    read: (slot) => ({ ...slot, word: slot.draft.value?.kind === 'name' ? slot.draft.value.name : null }),
  };
}
