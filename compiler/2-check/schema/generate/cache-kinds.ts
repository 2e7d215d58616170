// Takes: nothing. Gives: how keys, values and states are kept while a model generates.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/generate.model.
import { key, wordOf, type KeyType } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, flag, oneOf } from '../scalars.ts';
import { plainType } from '../train/plain.ts';

import type { CacheBlock } from '../../model.ts';

export const layoutKind = kindOf({
  name: 'layout',
  about: 'Where keys and values stand.',
  constructors: {
    contiguous: { about: 'One piece per sequence.', keys: {} },
    paged: {
      about: 'Pages of equal size.',
      source: 'arXiv 2309.06180',
      keys: { block: key('tokens of a page', count, 'tokens') },
    },
    ring: { about: 'The last tokens only: for mixers that see no further.', keys: { size: key('tokens that are kept', count, 'tokens') } }, // prettier-ignore
  },
});

const dtype = oneOf('f32', 'bf16', 'f16', 'fp8', 'int8');
const layout = plainType(layoutKind);

export const cacheKind = kindOf({
  name: 'kv_cache',
  about: 'What is kept of the tokens so far.',
  constructors: {
    kv_cache: {
      about: 'For all mixers; a key with the name of a mixer says what differs there.',
      keys: { dtype: key('number format', dtype), layout: key('where it stands', layout) },
    },
  },
});

/** `f32`, `ring(1024)`: of one mixer. */
export const mixerCache: KeyType<CacheBlock['mixers'][string]> = {
  expects: `${dtype.expects}, or ${layout.expects}`,
  read(slot) {
    const isDtype = dtype.words?.includes(wordOf(slot.draft.value) ?? '') === true;
    return isDtype ? { dtype: dtype.read(slot) } : { layout: layout.read(slot) };
  },
};

/** What a mixer can do differently when it generates, by its constructor. */
export const decodingKind = kindOf({
  name: 'decoding',
  about: 'What a mixer does differently in generation.',
  constructors: {
    mla: {
      about: 'Latent attention.',
      source: 'arXiv 2405.04434',
      keys: { absorb: key('whether queries and outputs take the up-projections in, so that latents are attended to as they are', flag) }, // prettier-ignore
    },
  },
});
