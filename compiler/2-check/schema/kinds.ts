// Takes: nothing. Gives: the keys of a model block itself; its other kinds stand in files of their own, loaded with it.
// Promises: the schema of the language: checking, suggestions, hover and the reference read these tables; the defaults
//   of the keys stand in specs/std.
import { key } from './key-type.ts';
import { count, layerCount, oneOf } from './scalars.ts';

/** Keys of the model block itself. */
export const modelKeys = {
  vocab: key('size of the vocabulary', count, 'tokens'),
  context: key('longest sequence', count, 'tokens'),
  d_model: key('width of the residual stream', count),
  n_layers: key('number of layers', layerCount),
  profile: key('`production` asks more of the sizes: a lint on the vocabulary', oneOf('research', 'production')),
};
