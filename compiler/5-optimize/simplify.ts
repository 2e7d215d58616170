// Takes: a graph. Gives: an equal one, with views that cancel and constants that decide taken out.
// Promises: values are kept up to rounding; the rewrites are named, and none fits the result.
import type { Graph } from '../3-graph/ops.ts';
import { type AnyRewrite, applyRewrites, type OnRewrite } from './rewrites/rewrite.ts';
import { valueRewrites } from './rewrites/value-rewrites.ts';
import { viewRewrites } from './rewrites/view-rewrites.ts';

export const rewrites: readonly AnyRewrite[] = [...viewRewrites, ...valueRewrites];

/** `onRewrite` is told each rewrite that is applied, with the node it replaces. */
export function simplify(graph: Graph, onRewrite?: OnRewrite): Graph {
  return applyRewrites(rewrites, graph, onRewrite);
}
