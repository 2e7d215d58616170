// Takes: lowered nodes and which are stored. Gives: the tensor each node is read from and those it is written to.
// Promises: a node whose first target is a source lives in that source's tensor; others in an output or a temporary.
import type { Node } from '../../3-graph/ops.ts';
import { invariant } from '../../diagnostics.ts';
import type { ProgramTensor } from '../groups.ts';
import { isTensorLeaf } from './decide.ts';
import { nodeAxes } from './elements/node-axes.ts';
import type { LoweredGraph, Target } from './lower-graph.ts';

export class TensorTable {
  readonly tensors: ProgramTensor[] = [];
  private readonly reads = new Map<Node, number>();
  private readonly writes = new Map<Node, number[]>();
  private readonly names = new Map<string, number>();

  constructor({ nodes, targets }: LoweredGraph, stored: ReadonlySet<Node>) {
    for (const node of nodes) if (isTensorLeaf(node)) this.reads.set(node, this.leaf(node));
    for (const node of nodes) if (stored.has(node)) this.place(node, targets.get(node) ?? []);
  }

  /** Where to read the node from; undefined when it is inlined. */
  readonly of = (node: Node): number | undefined => this.reads.get(node);

  /** Where its value goes: tensors outside, or its temporary. */
  writesOf(node: Node): readonly number[] {
    return this.writes.get(node) ?? [];
  }

  tensor(id: number): ProgramTensor {
    const tensor = this.tensors[id];
    invariant(tensor, `no tensor ${id}`);
    return tensor;
  }

  private place(node: Node, targets: readonly Target[]): void {
    const ids = targets.map((target) => this.targetTensor(node, target));
    if (ids.length === 0) ids.push(this.add(node, { name: this.uniqueName(node), role: 'temporary' }));
    this.writes.set(node, ids);
    const [first] = ids;
    if (first !== undefined) this.reads.set(node, first);
  }

  private targetTensor(node: Node, target: Target): number {
    if (target.kind === 'output') return this.add(node, { name: target.name, role: 'output' });
    const source: Node = target.source;
    const id = this.reads.get(source);
    invariant(id !== undefined, `source ${target.source.attrs.name} has no tensor`);
    return id;
  }

  private leaf(node: Node): number {
    if (node.op === 'source') {
      const { name, role, init, of } = node.attrs;
      return this.add(node, { name, role, ...(init ? { init } : {}), ...(of === undefined ? {} : { of }) });
    }
    invariant(node.op === 'constant', 'a leaf is a source or a constant');
    return this.add(node, { name: this.uniqueName(node), role: 'constant', data: node.attrs.data });
  }

  private add(node: Node, rest: Omit<ProgramTensor, 'id' | 'type' | 'dims'>): number {
    const id = this.tensors.length;
    this.tensors.push({ id, ...rest, type: node.type.type, dims: nodeAxes(node) });
    return id;
  }

  private uniqueName(node: Node): string {
    const base = `${node.origin.path === '' ? 'graph' : node.origin.path}:${node.op}`;
    const count = this.names.get(base) ?? 0;
    this.names.set(base, count + 1);
    return count === 0 ? base : `${base}.${count}`;
  }
}
