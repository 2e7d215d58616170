// Takes: nothing. Gives: the keys of data and sweep blocks.
// Promises: as kinds.ts: each key says what it is; the parts of a data block are told apart by their role.
import { formulaOf } from '../train/formula.ts';
import { plainType, sectionType } from '../train/plain.ts';
import { textOrName } from '../train/values.ts';
import { key } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { maybe, orNone } from '../scalars.ts';
import { packKind, tokenizerKind } from './data-kinds.ts';

export const dataKind = kindOf({
  name: 'data',
  about: 'A corpus.',
  constructors: {
    data: {
      about: 'Where documents come from (`source`), which stay (`filter`, `dedup`), and how they become tokens and sequences.', // prettier-ignore
      keys: {
        tokenizer: key('how text becomes tokens; none: as the run says', orNone(plainType(tokenizerKind))),
        pack: key('how documents become sequences; none: all text is one', orNone(sectionType(packKind))),
      },
    },
  },
});

const fitKind = kindOf({
  name: 'fit',
  about: 'A law through the runs of a sweep.',
  constructors: {
    fit: {
      about: 'Coefficients by least squares of the logarithm.',
      source: 'arXiv 2203.15556',
      keys: { loss: key('the law: N parameters, D tokens, C compute; other names are coefficients', formulaOf(null)) },
    },
  },
});

export const sweepKind = kindOf({
  name: 'sweep',
  about: 'Many runs that differ in a few keys.',
  constructors: {
    sweep: {
      about: 'A run for every combination: `budget in [10M, 30M, 100M]`.',
      keys: {
        model: key('whose keys are varied; none in a file with one model', maybe(textOrName)),
        fit: key('a law through the results', maybe(sectionType(fitKind))),
      },
    },
  },
});
