// Takes: rewrites and a graph. Gives: the graph with the rewrites applied until none fits.
// Promises: ends; every application is reported by name.
import type { GraphBuilder } from '../../3-graph/builder.ts';
import type { Graph, Node, NodeOf, OpName } from '../../3-graph/ops.ts';
import { rewriteGraph } from '../../3-graph/build/rewrite-graph.ts';
import { invariant } from '../../diagnostics.ts';

/** An equality of graphs, used from left to right. */
export interface Rewrite<K extends OpName = OpName> {
  readonly name: string;
  readonly op: K;
  /** `node.inputs` are nodes of the builder. Null where the rewrite does not fit. */
  readonly apply: (builder: GraphBuilder, node: NodeOf<K>) => Node | null;
}

export type AnyRewrite = { [K in OpName]: Rewrite<K> }[OpName];

export type OnRewrite = (name: string, node: Node) => void;

const MOST_ROUNDS = 50;

export function applyRewrites(rewrites: readonly AnyRewrite[], graph: Graph, onRewrite: OnRewrite = () => {}): Graph {
  const byOp = new Map<OpName, AnyRewrite[]>();
  for (const rewrite of rewrites) byOp.set(rewrite.op, [...(byOp.get(rewrite.op) ?? []), rewrite]);
  let current = graph;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let applied = 0;
    current = rewriteGraph(current, (builder, node, inputs) => {
      for (const { name, apply } of byOp.get(node.op) ?? []) {
        const rule = apply as Rewrite['apply'];
        const replacement = rule(builder, { ...node, inputs });
        if (!replacement) continue;
        applied += 1;
        onRewrite(name, node);
        return replacement;
      }
      return null;
    });
    if (applied === 0) return current;
  }
  invariant(false, `rewrites of '${graph.name}' do not come to an end`);
  return current;
}
