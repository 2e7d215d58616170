// Takes: a graph and the sizes of its symbols. Gives: the nodes to fuse and where results must be stored.
// Promises: all sizes are numbers; primitives and attention only; a node that must be stored somewhere is no source,
// and a source is updated by at most one node.
import { variable } from '../../3-graph/expr-build.ts';
import { decomposeGraph } from '../../3-graph/decompose.ts';
import type { Graph, Node, NodeOf, OpName } from '../../3-graph/ops.ts';
import { rewriteGraph } from '../../3-graph/build/rewrite-graph.ts';
import type { Sizes } from '../../3-graph/types.ts';
import { applyRewrites } from '../rewrites/rewrite.ts';
import { longSumRewrites } from '../rewrites/long-sums.ts';
import { stageRewrites } from '../rewrites/stage-rewrites.ts';
import { wideRewrites } from '../rewrites/wide-rewrites.ts';
import { simplify } from '../simplify.ts';
import { invariant } from '../../diagnostics.ts';

export interface FusionOptions {
  /** False: a group for every node, for comparison. */
  readonly fusion: boolean;
  /** How many tensors one group may bind. */
  readonly maxTensors: number;
  /** Workgroups that keep the device busy, where it multiplies matrices of halves: longer sums are cut to have as many. */
  readonly busy?: number;
  /** Products of few rows take in norms and rotations around them: where a dispatch costs more than to sum or read again. */
  readonly fewRows?: boolean;
}

/** Where the value of a node must be when the program has run. */
export type Target =
  { readonly kind: 'output'; readonly name: string } | { readonly kind: 'source'; readonly source: NodeOf<'source'> };

export interface LoweredGraph {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly targets: ReadonlyMap<Node, readonly Target[]>;
}

/**
 * With fusion, constants are folded and long reductions cut in two, now that all sizes are numbers. Sums of more tensors
 * than fit are cut in any case.
 */
export function lowerGraph(graph: Graph, sizes: Sizes, options: FusionOptions): LoweredGraph {
  const bound = rewriteGraph(graph, (builder, node, inputs) =>
    builder.add<OpName>(node.op, bindSizes(node.attrs, sizes), inputs) as Node,
  ); // prettier-ignore
  const lowered = decomposeGraph(bound, ({ op }) => op === 'attention' || op === 'attention_grad');
  const long = options.busy === undefined ? [] : longSumRewrites(options.busy);
  const staged = options.fusion ? applyRewrites([...long, ...stageRewrites], simplify(lowered)) : lowered;
  return withTargets(applyRewrites(wideRewrites(options.maxTensors - 2), staged));
}

/** `size: symbol` anywhere inside becomes `size: number`. */
function bindSizes<T>(attrs: T, sizes: Sizes): T {
  const bind = (value: unknown, key: string): unknown => {
    if (key === 'size' && typeof value === 'string') {
      const size = sizes[value];
      invariant(size !== undefined, `no size for the symbol '${value}'`);
      return size;
    }
    if (Array.isArray(value)) return value.map((item) => bind(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, bind(item, name)]));
  };
  return bind(attrs, '') as T;
}

/** A cache row write `update(source, ..)` that is the update of that very source: done in its storage. */
export function writesInPlace(node: Node, targets: readonly Target[]): boolean {
  const [target] = targets;
  return node.op === 'update' && target?.kind === 'source' && node.inputs[0] === target.source;
}

function withTargets(graph: Graph): LoweredGraph {
  const nodes: Node[] = [...graph.nodes];
  const targets = new Map<Node, Target[]>();
  const add = (value: Node, target: Target): void => {
    const own = targets.get(value) ?? [];
    const whole = value.op === 'update' && !writesInPlace(value, [target]);
    const taken = whole || !canStore(value) || writesInPlace(value, own);
    // Each source is written by a node of its own, so that it can join what reads that source.
    const again = !taken && target.kind === 'source' && own.length > 0;
    const cheap = value.op === 'map' || value.op === 'broadcast';
    const node = taken || (again && !cheap) ? copyOf(nodes, value) : again ? cloneOf(nodes, value) : value;
    targets.set(node, [...(targets.get(node) ?? []), target]);
  };
  // Updates first: a node's first target is where it is read from.
  for (const { source, value } of graph.updates) {
    const node: Node = source;
    if (value !== node) add(value, { kind: 'source', source });
  }
  for (const { name, value } of graph.outputs) add(value, { kind: 'output', name });
  return { name: graph.name, nodes, targets };
}

const canStore = (node: Node): boolean => node.op !== 'source' && node.op !== 'constant';

/** A new node at the end that is the identity of `node`. */
export function copyOf(nodes: Node[], node: Node): Node {
  const { type, origin } = node;
  return append(nodes, { id: nextId(nodes), op: 'map', attrs: { expr: variable('a', type.type) }, inputs: [node], type, origin }); // prettier-ignore
}

/** A new node at the end that computes the same again. */
function cloneOf(nodes: Node[], node: Node): Node {
  return append(nodes, { ...node, id: nextId(nodes) });
}

const nextId = (nodes: readonly Node[]): number => (nodes.at(-1)?.id ?? -1) + 1;

function append(nodes: Node[], node: Node): Node {
  nodes.push(node);
  return node;
}
