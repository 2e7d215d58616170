// Takes: clusters. Gives: them in an order to run.
// Promises: what a cluster reads comes before it, and readers of a source before its update; a cluster stands where its
// first node stands in the graph, so that what it reads need not be kept longer.
import { invariant } from '../../diagnostics.ts';
import type { Cluster, Clusters } from './clusters.ts';

export function orderClusters(clusters: Clusters): Cluster[] {
  const all = clusters.all().sort((x, y) => clusters.firstPosition(x) - clusters.firstPosition(y));
  const ordered: Cluster[] = [];
  const state = new Map<Cluster, 'open' | 'done'>();
  const visit = (cluster: Cluster): void => {
    if (state.get(cluster) === 'done') return;
    invariant(
      state.get(cluster) !== 'open',
      `groups depend on each other in a circle at '${cluster.nodes[0]?.origin.path}'`,
    );
    state.set(cluster, 'open');
    const before = [...clusters.before(cluster)].sort((x, y) => clusters.firstPosition(x) - clusters.firstPosition(y));
    for (const other of before) visit(other);
    state.set(cluster, 'done');
    ordered.push(cluster);
  };
  for (const cluster of all) visit(cluster);
  return ordered;
}
