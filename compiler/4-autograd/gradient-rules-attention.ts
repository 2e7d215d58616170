// Takes: an attention and the gradient of its result. Gives: the gradients of q, k and v.
// Promises: the probabilities are made again from lse, never stored. FlashAttention-2, arXiv 2307.08691.
import { InvariantError, invariant } from '../diagnostics.ts';
import { dimOf } from '../3-graph/infer/dims.ts';
import { cast, mul, neg } from '../3-graph/expr-build.ts';
import { elementwise, fill, sumOver } from '../3-graph/node-build.ts';
import type { Node } from '../3-graph/ops.ts';
import { inputOf } from './gradient-of.ts';
import type { GradientOf } from './gradient-of.ts';

/** Parts of `attention_grad`, in the order of q, k, v. */
const parts = ['q', 'k', 'v'] as const;

/**
 * out: delta = sum over valueDepth of out * dout, which is sum over keys of P dP.
 * lse: d lse / d score = P, so the same formulas with dout = 0 and delta = -g, and nothing for v.
 */
function attention({ builder, node, gradient, wants }: GradientOf<'attention'>): (Node | null)[] {
  const { part, ...shared } = node.attrs;
  const [q, k, v, offset, ...rest] = node.inputs;
  invariant(q && k && v && offset, 'attention has four inputs');
  const isLse = part === 'lse';
  const lse = isLse ? node : builder.add('attention', { ...shared, part: 'lse' }, node.inputs);
  const outDims = q.type.dims.map((d) => (d.name === shared.depth ? dimOf(v.type, shared.valueDepth) : d));
  const { type } = q.type;
  const dout = isLse ? fill(builder, 0, type, outDims) : elementwise(builder, [gradient], (g) => cast(g, type));
  const delta = isLse
    ? elementwise(builder, [gradient], (g) => neg(g))
    : sumOver(
        builder,
        elementwise(builder, [node, gradient], (out, dout) => mul(cast(out, 'f32'), dout)),
        [shared.valueDepth],
      );
  return node.inputs.map((_, i) => {
    const of = parts[i];
    invariant(of !== undefined || !wants(i), `the bias of an attention has no gradient ('${node.origin.path}')`);
    if (of === undefined || !wants(i) || (isLse && of === 'v')) return null;
    return builder.add('attention_grad', { ...shared, part: of }, [q, k, v, offset, dout, lse, delta, ...rest]);
  });
}

function attentionGrad({ node }: GradientOf<'attention_grad'>): never {
  const { path } = inputOf(node, 0).origin;
  throw new InvariantError(
    `internal: attention_grad has no gradient: no second derivative of attention is built ('${path}')`,
  );
}

export const attentionGradients = { attention, attention_grad: attentionGrad };
