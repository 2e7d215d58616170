// Takes: nothing. Gives: the constructors of mixers: what moves information between tokens.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std.
import { key } from './key-type.ts';
import { kindOf } from './register.ts';
import { gqa, mla } from './mixers/attention-kinds.ts';
import { partOf } from './mixers/forms.ts';
import { conv, gatedDelta, linear, mamba, mamba2, rgLru, rwkv7 } from './mixers/recurrent-kinds.ts';
import { count, natural } from './scalars.ts';

export const mixerKind = kindOf({
  name: 'mixer',
  about: 'What moves information between tokens.',
  role: 'mixer',
  constructors: {
    gqa,
    mla,
    mamba,
    mamba2,
    gated_delta: gatedDelta,
    linear,
    rwkv7,
    conv,
    rg_lru: rgLru,
    experts: {
      about: 'A router chooses among copies of one mixer; a copy sees only the tokens that chose it.',
      formula: 'sum over the chosen e of weight_e * expert_e(x)',
      source: 'arXiv 2210.05144',
      keys: {
        n: key('experts', count),
        top_k: key('experts that a token uses', count),
        shared: key('experts that every token uses', natural),
        expert: key('one expert', partOf('mixer')),
        router: key('who chooses', partOf('router')),
      },
    },
  },
});
