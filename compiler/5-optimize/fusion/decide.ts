// Takes: lowered nodes. Gives: which of them are stored (or kept inside a group) and which are inlined where they are used.
// Promises: whatever reads more tensors than a group may bind is cut; what is dear is not computed twice.
import { operands } from '../../3-graph/expr/walk.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { Node, OpName } from '../../3-graph/ops.ts';
import { nodeCount } from './elements/node-axes.ts';
import type { FusionOptions, LoweredGraph } from './lower-graph.ts';

/** `root`: always computed once. `view`: only moves indices. `value`: computes or chooses per element. `leaf`: outside. */
const classes: { readonly [K in OpName]: 'root' | 'view' | 'value' | 'leaf' } = {
  source: 'leaf',
  constant: 'leaf',
  iota: 'leaf',
  map: 'value',
  random: 'value',
  reduce: 'root',
  contract: 'root',
  broadcast: 'view',
  rename: 'view',
  permute: 'view',
  split: 'view',
  merge: 'view',
  slice: 'view',
  pad: 'value',
  concat: 'value',
  rotate_pairs: 'value',
  gather: 'view',
  scatter_add: 'root',
  update: 'value',
  after: 'view',
  norm: 'root',
  rope: 'root',
  logsumexp: 'root',
  cross_entropy: 'root',
  dropout: 'root',
  attention: 'root',
  attention_grad: 'root',
};

/** What the value of a node is made of: a token says only when. */
export const valueInputs = (node: Node): readonly Node[] =>
  node.op === 'after' ? node.inputs.slice(0, 1) : node.inputs;

export const isRoot = (node: Node): boolean => classes[node.op] === 'root';
const isView = (node: Node): boolean => classes[node.op] === 'view';
const isLeaf = (node: Node): boolean => classes[node.op] === 'leaf';

/** Whether reading the node binds a tensor. */
export const isTensorLeaf = (node: Node): boolean =>
  node.op === 'source' || (node.op === 'constant' && nodeCount(node) > 1);

/** What computing one element costs: scalar operations, dear functions among them, elements read. */
interface Cost {
  readonly operations: number;
  readonly dear: number;
  readonly loads: number;
}
const free: Cost = { operations: 0, dear: 0, loads: 0 };
const oneLoad: Cost = { operations: 0, dear: 0, loads: 1 };

/** Reading it is no dearer than reading it back from memory. */
const isCheap = ({ operations, dear, loads }: Cost): boolean => operations <= 2 && dear === 0 && loads <= 1;

/** The nodes that are not inlined. */
export function decide({ nodes, targets }: LoweredGraph, { fusion, maxTensors }: FusionOptions): Set<Node> {
  if (!fusion) return new Set(nodes.filter((node) => !isLeaf(node)));
  const chosen = new Decision(nodes, new Set(targets.keys()));
  chosen.choose();
  cutWide(nodes, chosen.stored, maxTensors);
  return chosen.stored;
}

class Decision {
  readonly stored: Set<Node>;
  private readonly nodes: readonly Node[];
  private readonly costs = new Map<Node, Cost>();
  private readonly readers = new Map<Node, number>();
  /** The stored nodes that read a node, directly or through inlined ones. */
  private readonly users = new Map<Node, Set<Node>>();
  /** How often an element of a node is computed, if it is inlined. */
  private readonly uses = new Map<Node, number>();

  constructor(nodes: readonly Node[], targets: ReadonlySet<Node>) {
    this.nodes = nodes;
    this.stored = new Set(nodes.filter((node) => isRoot(node) || targets.has(node)));
  }

  choose(): void {
    this.estimate();
    for (const node of this.nodes.toReversed()) {
      if (!isLeaf(node) && !this.stored.has(node) && this.isBetterStored(node)) this.stored.add(node);
      this.spread(node);
    }
  }

  private cost(node: Node): Cost {
    return this.costs.get(node) ?? free;
  }

  /** Costs, as if whatever several nodes read were stored unless it is cheap. */
  private estimate(): void {
    const { readers } = this;
    for (const node of this.nodes)
      for (const input of valueInputs(node)) readers.set(input, (readers.get(input) ?? 0) + 1);
    for (const node of this.nodes) {
      const inline = this.inlineCost(node, (input) => {
        const shared = (readers.get(input) ?? 0) > 1 && !isCheap(this.cost(input));
        return isRoot(input) || (shared && input.op === 'map') ? oneLoad : this.cost(input);
      });
      this.costs.set(node, inline);
    }
  }

  private inlineCost(node: Node, costOf: (input: Node) => Cost): Cost {
    if (isTensorLeaf(node)) return oneLoad;
    if (isLeaf(node)) return free;
    // Indices and positions are few against what they lead to.
    const inputs = node.op === 'gather' ? node.inputs.slice(0, 1) : node.op === 'update' ? node.inputs.slice(0, 2) : valueInputs(node); // prettier-ignore
    const own = ownCost(node);
    return inputs.map(costOf).reduce(plus, own);
  }

  private isBetterStored(node: Node): boolean {
    if (isView(node) || node.op === 'random') return false;
    if (this.isBetterNarrow(node)) return true;
    const cost = this.cost(node);
    if (isCheap(cost)) return false;
    if ((this.users.get(node)?.size ?? 0) > 1) return true;
    const repeated = (this.uses.get(node) ?? 1) >= 8;
    return repeated && (cost.dear > 0 || cost.operations > 2 || cost.loads > 1);
  }

  /** Halves in place of the f32 they are rounded from: where nothing else reads those, or where products read them. */
  private isBetterNarrow(node: Node): boolean {
    if (node.op !== 'map' || node.attrs.expr.kind !== 'cast' || node.type.type !== 'f16') return false;
    if (node.attrs.expr.x.kind !== 'var') return false;
    const [input] = node.inputs;
    if ((this.uses.get(node) ?? 1) >= 8) return true;
    return input !== undefined && isRoot(input) && this.readers.get(input) === 1;
  }

  /** Tells the inputs of a node who reads them and how often. */
  private spread(node: Node): void {
    const stored = this.stored.has(node);
    const users = stored ? [node] : [...(this.users.get(node) ?? [])];
    valueInputs(node).forEach((input, i) => {
      const known = this.users.get(input) ?? new Set<Node>();
      for (const user of users) known.add(user);
      this.users.set(input, known);
      const times = repeats(node, input, i) * (stored ? 1 : (this.uses.get(node) ?? 1));
      this.uses.set(input, Math.max(times, this.uses.get(input) ?? 0));
    });
  }
}

function plus(x: Cost, y: Cost): Cost {
  return { operations: x.operations + y.operations, dear: x.dear + y.dear, loads: x.loads + y.loads };
}

/** How often `node` computes an element of its input: operands of products are read once per tile of the other side. */
function repeats(node: Node, input: Node, i: number): number {
  if (node.op === 'attention' || node.op === 'attention_grad') return i === 3 ? 1 : 64;
  if (node.op === 'contract') return 64;
  if (node.op === 'scatter_add') return i === 0 ? 1 : 1;
  if (node.op === 'reduce') return 1;
  return Math.max(1, nodeCount(node) / Math.max(1, nodeCount(input)));
}

function ownCost(node: Node): Cost {
  if (node.op === 'map') return exprCost(node.attrs.expr);
  if (node.op === 'random') return { operations: 3, dear: 0, loads: 0 };
  if (node.op === 'concat' || node.op === 'rotate_pairs' || node.op === 'update')
    return { operations: 3, dear: 0, loads: 0 };
  return node.op === 'pad' ? { operations: 2, dear: 0, loads: 0 } : free;
}

const dearFunctions: ReadonlySet<string> = new Set(['exp', 'log', 'sqrt', 'rsqrt', 'tanh', 'sigmoid', 'erf', 'sin', 'cos', 'pow']); // prettier-ignore

function exprCost(expr: Expr): Cost {
  const inner = operands(expr).map(exprCost).reduce(plus, free);
  if (expr.kind === 'const' || expr.kind === 'var' || expr.kind === 'cast') return inner;
  const dear = (expr.kind === 'unary' || expr.kind === 'binary') && dearFunctions.has(expr.fn);
  return plus(inner, { operations: 1, dear: dear ? 1 : 0, loads: 0 });
}

/** Stores inlined nodes until no stored node reads more tensors than fit beside its own. */
function cutWide(nodes: readonly Node[], stored: Set<Node>, maxTensors: number): void {
  const reads = new Map<Node, ReadonlySet<Node>>();
  const readsOf = (node: Node): ReadonlySet<Node> =>
    stored.has(node) || isTensorLeaf(node) ? new Set([node]) : (reads.get(node) ?? new Set());
  for (const node of nodes) {
    const union = (): Set<Node> => new Set(valueInputs(node).flatMap((input) => [...readsOf(input)]));
    let all = union();
    while (all.size > maxTensors - 2) {
      const widest = valueInputs(node)
        .filter((input) => readsOf(input).size > 1)
        .sort((x, y) => readsOf(y).size - readsOf(x).size)[0];
      if (!widest) break;
      stored.add(widest);
      all = union();
    }
    reads.set(node, all);
  }
}

/** The stored nodes and tensor leaves that computing a stored node reads. */
export function readsOfStored(nodes: readonly Node[], stored: ReadonlySet<Node>): Map<Node, ReadonlySet<Node>> {
  return reachedByStored(nodes, stored, valueInputs);
}

/** Those that must be there before a stored node is computed: what it reads, and the tokens it waits for. */
export function waitsOfStored(nodes: readonly Node[], stored: ReadonlySet<Node>): Map<Node, ReadonlySet<Node>> {
  return reachedByStored(nodes, stored, ({ inputs }) => inputs);
}

function reachedByStored(
  nodes: readonly Node[],
  stored: ReadonlySet<Node>,
  inputsOf: (node: Node) => readonly Node[],
): Map<Node, ReadonlySet<Node>> {
  const reads = new Map<Node, ReadonlySet<Node>>();
  const all = new Map<Node, ReadonlySet<Node>>();
  for (const node of nodes) {
    const seen = new Set<Node>();
    for (const input of inputsOf(node)) {
      if (stored.has(input) || isTensorLeaf(input)) seen.add(input);
      else for (const read of all.get(input) ?? []) seen.add(read);
    }
    all.set(node, seen);
    if (stored.has(node)) reads.set(node, seen);
  }
  return reads;
}
