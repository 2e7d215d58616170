// Takes: a composite op, a builder and the composite's inputs there. Gives: the same value in simpler ops.
// Promises: total over `CompositeName`; `decomposeGraph` leaves primitives and the composites it is told to keep.
// Where a gradient rule needs what the forward pass computed (row statistics, lse), both build the same nodes, which the
// builder shares.
import { attentionRules } from './decompose/attention.ts';
import { lossRules } from './decompose/loss.ts';
import { normRule } from './decompose/norm.ts';
import type { GraphBuilder } from './builder.ts';
import { invariant } from '../diagnostics.ts';
import { add, ge, mul, select } from './expr-build.ts';
import { elementwise } from './node-build.ts';
import type { Attrs, CompositeName, Graph, Node, NodeOf } from './ops.ts';
import { rewriteGraph } from './build/rewrite-graph.ts';

export type DecomposeRule<K extends CompositeName> = (
  builder: GraphBuilder,
  attrs: Attrs<K>,
  inputs: readonly Node[],
) => Node;

const decomposeRules: { readonly [K in CompositeName]: DecomposeRule<K> } = {
  norm: normRule,
  /** y = x cos + rotate_pairs(x) sin */
  rope: (builder, { dim, pairing }, [x, cos, sin]) => {
    invariant(x && cos && sin, 'rope has three inputs');
    const rotated = builder.add('rotate_pairs', { dim, pairing, inverse: false }, [x]);
    return elementwise(builder, [x, cos, rotated, sin], (x, cos, r, sin) => add(mul(x, cos), mul(r, sin)));
  },
  /** y = x / (1 - rate) where u >= rate, else 0 */
  dropout: (builder, { rate, stream }, [x, seed]) => {
    invariant(x && seed, 'dropout has two inputs');
    const u = builder.add('random', { stream, dims: x.type.dims }, [seed]);
    return elementwise(builder, [u, x], (u, x) => select(ge(u, Math.fround(rate)), mul(keptScale(rate), x), 0));
  },
  ...lossRules,
  ...attentionRules,
};

/** What dropout multiplies the kept elements by; the rate is that of f32, so that all targets drop the same ones. */
export const keptScale = (rate: number): number => 1 / (1 - Math.fround(rate));

const composites: ReadonlySet<string> = new Set(Object.keys(decomposeRules));

export function isComposite(node: Node): node is { [K in CompositeName]: NodeOf<K> }[CompositeName] {
  return composites.has(node.op);
}

/** One step down: the result may hold composites again (cross_entropy has a logsumexp). */
export function decompose<K extends CompositeName>(
  builder: GraphBuilder,
  op: K,
  attrs: Attrs<K>,
  inputs: readonly Node[],
): Node {
  const rule: DecomposeRule<K> = decomposeRules[op];
  return rule(builder, attrs, inputs);
}

/** All composites but those to keep, all the way down. */
export function decomposeGraph(graph: Graph, keep: (node: Node) => boolean = () => false): Graph {
  let current = graph;
  while (current.nodes.some((n) => isComposite(n) && !keep(n)))
    current = rewriteGraph(current, (builder, node, inputs) =>
      isComposite(node) && !keep(node) ? decompose<CompositeName>(builder, node.op, node.attrs, inputs) : null,
    );
  return current;
}
