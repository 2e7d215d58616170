// Takes: a graph. Gives: nothing.
// Promises: a graph that passes is what the passes count on: typed by the rules, acyclic, nothing dangling, names unique.
import { InvariantError, invariant } from '../diagnostics.ts';
import { formatType, sameType } from './infer/dims.ts';
import { inferType } from './infer.ts';
import type { Graph, Node, OpName } from './ops.ts';

/** @throws InvariantError that names the node and where it came from. */
export function verifyGraph(graph: Graph): void {
  const seen = new Set<Node>();
  let last = -1;
  for (const node of graph.nodes) {
    invariant(node.id > last, `${place(graph, node)}: ids rise, but ${last} comes before it`);
    last = node.id;
    for (const input of node.inputs)
      invariant(seen.has(input), `${place(graph, node)} reads node ${input.id}, which does not stand before it`);
    verifyType(graph, node);
    seen.add(node);
  }
  verifyNames(graph);
  verifyEnds(graph, seen);
}

const place = (graph: Graph, node: Node): string =>
  `graph '${graph.name}', node ${node.id} (${node.op}) '${node.origin.path}'`;

function verifyType(graph: Graph, node: Node): void {
  const inferred = infer(graph, node);
  invariant(
    sameType(inferred, node.type),
    `${place(graph, node)} is typed ${formatType(node.type)}, its inputs make it ${formatType(inferred)}`,
  );
}

function infer(graph: Graph, node: Node): Node['type'] {
  try {
    return inferType<OpName>(
      node.op,
      node.attrs,
      node.inputs.map((n) => n.type),
    );
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new InvariantError(`${error.message} (${place(graph, node)})`, { cause: error });
  }
}

function verifyNames(graph: Graph): void {
  const sources = graph.nodes.flatMap((n) => (n.op === 'source' ? [n.attrs.name] : []));
  const outputs = graph.outputs.map((o) => o.name);
  for (const names of [sources, outputs]) {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    invariant(twice === undefined, `graph '${graph.name}' has two tensors '${twice}'`);
  }
}

function verifyEnds(graph: Graph, seen: ReadonlySet<Node>): void {
  for (const { name, value } of graph.outputs)
    invariant(seen.has(value), `graph '${graph.name}': output '${name}' is no node of it`);
  const updated = new Set<Node>();
  for (const { source, value } of graph.updates) {
    const { name } = source.attrs;
    invariant(seen.has(source) && seen.has(value), `graph '${graph.name}': the update of '${name}' is no node of it`);
    invariant(
      sameType(source.type, value.type),
      `graph '${graph.name}': the update of '${name}' is ${formatType(value.type)}`,
    );
    invariant(source.attrs.role !== 'input', `graph '${graph.name}': '${name}' is an input and has an update`);
    invariant(!updated.has(source), `graph '${graph.name}': two updates of '${name}'`);
    updated.add(source);
  }
}
