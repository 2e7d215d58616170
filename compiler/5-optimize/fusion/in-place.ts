// Takes: lowered nodes and which are stored. Gives: the same, with updates that cannot be done in place done by a copy.
// Promises: who reads the old value of a source never needs the new one first; an update in place reads its own element.
import type { Node } from '../../3-graph/ops.ts';
import { isRoot, readsOfStored, valueInputs, waitsOfStored } from './decide.ts';
import { copyOf, type LoweredGraph, type Target } from './lower-graph.ts';

export interface StoredGraph extends LoweredGraph {
  readonly stored: ReadonlySet<Node>;
}

export function avoidOverwrites(graph: LoweredGraph, chosen: ReadonlySet<Node>): StoredGraph {
  const nodes = [...graph.nodes];
  const stored = new Set(chosen);
  const targets = new Map(graph.targets);
  const order = new RunOrder(nodes, stored);
  for (const [node, own] of graph.targets) {
    const moved = own.filter((target) => target.kind === 'source' && !order.canOverwrite(node, target.source));
    if (moved.length === 0) continue;
    const left = own.filter((target) => !moved.includes(target));
    if (left.length > 0) targets.set(node, left);
    else targets.delete(node);
    for (const target of moved) {
      const copy = copyOf(nodes, node);
      stored.add(copy);
      targets.set(copy, [target]);
    }
  }
  return { name: graph.name, nodes, targets: inNodeOrder(nodes, targets), stored };
}

function inNodeOrder(
  nodes: readonly Node[],
  targets: ReadonlyMap<Node, readonly Target[]>,
): Map<Node, readonly Target[]> {
  return new Map(nodes.flatMap((node) => {
    const own = targets.get(node);
    return own ? [[node, own]] : [];
  })); // prettier-ignore
}

/** What must run before what: data, and readers of a source before what overwrites it. */
class RunOrder {
  private readonly before = new Map<Node, Set<Node>>();
  private readonly readers = new Map<Node, Set<Node>>();
  private readonly stored: ReadonlySet<Node>;

  constructor(nodes: readonly Node[], stored: ReadonlySet<Node>) {
    this.stored = stored;
    for (const [node, awaited] of waitsOfStored(nodes, stored))
      this.before.set(node, new Set([...awaited].filter((other) => stored.has(other))));
    for (const [node, read] of readsOfStored(nodes, stored))
      for (const other of read) this.readers.set(other, (this.readers.get(other) ?? new Set<Node>()).add(node));
  }

  /** Notes that the readers of `source` come before `node`; false, and nothing noted, if they cannot. */
  canOverwrite(node: Node, source: Node): boolean {
    const readers = [...(this.readers.get(source) ?? [])].filter((reader) => reader !== node);
    if (!this.readsPointwise(node, source) || readers.some((reader) => this.needs(reader, node))) return false;
    const before = this.before.get(node);
    for (const reader of readers) before?.add(reader);
    return true;
  }

  private needs(node: Node, other: Node): boolean {
    const seen = new Set<Node>();
    const stack = [node];
    for (let next = stack.pop(); next; next = stack.pop()) {
      if (next === other) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(...(this.before.get(next) ?? []));
    }
    return false;
  }

  /** Whether computing an element of `node` reads no element of `source` but the same one. */
  private readsPointwise(node: Node, source: Node): boolean {
    const direct = this.reachesOnlyThroughMaps(node, source);
    if (node.op !== 'update' || node.inputs[0] !== source) return direct;
    // Rows are written in place: the value and the position must not read the source at all.
    return node.inputs.slice(1).every((input) => !this.reaches(input, source));
  }

  private reachesOnlyThroughMaps(node: Node, source: Node): boolean {
    const through = !isRoot(node) && (node.op === 'map' || node.op === 'permute' || node.op === 'after');
    return valueInputs(node).every((input) => {
      if (input === source) return through;
      if (this.stored.has(input) || !this.reaches(input, source)) return true;
      return through && this.reachesOnlyThroughMaps(input, source);
    });
  }

  private reaches(node: Node, source: Node): boolean {
    if (node === source) return true;
    return !this.stored.has(node) && valueInputs(node).some((input) => this.reaches(input, source));
  }
}
