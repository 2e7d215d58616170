// Takes: a graph in f32 and what is computed in halves. Gives: the graph of mixed precision, in a builder.
// Promises: what a graph without mixed precision means, but for rounding; parameters and what is written to them stay f32.
import type { MixedPrecision } from '../../2-check/model.ts';
import { rewriteGraph, rewriteInto, type RewriteRule } from '../build/rewrite-graph.ts';
import type { GraphBuilder } from '../builder.ts';
import type { Graph, Node, OpName } from '../ops.ts';
import { wide } from './formats.ts';
import { precisionRules, type PrecisionRule } from './precision-rules.ts';

/** The nodes of the graph in `builder`; null: as they are. Gives what became of each. Outputs and updates are f32 there. */
export function addInPrecision(
  builder: GraphBuilder,
  graph: Graph,
  precision: MixedPrecision | null,
): (node: Node) => Node {
  const newOf = rewriteInto(builder, graph, precision ? ruleOf(precision) : () => null);
  return (node) => (node.type.type === 'f32' ? wide(builder, newOf(node)) : newOf(node));
}

/** A graph whose outputs are losses, which stay f32. */
export function inPrecision(graph: Graph, precision: MixedPrecision | null): Graph {
  return precision ? rewriteGraph(graph, ruleOf(precision)) : graph;
}

function ruleOf(precision: MixedPrecision): RewriteRule {
  return (builder, node, inputs) => {
    const rule = precisionRules[node.op] as PrecisionRule<OpName>;
    return rule({ builder, node, inputs, precision, kept: isKept(node, precision.keep) });
  };
}

/** Whether one of the parts named stands in the node's path; the products of an attention with keys and values are its `core`. */
function isKept({ op, origin }: Node, keep: readonly string[]): boolean {
  const path = `.${origin.path}${op === 'attention' ? '.core' : ''}.`;
  return keep.some((part) => path.includes(`.${part}.`));
}
