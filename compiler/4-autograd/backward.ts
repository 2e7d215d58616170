// Takes: a builder, a scalar loss in it, and the nodes whose gradients are wanted. Gives: the gradients, as more nodes.
// Promises: reverse mode, one rule per op (`gradient-rules.ts`); each gradient has the dims of its node; nodes off every
// path from `wrt` to the loss get none. Gradients are f32, whatever the type of the node: halves are what products take, and
// rules round to them there. The gradient of node `x` has the origin path `grad.<path of x>`.
import { invariant } from '../diagnostics.ts';
import type { GraphBuilder } from '../3-graph/builder.ts';
import { formatType, sameType } from '../3-graph/infer/dims.ts';
import { add, isFloat } from '../3-graph/expr-build.ts';
import { elementwise, fill } from '../3-graph/node-build.ts';
import type { Node, OpName, Origin } from '../3-graph/ops.ts';
import type { GradientRule } from './gradient-of.ts';
import { gradientRules } from './gradient-rules.ts';

/**
 * d loss / d w for each w of `wrt`, in order; zeros where the loss does not depend on w.
 * @throws InvariantError when the loss is no f32 scalar, or a path to it goes through an op without a gradient.
 */
export function gradients(builder: GraphBuilder, loss: Node, wrt: readonly Node[]): Node[] {
  invariant(
    loss.type.dims.length === 0 && loss.type.type === 'f32',
    `the loss is ${formatType(loss.type)}, not f32 []`,
  );
  const order = topological(loss);
  const wanted = dependents(order, wrt);
  const contributions = new Map<Node, Node[]>([
    [loss, [builder.at(gradOrigin(loss), () => fill(builder, 1, 'f32', []))]],
  ]);
  const done = new Map<Node, Node>();
  for (const node of order.toReversed()) {
    const parts = contributions.get(node);
    if (!parts || !wanted.has(node)) continue;
    builder.at(gradOrigin(node), () => {
      const gradient = sum(builder, parts);
      done.set(node, gradient);
      for (const [input, part] of inputGradients(builder, node, gradient, wanted)) {
        const fits = sameType(part.type, { type: 'f32', dims: input.type.dims });
        invariant(
          fits,
          `the gradient of an input of ${node.op} is ${formatType(part.type)}, the input ${formatType(input.type)}`,
        );
        contributions.set(input, [...(contributions.get(input) ?? []), part]);
      }
    });
  }
  return wrt.map((w) => done.get(w) ?? builder.at(gradOrigin(w), () => fill(builder, 0, 'f32', w.type.dims)));
}

function gradOrigin({ origin: { path, span } }: Node): Origin {
  const name = path === '' ? 'grad' : `grad.${path}`;
  return span ? { path: name, span } : { path: name };
}

/** Ids rise from inputs to outputs, so sorting what the loss reaches by id is enough. */
function topological(loss: Node): Node[] {
  const reached = new Set([loss]);
  for (const node of reached) for (const input of node.inputs) reached.add(input);
  return [...reached].sort((x, y) => x.id - y.id);
}

/** The float nodes that depend on one of `wrt`, these included. */
function dependents(order: readonly Node[], wrt: readonly Node[]): Set<Node> {
  const found = new Set<Node>(wrt);
  for (const node of order)
    if (isFloat(node.type.type) && node.inputs.some((input) => found.has(input))) found.add(node);
  return found;
}

/** One map over all contributions, in the order they came. */
function sum(builder: GraphBuilder, parts: readonly Node[]): Node {
  const [first, ...rest] = parts;
  invariant(first, 'a gradient without contributions');
  if (rest.length === 0) return first;
  return elementwise(builder, parts, (...terms) => terms.reduce((total, term) => add(total, term)));
}

function inputGradients(
  builder: GraphBuilder,
  node: Node,
  gradient: Node,
  wanted: ReadonlySet<Node>,
): [input: Node, part: Node][] {
  if (!node.inputs.some((input) => wanted.has(input))) return [];
  const rule = gradientRules[node.op] as GradientRule<OpName>;
  const wants = (i: number): boolean => {
    const input = node.inputs[i];
    return input !== undefined && wanted.has(input);
  };
  const parts = rule({ builder, node, gradient, wants });
  return node.inputs.flatMap((input, i): [Node, Node][] => {
    const part = wants(i) ? parts[i] : null;
    return part ? [[input, part]] : [];
  });
}
