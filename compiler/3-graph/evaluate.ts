// Takes: a graph, a size for each symbol and the values of its sources. Gives: outputs and updated sources.
// Promises: the oracle: a slow, clear float64 meaning of every op; `random` gives the very bits of the kernels.
import { invariant } from '../diagnostics.ts';
import { compositeRules } from './evaluate/composites.ts';
import { primitiveRules } from './evaluate/primitives.ts';
import type { EvaluateRule } from './evaluate/primitives.ts';
import { roundToHalf } from './expr/half.ts';
import { boundDims, countOf } from './evaluate/tensor.ts';
import type { Tensor } from './evaluate/tensor.ts';
import type { Graph, Node, OpName } from './ops.ts';
import type { Sizes } from './types.ts';

export type NumericArray = ArrayLike<number>;

export interface Evaluation {
  readonly outputs: Map<string, Tensor>;
  /** By the name of the source: what its storage holds after the run. */
  readonly updates: Map<string, Tensor>;
}

const rules: { readonly [K in OpName]: EvaluateRule<K> } = { ...primitiveRules, ...compositeRules };

/**
 * `values`: row-major elements of each source by name; a state that is not given is zero, a shadow its rounded parameter.
 * @throws InvariantError for a source without values, values of another length, or an index out of range.
 */
export function evaluate(graph: Graph, sizes: Sizes, values: ReadonlyMap<string, NumericArray>): Evaluation {
  const done = evaluateNodes(graph.nodes, sizes, values);
  const valueOf = (node: Node): Tensor => {
    const value = done.get(node);
    invariant(value, `node ${node.id} is not in graph '${graph.name}'`);
    return value;
  };
  return {
    outputs: new Map(graph.outputs.map(({ name, value }) => [name, valueOf(value)])),
    updates: new Map(graph.updates.map(({ source, value }) => [source.attrs.name, valueOf(value)])),
  };
}

/** The value of every node, for tests that look inside. */
export function evaluateNodes(
  nodes: readonly Node[],
  sizes: Sizes,
  values: ReadonlyMap<string, NumericArray>,
): Map<Node, Tensor> {
  const done = new Map<Node, Tensor>();
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => {
      const value = done.get(input);
      invariant(value, `node ${node.id} reads node ${input.id} before it is there`);
      return value;
    });
    done.set(node, evaluateNode(node, inputs, sizes, values));
  }
  return done;
}

/** What a source holds that was not given. */
function standIn(node: Node, count: number, values: ReadonlyMap<string, NumericArray>): NumericArray | undefined {
  if (node.op !== 'source') return undefined;
  const { role, of } = node.attrs;
  if (role === 'state') return new Float64Array(count);
  const parameter = of === undefined ? undefined : values.get(of);
  return parameter && Float64Array.from(parameter, roundToHalf);
}

function evaluateNode(
  node: Node,
  inputs: readonly Tensor[],
  sizes: Sizes,
  values: ReadonlyMap<string, NumericArray>,
): Tensor {
  const dims = boundDims(node.type, sizes);
  const rule = rules[node.op] as EvaluateRule<OpName>;
  const data = rule(node, inputs, dims, (name) => {
    const given = values.get(name) ?? standIn(node, countOf(dims), values);
    invariant(given, `no values for the source '${name}'`);
    return given;
  });
  invariant(data.length === countOf(dims), `${node.op} '${node.origin.path}' gave ${data.length} elements`);
  return { type: node.type.type, dims, data };
}
