// Takes: nothing. Gives: the two ends of a model: the embedding with its positions, the head.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/model.model.
import { softcap } from '../forms.ts';
import { key, type KeyType, type Slot } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { norm } from '../norm-kinds.ts';
import { kindOf, ownersOf } from '../register.ts';
import { count, flag, natural, oneOf, orNone, positive, real } from '../scalars.ts';
import { activation } from './activation-kinds.ts';

const offset = key('rows before the one of position 0, which nothing reads (OPT, XGLM: 2)', natural);

export const positionKind = kindOf({
  name: 'position',
  about: 'Positions added to the embedding.',
  constructors: {
    learned: {
      about: 'A learned vector per position.',
      formula: 'embed(token) + positions[position + offset]',
      source: 'GPT-2',
      keys: { length: key('positions there are', count, 'tokens'), offset },
    },
    sinusoidal: {
      about: 'Fixed waves, the first half of the width sines, the second cosines; no parameters.',
      formula: 'embed(token) + [sin(p w_i), cos(p w_i)], p = position + offset, w_i = theta^(-2i / d_model)',
      source: 'arXiv 1706.03762',
      keys: {
        theta: key('waves are 2 pi to 2 pi theta long', positive, 'tokens'),
        offset,
        spacing: key('whether the last wave is the one before 2 pi theta (`open`) or that one (`closed`, w_i = theta^(-i / (d_model / 2 - 1)): tensor2tensor, XGLM)', oneOf('open', 'closed')), // prettier-ignore
      },
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

export const transformKind = kindOf({
  name: 'transform',
  about: 'What a head does to the normed state before it is compared with the rows of the vocabulary.',
  constructors: {
    transform: {
      about: 'A linear map, an activation, a norm.',
      formula: 'norm(act(weight x + bias))',
      source: 'arXiv 1810.04805, ModernBERT decoder',
      keys: {
        act: key('activation', activation),
        bias: key('whether the map has a bias', flag),
        norm: key('norm of the result', orNone(norm)),
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
      formula: 'softcap(scale * (weight project transform(norm(x)) + bias))',
      keys: {
        norm: key('the final norm', orNone(norm)),
        transform: key('a layer of its own before the logits', orNone(constructType(transformKind, ownersOf))),
        dim: key('width the state is mapped to before the logits; none: d_model, no map', orNone(count)),
        scale: key('factor on the logits', real),
        softcap: key('c * tanh(logit / c)', softcap),
        bias: key('whether logits have a bias', flag),
      },
    },
  },
});
