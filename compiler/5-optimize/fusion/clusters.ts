// Takes: the stored nodes. Gives: sets of them, each computed by one group.
// Promises: the sets do not depend on each other in a circle, counting that who reads a source comes before who updates it.
import type { Node } from '../../3-graph/ops.ts';
import { invariant } from '../../diagnostics.ts';
import { buildGroup, familyOf } from './build/build-group.ts';
import type { FusionContext } from './build/group-space.ts';
import { countOf, inputOf, nodeAxes, nodeCount } from './elements/node-axes.ts';
import type { Axis } from '../groups.ts';
import { writesInPlace } from './lower-graph.ts';

export interface Cluster {
  /** In topological order. */
  readonly nodes: readonly Node[];
}

/** Which nodes must come before a node. */
export class Dependencies {
  private readonly before = new Map<Node, Set<Node>>();

  /** `waits`: what each stored node waits for (`waitsOfStored`). */
  constructor(context: FusionContext, waits: ReadonlyMap<Node, ReadonlySet<Node>>) {
    for (const [node, awaited] of waits) {
      const targets = context.targets.get(node) ?? [];
      const own = new Set([...awaited].filter((other) => waits.has(other)));
      for (const target of targets) {
        if (target.kind !== 'source') continue;
        for (const reader of context.readers.get(target.source) ?? []) if (reader !== node) own.add(reader);
      }
      this.before.set(node, own);
    }
  }

  of(node: Node): ReadonlySet<Node> {
    return this.before.get(node) ?? new Set();
  }
}

export class Clusters {
  private readonly context: FusionContext;
  private readonly dependencies: Dependencies;
  private readonly of = new Map<Node, Cluster>();
  private readonly order = new Map<Node, number>();

  constructor(context: FusionContext, dependencies: Dependencies, nodes: readonly Node[]) {
    this.context = context;
    this.dependencies = dependencies;
    for (const [i, node] of nodes.entries()) {
      this.order.set(node, i);
      this.of.set(node, { nodes: [node] });
    }
  }

  /** Each cluster once. */
  all(): Cluster[] {
    return [...new Set(this.of.values())];
  }

  clusterOf(node: Node): Cluster {
    const cluster = this.of.get(node);
    invariant(cluster, `node ${node.id} is not stored`);
    return cluster;
  }

  /** The clusters that must come before this one. */
  before(cluster: Cluster): Set<Cluster> {
    const found = new Set<Cluster>();
    for (const node of cluster.nodes) for (const other of this.dependencies.of(node)) found.add(this.clusterOf(other));
    found.delete(cluster);
    return found;
  }

  /** One cluster of several, if a group can hold them and nothing outside stands between them. */
  merge(parts: readonly Cluster[]): Cluster | null {
    const nodes = [...new Set(parts)].flatMap((part) => part.nodes);
    nodes.sort((x, y) => this.position(x) - this.position(y));
    if (familyOf(nodes) === null || this.isCircular(new Set(parts))) return null;
    if (!buildGroup(this.context, nodes)) return null;
    const merged: Cluster = { nodes };
    for (const node of nodes) this.of.set(node, merged);
    return merged;
  }

  position(node: Node): number {
    return this.order.get(node) ?? -1;
  }

  lastPosition(cluster: Cluster): number {
    return Math.max(...cluster.nodes.map((node) => this.position(node)));
  }

  firstPosition(cluster: Cluster): number {
    return Math.min(...cluster.nodes.map((node) => this.position(node)));
  }

  /** Whether what must come before the parts must itself come after one of them. */
  private isCircular(parts: ReadonlySet<Cluster>): boolean {
    const seen = new Set<Cluster>();
    const stack = [...parts].flatMap((part) => [...this.before(part)]).filter((cluster) => !parts.has(cluster));
    for (let cluster = stack.pop(); cluster; cluster = stack.pop()) {
      if (seen.has(cluster)) continue;
      seen.add(cluster);
      for (const earlier of this.before(cluster)) {
        if (parts.has(earlier)) return true;
        stack.push(earlier);
      }
    }
    return false;
  }
}

/** Joins every node to the groups of what it reads, latest first, then equal spaces that share tensors. */
export function formClusters(
  context: FusionContext,
  dependencies: Dependencies,
  nodes: readonly Node[],
  reads: ReadonlyMap<Node, ReadonlySet<Node>>,
): Clusters {
  const clusters = new Clusters(context, dependencies, nodes);
  const siblings = new Map<string, Node>();
  for (const node of nodes) {
    if (node.op === 'attention' || node.op === 'attention_grad') joinSibling(clusters, siblings, node);
    else if (node.op !== 'contract' && node.op !== 'scatter_add')
      joinReads(clusters, node, reads.get(node) ?? new Set());
  }
  joinEqualSpaces(context, clusters, nodes, reads);
  return clusters;
}

function joinReads(clusters: Clusters, node: Node, read: ReadonlySet<Node>): void {
  const stored = [...read].filter((other) => clusters.position(other) >= 0);
  const candidates = [...new Set(stored.map((other) => clusters.clusterOf(other)))];
  candidates.sort((x, y) => clusters.lastPosition(y) - clusters.lastPosition(x));
  let own = clusters.clusterOf(node);
  for (const candidate of candidates) own = clusters.merge([candidate, own]) ?? own;
}

/** out and lse are one pass over the keys; so are dk and dv over the queries. */
function joinSibling(clusters: Clusters, siblings: Map<string, Node>, node: Node): void {
  if (node.op !== 'attention' && node.op !== 'attention_grad') return;
  const { part, ...attrs } = node.attrs;
  const pass = part === 'q' ? 'query' : 'key';
  const key = `${node.op} ${pass} ${node.inputs.map((input) => input.id).join(' ')} ${JSON.stringify(attrs)}`;
  const sibling = siblings.get(key);
  if (sibling) clusters.merge([clusters.clusterOf(sibling), clusters.clusterOf(node)]);
  siblings.set(key, node);
}

/** Maps over equal axes, or reductions of equal rows, that read a tensor in common or are a number each. */
function joinEqualSpaces(
  context: FusionContext,
  clusters: Clusters,
  nodes: readonly Node[],
  reads: ReadonlyMap<Node, ReadonlySet<Node>>,
): void {
  const bySpace = new Map<string, Node[]>();
  for (const node of nodes) {
    const space = spaceOf(context, clusters, node);
    if (!space) continue;
    const key = keyOf(space) + (node.op === 'reduce' ? ` to ${keyOf(nodeAxes(node))}` : '');
    const earlier = bySpace.get(key) ?? [];
    const touched = touches(context, reads, node, space);
    const partner = earlier.findLast(
      (other) =>
        clusters.clusterOf(other) !== clusters.clusterOf(node) &&
        (space.length === 0 || touches(context, reads, other, space).some((tensor) => touched.includes(tensor))),
    );
    if (partner) clusters.merge([clusters.clusterOf(partner), clusters.clusterOf(node)]);
    bySpace.set(key, [...earlier, node]);
  }
}

const keyOf = (axes: readonly Axis[]): string =>
  axes
    .map(({ name, size }) => `${name}=${size}`)
    .sort()
    .join(' ');

/** The points a node is computed at, or reduces, if its group can grow by others over the same. */
function spaceOf(context: FusionContext, clusters: Clusters, node: Node): Axis[] | null {
  const family = familyOf(clusters.clusterOf(node).nodes);
  if (node.op === 'reduce') return family === 'row' ? nodeAxes(inputOf(node)) : null;
  return family !== 'map' || writesInPlace(node, context.targets.get(node) ?? []) ? null : nodeAxes(node);
}

/** Tensors as large as the space that the node's group binds. */
function touches(
  context: FusionContext,
  reads: ReadonlyMap<Node, ReadonlySet<Node>>,
  node: Node,
  space: readonly Axis[],
): number[] {
  const read = [...(reads.get(node) ?? [])].filter((other) => nodeCount(other) === countOf(space));
  const ids = read.map((other) => context.table.of(other)).filter((id) => id !== undefined);
  return node.op === 'reduce' ? ids : [...ids, ...context.table.writesOf(node)];
}
