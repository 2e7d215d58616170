// Takes: nothing. Gives: number formats of training, and what is held and computed in which.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/train.model.
import { key } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, listOf, oneOf, orNone } from '../scalars.ts';
import { plainType } from './plain.ts';
import { keptPart } from './selector.ts';

export const formatKind = kindOf({
  name: 'format',
  about: 'A number format of products.',
  constructors: {
    f32: { about: 'IEEE single.', keys: {} },
    bf16: { about: 'The range of f32, 8 bits of precision.', keys: {} },
    f16: { about: 'IEEE half.', keys: {} },
    fp8_e4m3: {
      about: '8 bits, 3 of the fraction, with a scale per tile or tensor.',
      source: 'arXiv 2412.19437',
      keys: {
        tile: key('[rows, columns] of activations that share a scale; none: all', orNone(listOf(count))),
        block: key('[rows, columns] of weights that share a scale; none: all', orNone(listOf(count))),
      },
    },
    fp8_e5m2: { about: '8 bits, 2 of the fraction.', keys: {} },
  },
});

const held = oneOf('f32', 'bf16', 'f16');

export const precisionKind = kindOf({
  name: 'precision',
  about: 'What is held and computed in which number format.',
  constructors: {
    precision: {
      about: 'Of a training run.',
      keys: {
        params: key('parameters, as they are used', held),
        compute: key('products of the layers', plainType(formatKind)),
        softmax: key('softmax of attention', held),
        logits: key('logits and the loss', held),
        keep: key('what stays in f32 whatever `compute` is', listOf(keptPart)),
        master: key('the copy of the parameters that the optimizer steps', held),
      },
    },
  },
});
