// Takes: a model and the sizes of its tensors. Gives: the constants at the top of model.py.
// Promises: what the code does not name is not there, but for the sizes of the model itself.
import type { Model } from '../../../2-check/model.ts';
import type { Graph } from '../../../3-graph/ops.ts';
import { modelSizes, type Axes } from '../python/axes.ts';
import { integer } from '../python/python.ts';

export function constantsText(model: Model, graph: Graph, axes: Axes, code: string): string {
  const lines = new Map([...modelSizes(model)].map(([name, size]) => [name, integer(size)]));
  const known = [...axes.constants.values()].filter(({ name }) => !lines.has(name));
  const used = new Set<string>();
  const need = (name: string): void => {
    if (used.has(name) || lines.has(name)) return;
    used.add(name);
    products.get(name)?.forEach(need);
  };
  const products = productsOf(graph, axes);
  for (const { name } of known) if (new RegExp(`\\b${name}\\b`).test(code)) need(name);
  const chosen = known.filter(({ name }) => used.has(name));
  for (const { name, size } of chosen) if (!products.has(name)) lines.set(name, integer(size));
  const addProduct = (name: string): void => {
    const factors = products.get(name);
    if (factors === undefined || lines.has(name)) return;
    factors.forEach(addProduct);
    lines.set(name, factors.join(' * '));
  };
  for (const { name } of chosen) addProduct(name);
  return [...lines].map(([name, value]) => `${name} = ${value}`).join('\n');
}

/** `Q_DIM` is `KV_HEADS * GROUP * HEAD_DIM`, as the splits of the graph say. */
function productsOf(graph: Graph, axes: Axes): ReadonlyMap<string, readonly string[]> {
  const products = new Map<string, readonly string[]>();
  for (const node of graph.nodes) {
    if (node.op !== 'split') continue;
    const whole = axes.constants.get(node.attrs.dim);
    const parts = axes.shown(node.attrs.into).map((dim) => axes.constants.get(dim.name));
    const names = parts.flatMap((part) => (part ? [part.name] : []));
    const isKnown = whole && names.length === parts.length && parts.reduce((product, part) => product * (part?.size ?? 0), 1) === whole.size; // prettier-ignore
    if (isKnown && names.length > 1 && !products.has(whole.name)) products.set(whole.name, names);
  }
  return products;
}
