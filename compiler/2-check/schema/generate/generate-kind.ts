// Takes: nothing. Gives: the keys of a generate block.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/generate.model.
import type { DraftSpec } from '../../model.ts';
import { key, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { atLeastZero, count, maybe, natural, oneOf, orNone, positive, share, texts } from '../scalars.ts';
import { plainType, sectionType } from '../train/plain.ts';
import { textOrName } from '../train/values.ts';
import { quantKind } from './quant-kinds.ts';

const sampleKind = kindOf({
  name: 'sample',
  about: 'How the next token is drawn.',
  constructors: {
    sample: {
      about: 'From the softmax of the logits, cut at its tail.',
      keys: {
        temperature: key('divides the logits; 0 takes the likeliest token', atLeastZero),
        top_k: key('keep the k likeliest', orNone(count)),
        top_p: key('keep the smallest set with this probability', orNone(share)),
        min_p: key('keep those with at least this share of the likeliest', orNone(share)),
        typical_p: key('keep those nearest to the expected surprise, up to this probability', orNone(share)),
        repetition_penalty: key('divides the logits of tokens that were there; 1: none', positive),
        seed: key('of what is drawn; none: another one each time', orNone(natural)),
      },
    },
  },
});

const draftKind = kindOf({
  name: 'draft',
  about: 'What proposes tokens.',
  constructors: {
    mtp: { about: "The model's own modules of multi-token prediction.", source: 'arXiv 2412.19437', keys: {} },
    ngram: { about: 'What followed the same tokens earlier in the text.', keys: { n: key('tokens that must be the same', count) } }, // prettier-ignore
    medusa: { about: 'Heads beside the head, one per token ahead.', source: 'arXiv 2401.10774', keys: { heads: key('how many', count) } }, // prettier-ignore
    eagle: { about: 'A small model on the hidden states.', source: 'arXiv 2401.15077', keys: { from: key('its checkpoint, or its name', textOrName) } }, // prettier-ignore
  },
});

/** A model of the file, or one of the constructors. */
const draft: KeyType<DraftSpec> = {
  ...plainType(draftKind),
  expects: 'a model of this file, mtp, ngram(n), medusa(heads) or eagle("...")',
  owns: () => true,
  read(slot) {
    const name = wordOf(slot.draft.value);
    if (name !== null && slot.section.world.models.has(name)) return { kind: 'model', name };
    return plainType(draftKind).read(slot);
  },
};

const acceptKind = kindOf({
  name: 'accept',
  about: 'Which proposed tokens stay.',
  constructors: {
    exact: { about: 'So that the distribution is that of the model.', formula: 'u < p / q', source: 'arXiv 2211.17192', keys: {} }, // prettier-ignore
    typical: { about: 'Those that are likely enough.', source: 'arXiv 2401.10774', keys: { threshold: key('least probability, as a share of the typical one', share) } }, // prettier-ignore
  },
});

const speculateKind = kindOf({
  name: 'speculate',
  about: 'Tokens are proposed cheaply and judged together.',
  constructors: {
    speculate: {
      about: 'A draft proposes, the model accepts.',
      source: 'arXiv 2211.17192',
      keys: {
        draft: key('what proposes tokens', draft),
        tokens: key('proposed per step', count, 'tokens'),
        accept: key('which of them stay', plainType(acceptKind)),
      },
    },
  },
});

const unmaskKind = kindOf({
  name: 'unmask',
  about: 'Generation by masked diffusion.',
  constructors: {
    unmask: {
      about: 'All tokens of a block start masked; at each step the surest are kept.',
      source: 'arXiv 2502.09992',
      keys: {
        steps: key('steps in all', count, 'steps'),
        block: key('tokens that are unmasked together, block by block', count, 'tokens'),
        order: key('which are kept first', oneOf('low_confidence', 'random', 'entropy', 'left_to_right')),
        cfg: key('how far it goes beyond the unconditional: u + (cfg + 1)(c - u); 0: not at all', atLeastZero),
        temperature: key('of Gumbel noise on the logits; 0: none', atLeastZero),
      },
    },
  },
});

const beamKind = kindOf({
  name: 'beam',
  about: 'The likeliest of several continuations.',
  constructors: {
    beam: {
      about: 'That many are kept at each token.',
      keys: { width: key('how many', count), length_penalty: key('exponent of the length that divides the score', atLeastZero) }, // prettier-ignore
    },
  },
});

/** Read with the mixers of the model. */
const later: KeyType<Slot> = { expects: 'a block', kind: 'kv_cache', read: (slot) => slot };

export const generateKind = kindOf({
  name: 'generate',
  about: 'How a model generates.',
  constructors: {
    generate: {
      about: 'Token by token with a cache, or by unmasking. A key with the name of a mixer says what it does differently here: `attn.absorb = true`.', // prettier-ignore
      keys: {
        model: key('the model that generates, and its variants; none in a file with one model', maybe(textOrName)),
        sample: key('how the next token is drawn', sectionType(sampleKind)),
        max_tokens: key('longest answer', count, 'tokens'),
        stop: key('texts that end it', texts),
        cache: key('what is kept of the tokens so far', later),
        quant: key('weights of fewer bits', orNone(sectionType(quantKind))),
        speculate: key('tokens proposed ahead', orNone(sectionType(speculateKind))),
        unmask: key('masked diffusion in place of token by token', orNone(sectionType(unmaskKind))),
        beam: key('several continuations', orNone(sectionType(beamKind))),
        template: key('form of a conversation: its name or its text', orNone(textOrName)),
        grammar: key('file with a grammar that answers follow', orNone(textOrName)),
      },
    },
  },
});
