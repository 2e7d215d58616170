// Takes: a graph, the sizes of its symbols, and how many tensors one group may bind. Gives: the program of fused groups.
// Promises: the program computes what the graph does; groups of equal layers differ in tensors and names only.
import type { Graph, Node } from '../3-graph/ops.ts';
import type { Sizes } from '../3-graph/types.ts';
import { InvariantError } from '../diagnostics.ts';
import { buildGroup } from './fusion/build/build-group.ts';
import type { FusionContext } from './fusion/build/group-space.ts';
import { Clusters, Dependencies, formClusters } from './fusion/clusters.ts';
import { decide, readsOfStored, waitsOfStored } from './fusion/decide.ts';
import { ExprPool } from './fusion/elements/expr-pool.ts';
import { foldMaps } from './fusion/fold-maps.ts';
import { foldNorms } from './fusion/fold-norms.ts';
import { avoidOverwrites } from './fusion/in-place.ts';
import { type FusionOptions, lowerGraph } from './fusion/lower-graph.ts';
import { orderClusters } from './fusion/order.ts';
import { splitAxes } from './fusion/split-axes.ts';
import { TensorTable } from './fusion/tensor-table.ts';
import { groupTensors, withTensors } from './group-parts.ts';
import type { Group, Program, ProgramTensor } from './groups.ts';

/**
 * `fusion: false`: a group for every node, composites in primitives (attention whole), for comparison.
 * @throws InvariantError when an op alone binds more than maxTensors tensors.
 */
export function fuse(graph: Graph, sizes: Sizes, options: FusionOptions): Program {
  const lowered = lowerGraph(graph, sizes, options);
  const safe = avoidOverwrites(lowered, decide(lowered, options));
  const { nodes, stored } = safe;
  const order = nodes.filter((node) => stored.has(node));
  const reads = readsOfStored(nodes, stored);
  const context: FusionContext = {
    pool: new ExprPool(),
    table: new TensorTable(safe, stored),
    targets: safe.targets,
    readers: readersOf(reads),
    maxTensors: options.maxTensors,
  };
  const dependencies = new Dependencies(context, waitsOfStored(nodes, stored));
  const clusters = options.fusion
    ? formClusters(context, dependencies, order, reads)
    : new Clusters(context, dependencies, order);
  const groups = orderClusters(clusters).map((cluster) => groupOf(context, cluster.nodes));
  const { tensors } = context.table;
  const isTemporary = (id: number): boolean => tensors[id]?.role === 'temporary';
  const { maxTensors } = options;
  const folded = options.fewRows === true ? foldMaps(foldNorms(groups, isTemporary, maxTensors), isTemporary, maxTensors) : groups; // prettier-ignore
  return programOf(graph.name, tensors, folded);
}

function groupOf(context: FusionContext, members: readonly Node[]): Group {
  const group = buildGroup(context, members);
  if (group) return splitAxes(context.pool, group);
  const names = members.map((node) => `${node.op} at '${node.origin.path}'`);
  throw new InvariantError(`internal: no group can hold ${names.join(', ')} with ${context.maxTensors} tensors`);
}

function readersOf(reads: ReadonlyMap<Node, ReadonlySet<Node>>): Map<Node, Set<Node>> {
  const readers = new Map<Node, Set<Node>>();
  for (const [node, read] of reads)
    for (const other of read) readers.set(other, (readers.get(other) ?? new Set<Node>()).add(node));
  return readers;
}

/** Tensors in the order of first use; those no group touches only where the outside names them. */
function programOf(name: string, tensors: readonly ProgramTensor[], groups: readonly Group[]): Program {
  const ids = new Map<number, number>();
  const use = (id: number): void => {
    if (!ids.has(id)) ids.set(id, ids.size);
  };
  for (const tensor of tensors) if (tensor.role !== 'temporary' && tensor.role !== 'constant') use(tensor.id);
  for (const group of groups) {
    const { read, written } = groupTensors(group);
    for (const id of [...read, ...written]) use(id);
  }
  const numbered = [...ids].flatMap(([old, id]) => {
    const tensor = tensors[old];
    return tensor ? [{ ...tensor, id }] : [];
  });
  return { name, tensors: numbered, groups: groups.map((group) => withTensors(group, (id) => ids.get(id) ?? -1)) };
}
