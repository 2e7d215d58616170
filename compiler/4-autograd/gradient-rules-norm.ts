// Takes: a norm, a logsumexp or a cross_entropy, and the gradient of its result. Gives: the gradients of its inputs.
// Promises: reductions over the same rows as the forward pass, with an elementwise map after: one row program each. The
// statistics (scale, mean, lse) are the very nodes of the decomposed forward pass.
import { gainedExpr, normNodes, normParts, normalizedExpr } from '../3-graph/decompose/norm.ts';
import { whereCounted } from '../3-graph/decompose/loss.ts';
import { dimNames, dimOf, elementCount } from '../3-graph/infer/dims.ts';
import { add, eq, exp, mul, select, sub, variable } from '../3-graph/expr-build.ts';
import { elementwise, inOrder, mapOver, sumOver } from '../3-graph/node-build.ts';
import type { Node } from '../3-graph/ops.ts';
import { inputOf } from './gradient-of.ts';
import type { GradientOf } from './gradient-of.ts';
import { sumLike } from './gradient-rules-elementwise.ts';

/**
 * z = (x - mean) scale, y = z gain + bias, u = g gain:
 * dx = scale (u - z mean(u z)), for layer scale (u - mean(u) - z mean(u z)); dgain = sum g z; dbias = sum g.
 */
function norm({ builder, node, gradient, wants }: GradientOf<'norm'>): (Node | null)[] {
  const parts = normParts(builder, node.attrs, node.inputs);
  const { type } = parts.x.type;
  const nodes = normNodes(parts).set('gradient', gradient);
  const g = variable('gradient', type);
  const z = normalizedExpr(parts);
  const dx = (): Node => {
    const u = gainedExpr(parts, node.attrs, g);
    const perElement = 1 / elementCount(parts.x.type, node.attrs.dims);
    const total = (name: string, e: typeof u): void => {
      nodes.set(name, sumOver(builder, mapOver(builder, e, nodes), node.attrs.dims));
    };
    total('uz', mul(u, z));
    if (parts.mean) total('u', u);
    const along = mul(z, mul(perElement, variable('uz', type)));
    const centred = parts.mean ? sub(u, mul(perElement, variable('u', type))) : u;
    return inOrder(
      builder,
      mapOver(builder, mul(variable('scale', type), sub(centred, along)), nodes),
      dimNames(parts.x.type),
    );
  };
  return node.inputs.map((input, i) => {
    if (!wants(i)) return null;
    if (i === 0) return dx();
    const isGain = i === 1 && node.attrs.gain !== 'none';
    return sumLike(builder, isGain ? mapOver(builder, mul(g, z), nodes) : gradient, input);
  });
}

/** dx = exp(x - y) g */
function logsumexp({ builder, node, gradient }: GradientOf<'logsumexp'>): Node[] {
  const x = inputOf(node, 0);
  const dx = elementwise(builder, [x, node, gradient], (x, y, g) => mul(exp(sub(x, y)), g));
  return [inOrder(builder, dx, dimNames(x.type))];
}

/** dx = (p (1 + 2 zLoss lse) - onehot(label)) g, p = exp(x - lse); 0 where the label is ignored. */
function crossEntropy({ builder, node, gradient }: GradientOf<'cross_entropy'>): (Node | null)[] {
  const [logits, labels] = [inputOf(node, 0), inputOf(node, 1)];
  const { dim, ignore, zLoss } = node.attrs;
  const lse = builder.add('logsumexp', { dim }, [logits]);
  const index = builder.add('iota', { dim: dimOf(logits.type, dim) }, []);
  const dx = elementwise(builder, [logits, lse, gradient, labels, index], (x, lse, g, label, i) => {
    const p = mul(exp(sub(x, lse)), add(1, mul(2 * zLoss, lse)));
    const oneHot = select(eq(i, label), 1, 0);
    return whereCounted(label, ignore, mul(sub(p, oneHot), g));
  });
  return [inOrder(builder, dx, dimNames(logits.type)), null];
}

export const normGradients = { norm, logsumexp, cross_entropy: crossEntropy };
