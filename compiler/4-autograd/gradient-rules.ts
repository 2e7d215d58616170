// Takes: nothing. Gives: the gradient rule of every op.
// Promises: total over `OpName`; each part is f32 with the dims of its input; ops that have no gradient say so.
// Notation in the rules: y the result, g = d loss / d y (f32), dx = d loss / d x.
import type { OpName } from '../3-graph/ops.ts';
import type { GradientRule } from './gradient-of.ts';
import { attentionGradients } from './gradient-rules-attention.ts';
import { elementwiseGradients } from './gradient-rules-elementwise.ts';
import { indexingGradients } from './gradient-rules-indexing.ts';
import { normGradients } from './gradient-rules-norm.ts';
import { shapeGradients } from './gradient-rules-shape.ts';

export const gradientRules: { readonly [K in OpName]: GradientRule<K> } = {
  ...elementwiseGradients,
  ...shapeGradients,
  ...indexingGradients,
  ...normGradients,
  ...attentionGradients,
  // Nothing flows into what has no inputs.
  source: () => [],
  constant: () => [],
  iota: () => [],
  // The only input is the seed, an integer.
  random: () => [null],
};
