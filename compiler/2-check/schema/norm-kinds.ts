// Takes: nothing. Gives: the constructors of norms.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std.
import { gain } from './forms.ts';
import { key } from './key-type.ts';
import { constructType } from './kind.ts';
import { kindOf, ownersOf } from './register.ts';
import { flag, oneOf, orNone, positive } from './scalars.ts';

const normKeys = {
  eps: key('added under the root, so that it is never zero', positive),
  gain: key('`weight`: x * w; `1 + weight`: x * (1 + w), w starts at 0', gain),
  bias: key('whether a bias is added', flag),
  reduce: key('type in which the mean is computed', oneOf('f32', 'bf16', 'f16')),
  cast: key('whether x is cast to the compute type before or after the gain', oneOf('before_gain', 'after_gain')),
};

const rms = {
  about: 'Root-mean-square norm.',
  formula: 'x / sqrt(mean(x^2) + eps) * gain',
  source: 'arXiv 1910.07467',
};
const layer = {
  about: 'Layer norm.',
  formula: '(x - mean(x)) / sqrt(var(x) + eps) * gain + bias',
  source: 'arXiv 1607.06450',
};

export const normKind = kindOf({
  name: 'norm',
  about: 'A template: `rms.mix(x)` in a block is its instance `mix`, with a weight of its own in each layer.',
  role: 'norm',
  constructors: { rms: { ...rms, keys: normKeys }, layer: { ...layer, keys: normKeys } },
});
/** `none`, a norm of the model by name, or one written on the spot: `rms(eps = 1e-6)`. */
export const norm = constructType(normKind, ownersOf);

const qkNormKeys = {
  ...normKeys,
  per: key('`head`: over head_dim, one weight for all heads; `each_head`: a weight of its own for each; `full`: over the whole vector', oneOf('head', 'each_head', 'full')), // prettier-ignore
  before: key('the norm stands before the rotation', orNone(oneOf('rope'))),
  after: key('the norm stands after the rotation', orNone(oneOf('rope'))),
};

export const qkNormKind = kindOf({
  name: 'qk_norm',
  about: 'A norm of queries and keys: a norm with a place.',
  role: 'norm',
  constructors: { rms: { ...rms, keys: qkNormKeys }, layer: { ...layer, keys: qkNormKeys } },
});
