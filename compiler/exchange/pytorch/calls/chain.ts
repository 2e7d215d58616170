// Takes: the calls of the layers. Gives: the loop that they are.
// Promises: null where a layer reads or gives more than the hidden state and tables of rotations: then each is called by itself.
import type { Model } from '../../../2-check/model.ts';
import type { Node } from '../../../3-graph/ops.ts';
import type { Region } from './regions.ts';
import { ropeLabel, ropesGiven, type RopeTable } from './ropes.ts';

export interface Chain {
  readonly input: Node;
  readonly output: Node;
  /** Whether all layers are given the same tables. */
  readonly isUniform: boolean;
  /** All that any layer is given. */
  readonly tables: readonly Node[];
  /** What each kind of layer is given, by the name of the kind. */
  readonly labels: ReadonlyMap<string, readonly RopeTable[]>;
}

export function chainOf(model: Model, root: Region, ropes: readonly RopeTable[]): Chain | null {
  const regions = model.layers.map(({ index }) => root.children.find(({ path }) => path === `layers.${index}`));
  const tables = new Set(ropes.flatMap(({ cos, sin }) => [cos, sin]));
  const links = regions.map((region) => region && linkOf(region, tables));
  const [first] = links;
  const last = links.at(-1);
  if (!first || !last) return null;
  const isLinked = links.every((link, i) => link && (i === 0 || link.input === links[i - 1]?.output));
  const isRead = root.children.some((child) => !regions.includes(child) && links.slice(0, -1).some((link) => link && child.inputs.includes(link.output))); // prettier-ignore
  if (!isLinked || isRead) return null;
  const labels = new Map(regions.flatMap((region) => {
    const given = region ? ropesGiven(region, ropes) : [];
    return [[ropeLabel(given), given] as const];
  })); // prettier-ignore
  return {
    input: first.input,
    output: last.output,
    isUniform: labels.size === 1,
    tables: [...tables],
    labels,
  };
}

function linkOf(
  { inputs, outputs }: Region,
  tables: ReadonlySet<Node>,
): { readonly input: Node; readonly output: Node } | null {
  const [input, ...others] = inputs.filter((node) => !tables.has(node));
  const [output, second] = outputs;
  if (!input || !output || others.length > 0 || second) return null;
  return { input, output };
}
