// Takes: nothing. Gives: the keys of multi-token prediction.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/experts.model.
import { key, type KeyType, type Slot } from '../key-type.ts';
import { norm } from '../norm-kinds.ts';
import { piecewiseOf } from '../piecewise.ts';
import { kindOf } from '../register.ts';
import { atLeastZero, count, listOf, oneOf, orNone } from '../scalars.ts';

/** Read by the resolver, which knows the names it uses. */
function expression(expects: string, words: readonly string[] = []): KeyType<Slot> {
  return { expects, words, read: (slot) => slot };
}

export const mtpKind = kindOf({
  name: 'mtp',
  about: 'Multi-token prediction: modules behind the stack that predict tokens further ahead.',
  constructors: {
    mtp: {
      about: 'One module per depth, in a chain; each predicts one token further.',
      formula: 'h_k = block(project(input)), logits_k = head(norm(h_k))',
      source: 'arXiv 2412.19437',
      keys: {
        depth: key('modules: tokens predicted beyond the next one', count),
        input: key('what is joined, in the order of the projection', expression('concat(...) of embed(next) and state, each perhaps normed', ['concat', 'embed', 'next', 'state'])), // prettier-ignore
        state: key('whether the main state is taken before or after the final norm', oneOf('pre_norm', 'post_norm')),
        block: key('the block of a module, called as in a stack', expression('a block with its arguments')),
        norm: key('norm before the head', orNone(norm)),
        share: key('what the modules share with the model', listOf(oneOf('embed', 'head'))),
        loss_weight: key('factor of the mean of their losses', piecewiseOf(atLeastZero)),
      },
    },
  },
});
