// Takes: nothing. Gives: formats of quantised weights, and which parts are quantised.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/generate.model.
import { key } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, listOf, oneOf, orNone } from '../scalars.ts';
import { plainType } from '../train/plain.ts';
import { keptPart } from '../train/selector.ts';

const group = { group: key('inputs that share a scale; none: all of an output', orNone(count)) };

export const weightFormatKind = kindOf({
  name: 'weight_format',
  about: 'A number format of weights.',
  constructors: {
    int4: { about: '4-bit integers with scales.', formula: 'w = scale * q', keys: group },
    int8: { about: '8-bit integers with scales.', formula: 'w = scale * q', keys: group },
    nf4: { about: '4 bits, levels by quantiles of a normal.', source: 'arXiv 2305.14314', keys: group },
    mxfp4: { about: '4-bit floats, blocks of 32 share a power of two (gpt-oss).', keys: {} },
    fp8_e4m3: { about: '8-bit floats.', keys: {} },
    bf16: { about: 'The range of f32, 8 bits of precision.', keys: {} },
    f16: { about: 'IEEE half.', keys: {} },
    f32: { about: 'IEEE single.', keys: {} },
  },
});

export const quantKind = kindOf({
  name: 'quant',
  about: 'Numbers of fewer bits in generation.',
  constructors: {
    quant: {
      about: 'Weights, and perhaps what is multiplied with them.',
      keys: {
        weights: key('format of the matrices', orNone(plainType(weightFormatKind))),
        activations: key('format of what they are multiplied with', orNone(oneOf('int8', 'fp8_e4m3'))),
        keep: key('what stays as it is', listOf(keptPart)),
      },
    },
  },
});
