// Takes: gradients. Gives: their global norm, and the factor that brings it down to a maximum.
// Promises: the rule of PyTorch's clip_grad_norm_.
import type { GraphBuilder } from '../../3-graph/builder.ts';
import { dimNames } from '../../3-graph/infer/dims.ts';
import { add, div, min, mul, sqrt } from '../../3-graph/expr-build.ts';
import { elementwise, sumOver } from '../../3-graph/node-build.ts';
import type { Node } from '../../3-graph/ops.ts';
import { invariant } from '../../diagnostics.ts';

/** Terms added in one map: they and the sum stay well below the tensors one kernel can bind. */
const TERMS = 8;

/** The sum of scalars, eight at a time. */
function sum(builder: GraphBuilder, terms: readonly Node[]): Node {
  const [first, second] = terms;
  invariant(first, 'a sum of no terms');
  if (!second) return first;
  const level: Node[] = [];
  for (let i = 0; i < terms.length; i += TERMS) {
    const part = terms.slice(i, i + TERMS);
    level.push(elementwise(builder, part, (...xs) => xs.reduce((x, y) => add(x, y))));
  }
  return sum(builder, level);
}

/** sqrt(sum of g^2) over all elements of all gradients, f32 [] */
export function globalNorm(builder: GraphBuilder, gradients: readonly Node[]): Node {
  const squares = gradients.map((gradient) => {
    const squared = elementwise(builder, [gradient], (g) => mul(g, g));
    return sumOver(builder, squared, dimNames(gradient.type));
  });
  return elementwise(builder, [sum(builder, squares)], sqrt);
}

/** min(1, maxNorm / (norm + 1e-6)), f32 [] */
export function clipFactor(builder: GraphBuilder, norm: Node, maxNorm: number): Node {
  return elementwise(builder, [norm], (x) => min(1, div(maxNorm, add(x, 1e-6))));
}
