// Takes: nothing. Gives: the two ends of a model: the embedding with its positions, the head.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/model.model.
import { softcap } from '../forms.ts';
import { key, type KeyType, type Slot } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { norm } from '../norm-kinds.ts';
import { kindOf, ownersOf } from '../register.ts';
import { count, flag, orNone, positive, real } from '../scalars.ts';

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
    sinusoidal: {
      about: 'Fixed waves, the first half of the width sines, the second cosines; no parameters.',
      formula: 'embed(token) + [sin(p / theta^(2i / d_model)), cos(p / theta^(2i / d_model))]',
      source: 'arXiv 1706.03762',
      keys: { theta: key('the longest wave is 2 pi theta', positive, 'tokens') },
    },
  },
});

/** `head` or `none`; other words are kept for the check that names the heads there are. */
const tieTo: KeyType<Slot & { readonly word: string | null }> = {
  expects: 'head or none',
  words: ['head', 'none'],
  read: (slot) => ({ ...slot, word: slot.draft.value?.kind === 'name' ? slot.draft.value.name : null }),
};

export const embedKind = kindOf({
  name: 'embed',
  about: 'The embedding of tokens.',
  constructors: {
    token: {
      about: 'A row per token.',
      formula: 'norm(scale * project weight[token] + positions)',
      keys: {
        tie: key('`head`: the head reads the same matrix', tieTo),
        pad_to: key('the matrix has vocab rows, rounded up to a multiple of this', orNone(count)),
        dim: key('width of a row, with a map to d_model (ALBERT); none: d_model, no map', orNone(count)),
        scale: key('factor on the row', real),
        pos: key('positions added to it', orNone(constructType(positionKind, ownersOf))),
        norm: key('norm of the sum', orNone(norm)),
      },
    },
  },
});

export const headKind = kindOf({
  name: 'head',
  about: 'What turns the last hidden state into scores of tokens.',
  constructors: {
    lm: {
      about: 'Logits over the vocabulary.',
      formula: 'softcap(scale * (weight project norm(x) + bias))',
      keys: {
        norm: key('the final norm', orNone(norm)),
        dim: key('width the state is mapped to before the logits; none: d_model, no map', orNone(count)),
        scale: key('factor on the logits', real),
        softcap: key('c * tanh(logit / c)', softcap),
        bias: key('whether logits have a bias', flag),
      },
    },
  },
});
