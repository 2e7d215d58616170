// Takes: nothing. Gives: the constructors of feed-forward parts.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std.
import { projections } from './forms.ts';
import { key } from './key-type.ts';
import { forms, kindOf } from './register.ts';
import { built, count, positive } from './scalars.ts';

const activations = ['silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'relu2', 'sigmoid', 'tanh', 'identity'] as const; // prettier-ignore

const widthKeys = {
  act: key('activation', built(activations, ['softplus', 'swish_beta', 'xielu'])),
  ratio: key('width / d_model before rounding', positive),
  width: key('inner width', count),
};

export const ffnKind = kindOf({
  name: 'ffn',
  about: 'What works on each token by itself.',
  role: 'ffn',
  constructors: {
    mlp: {
      about: 'Two linear maps with an activation between.',
      formula: 'down(act(up x))',
      keys: {
        ...widthKeys,
        bias: key('maps with a bias', projections('up', 'down')),
        ...forms('clamp', 'token_shift'),
      },
    },
    glu: {
      about: 'Gated linear unit; with silu it is SwiGLU, with gelu GeGLU.',
      formula: 'down(act(gate x) * up x)',
      source: 'arXiv 2002.05202',
      keys: {
        ...widthKeys,
        bias: key('maps with a bias', projections('gate', 'up', 'down')),
        ...forms('clamp', 'up_offset', 'token_shift'),
      },
    },
  },
  unbuilt: ['experts', 'channel_mix'],
});
