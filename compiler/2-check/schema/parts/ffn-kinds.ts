// Takes: nothing. Gives: the constructors of feed-forward parts.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/ffn.model and experts.model.
import { projections } from '../forms.ts';
import { activation } from './activation-kinds.ts';
import { key, type KeyType, type Slot } from '../key-type.ts';
import { norm } from '../norm-kinds.ts';
import { kindOf } from '../register.ts';
import { count, natural, oneOf, orNone, positive, real } from '../scalars.ts';

const widthKeys = {
  act: key('activation', activation),
  ratio: key('width / d_model before rounding', positive),
  width: key('inner width', count),
};

const innerNorm = key('norm of what `down` takes (BitNet)', orNone(norm));

/** A part inside a part: the resolver hands it on, so that the tables need no recursion. */
function partOf(kind: string, expects: string): KeyType<Slot> {
  return { expects, kind, read: (slot) => slot };
}

export const ffnKind = kindOf({
  name: 'ffn',
  about: 'What works on each token by itself.',
  role: 'ffn',
  constructors: {
    mlp: {
      about: 'Two linear maps with an activation between.',
      formula: 'down(act(up x))',
      keys: { ...widthKeys, bias: key('maps with a bias', projections('up', 'down')), norm: innerNorm },
    },
    glu: {
      about: 'Gated linear unit; with silu it is SwiGLU, with gelu GeGLU.',
      formula: 'down(act(min(gate x, clamp)) * (min(max(up x, -clamp), clamp) + up_offset))',
      source: 'arXiv 2002.05202',
      keys: {
        ...widthKeys,
        bias: key('maps with a bias', projections('gate', 'up', 'down')),
        norm: innerNorm,
        clamp: key('largest value of the gate, and of `up` on either side (gpt-oss: 7)', orNone(positive)),
        up_offset: key('added to `up x` before the product (gpt-oss: 1)', real),
        match: key('`mlp`: as many parameters as an mlp of 4 d_model are meant, and a lint tells when they are not', orNone(oneOf('mlp'))), // prettier-ignore
      },
    },
    experts: {
      about: 'Mixture of experts: a router sends each token to a few of many equal parts.',
      formula: 'sum over the chosen e of w_e expert_e(x) + gate(x) * shared(x)',
      source: 'arXiv 2401.06066',
      keys: {
        n: key('experts to choose from', count),
        top_k: key('experts that a token takes', count),
        shared: key('experts that every token passes', natural),
        expert: key('one of the `n` equal parts: any ffn, experts too', partOf('ffn', 'an ffn, or the name of one')),
        shared_expert: key('what every token passes, all `shared` in one; none when `shared` is 0', partOf('ffn', 'an ffn, or the name of one')), // prettier-ignore
        shared_gate: key('factor on the shared expert, sigmoid(g x) (Qwen3-Next)', orNone(oneOf('sigmoid'))),
        router: key('who is chosen and how they are weighed', partOf('router', 'a block of its keys')),
      },
    },
    channel_mix: {
      about: "RWKV's channel mix: an mlp over a learned mix of a token with the one before it.",
      formula: 'down(act(up(x + shift_k * (x[-1] - x))))',
      source: 'arXiv 2503.14456',
      keys: {
        ...widthKeys,
        act: key('activation', oneOf('relu2')),
        bias: key('maps with a bias', projections('up', 'down')),
      },
    },
  },
});
