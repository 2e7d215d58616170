// Takes: nothing. Gives: towers, what joins them, and the keys of a model of towers.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/tower.model.
import { key, wordOf, type KeyType } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { norm } from '../norm-kinds.ts';
import { kindOf, ownersOf } from '../register.ts';
import { count, flag, layerCount, maybe, natural, oneOf, orNone, real } from '../scalars.ts';

export const patchesKind = kindOf({
  name: 'patches',
  about: 'What cuts an image into the inputs of a tower.',
  constructors: {
    conv: {
      about: 'A convolution whose stride is its kernel: each square of pixels is mapped to one vector.',
      formula: 'weight pixels (+ bias), (of / size)^2 patches',
      source: 'arXiv 2010.11929',
      keys: {
        size: key('side of a patch', count, 'pixels'),
        of: key('side of the image; a multiple of `size`', count, 'pixels'),
        channels: key('numbers per pixel', count),
        bias: key('whether a bias is added', flag),
      },
    },
  },
});

/** `eos`: the position of the token that ends a text. */
const position: KeyType<number | 'eos'> = {
  expects: 'a position from 0, or eos',
  words: ['eos'],
  owns: (word) => word === 'eos',
  read: (slot) => (wordOf(slot.draft.value) === 'eos' ? 'eos' : natural.read(slot)),
};

export const poolKind = kindOf({
  name: 'pool',
  about: 'Which position stands for the whole.',
  constructors: {
    token: {
      about: 'One position: `token(0)` the first, `token(eos)` the one of the token that ends a text.',
      formula: 'x[at]',
      source: 'arXiv 2103.00020',
      keys: { at: key('the position', position) },
    },
    mean: { about: 'The mean of all positions.', formula: 'mean(x)', keys: {} },
  },
});

export const towerKind = kindOf({
  name: 'tower',
  about: 'An encoder of texts or of images: a stack as of a model, with ends of its own. Its parts, blocks, stack and init are written as in a model.', // prettier-ignore
  role: 'tower',
  constructors: {
    tower: {
      about: 'Either `vocab` or `patches` says what it reads.',
      formula: 'project post_norm(pool(stack(pre_norm([cls; embed x] + positions))))',
      source: 'arXiv 2103.00020',
      keys: {
        vocab: key('size of the vocabulary: a tower of texts', maybe(count), 'tokens'),
        context: key('longest text', maybe(count), 'tokens'),
        patches: key('how an image is cut: a tower of images', orNone(constructType(patchesKind, ownersOf))),
        d_model: key('width of its residual stream', count),
        n_layers: key('number of its layers', layerCount),
        cls: key('`learned`: a vector of its own before the others', orNone(oneOf('learned'))),
        pos: key('`learned`: a vector per position is added', orNone(oneOf('learned'))),
        pre_norm: key('norm before the first layer', orNone(norm)),
        post_norm: key('norm behind the last layer', orNone(norm)),
        pool: key('which position stands for the whole', constructType(poolKind, ownersOf)),
      },
    },
  },
});

export const projectKind = kindOf({
  name: 'project',
  about: 'The space in which towers are compared: a map from each into it.',
  constructors: {
    project: {
      about: 'A linear map per tower.',
      formula: 'weight x (+ bias), to length 1 for the comparison',
      keys: { dim: key('width of the space', count), bias: key('whether a bias is added', flag) },
    },
  },
});

const temperatureKeys = {
  init: key('the number it starts from', real),
  apply: key('what is applied to that number', oneOf('exp', 'identity')),
};

export const temperatureKind = kindOf({
  name: 'temperature',
  about: 'The factor on the similarities of towers.',
  constructors: {
    learned: {
      about: 'A parameter.',
      formula: 'similarity * apply(t), t starts at init',
      source: 'arXiv 2103.00020',
      keys: temperatureKeys,
    },
    fixed: { about: 'Stays as it is.', formula: 'similarity * apply(init)', keys: temperatureKeys },
  },
});

/** Keys of the block of a model of towers. */
export const towersKeys = {
  project: key('the space in which they are compared', constructType(projectKind, ownersOf)),
  temperature: key('factor on the similarities', constructType(temperatureKind, ownersOf)),
};
