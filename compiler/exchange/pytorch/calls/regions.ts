// Takes: a forward graph and its model. Gives: the graph cut into calls of modules, as the paths of its nodes say.
// Promises: every node that depends on the tokens is in one region; a part used twice in a layer is two regions of one path;
// what depends on no token (positions, constants, weights alone) is in none and is written where it is used.
import type { Model } from '../../../2-check/model.ts';
import type { Graph, Node } from '../../../3-graph/ops.ts';
import { modulePaths } from './module-paths.ts';

export interface Region {
  /** The module called: `layers.0.attn`; the model itself: ''. */
  readonly path: string;
  readonly parent: Region | null;
  readonly children: Region[];
  /** In order of ids, without those of children. */
  readonly nodes: Node[];
  /** Values from outside, the hidden state first, weights of other modules and tables of rotations last. */
  readonly inputs: Node[];
  /** Values used outside. */
  readonly outputs: Node[];
}

export interface Regions {
  readonly root: Region;
  readonly tables: ReadonlyMap<Node, 'cos' | 'sin'>;
  /** Null: it depends on no token. */
  readonly of: (node: Node) => Region | null;
}

export function regionsOf(graph: Graph, model: Model): Regions {
  const modules = modulePaths(graph, model);
  const bound = tokenDependent(graph);
  const regions = new Map<string, Region>();
  const owners = new Map<Node, Region>();
  const open = (path: string, call: string): Region => {
    const key = modules.isPart(path) ? `${path}@${call}` : path;
    const known = regions.get(key);
    if (known) return known;
    const parent = path === '' ? null : open(modules.caller(path), call);
    const region: Region = { path, parent, children: [], nodes: [], inputs: [], outputs: [] };
    regions.set(key, region);
    parent?.children.push(region);
    return region;
  };
  const root = open('', '');
  for (const node of graph.nodes) {
    if (!bound.has(node) || node.op === 'source') continue;
    const { span } = node.origin;
    const region = open(modules.of(node), `${span?.start}-${span?.end}`);
    region.nodes.push(node);
    owners.set(node, region);
  }
  const of = (node: Node): Region | null => owners.get(node) ?? null;
  findOutputs(graph, of);
  const tables = ropeTables(graph);
  findInputs(root, of, tables);
  return { root, of, tables };
}

/** Without the seed of what is dropped: PyTorch has its own. */
export const dataInputs = (node: Node): readonly Node[] =>
  node.inputs.filter((input) => input.op !== 'source' || input.attrs.name !== 'seed');

function tokenDependent(graph: Graph): ReadonlySet<Node> {
  const bound = new Set<Node>();
  for (const node of graph.nodes) {
    const isInput = node.op === 'source' && node.attrs.role === 'input';
    if (isInput || dataInputs(node).some((input) => bound.has(input))) bound.add(node);
  }
  return bound;
}

export function isInside(region: Region | null, ancestor: Region): boolean {
  return region !== null && (region === ancestor || isInside(region.parent, ancestor));
}

/** A value is an output of each region that holds it but not its user. */
function findOutputs(graph: Graph, of: (node: Node) => Region | null): void {
  const leave = (value: Node, user: Region | null): void => {
    for (let region = of(value); region && !isInside(user, region); region = region.parent) {
      if (!region.outputs.includes(value)) region.outputs.push(value);
    }
  };
  for (const node of graph.nodes) {
    const user = of(node);
    if (user) for (const input of dataInputs(node)) leave(input, user);
  }
  for (const { value } of graph.outputs) leave(value, null);
}

/** Tables of cos and sin that rotations read; what is made once for all layers. */
function ropeTables(graph: Graph): ReadonlyMap<Node, 'cos' | 'sin'> {
  const tables = new Map<Node, 'cos' | 'sin'>();
  for (const { op, inputs } of graph.nodes) {
    const [, cos, sin] = inputs;
    if (op === 'rope' && cos && sin) tables.set(cos, 'cos').set(sin, 'sin');
  }
  return tables;
}

/** What a region needs from outside, its children's needs included. */
function findInputs(region: Region, of: (node: Node) => Region | null, tables: Regions['tables']): void {
  const values = new Set<Node>();
  const need = (value: Node): void => {
    if (of(value)) {
      if (!isInside(of(value), region)) values.add(value);
    } else if (tables.has(value) && region.path !== '') values.add(value);
    else if (value.op === 'source') {
      if (value.attrs.role === 'input' || !isOwn(value.attrs.name, region)) values.add(value);
    } else value.inputs.forEach(need);
  };
  for (const child of region.children) findInputs(child, of, tables);
  for (const node of itemsInOrder(region)) ('op' in node ? dataInputs(node) : node.inputs).forEach(need);
  region.outputs.forEach((value) => of(value) ?? need(value));
  const rank = (value: Node): number => (tables.has(value) ? 2 : isWeight(value) ? 1 : 0);
  region.inputs.push(...[...values].sort((x, y) => rank(x) - rank(y)));
}

/** A weight of the module itself or of a part of it. */
export const isOwn = (name: string, region: Region): boolean =>
  region.path === '' || name.startsWith(`${region.path}.`);

const isWeight = (value: Node): boolean => value.op === 'source' && value.attrs.role === 'parameter';

/** Own nodes and calls of children by the first id in them. */
function itemsInOrder(region: Region): (Node | Region)[] {
  const first = (item: Node | Region): number => ('op' in item ? item.id : Math.min(...item.nodes.map(({ id }) => id), ...item.children.map(first))); // prettier-ignore
  return [...region.nodes, ...region.children].sort((x, y) => first(x) - first(y));
}

/** The child of `region` that holds the value. */
export function childWith(region: Region, of: (node: Node) => Region | null, value: Node): Region | null {
  let child = of(value);
  while (child && child.parent !== region) child = child.parent;
  return child;
}
