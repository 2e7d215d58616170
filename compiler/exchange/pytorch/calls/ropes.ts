// Takes: a forward graph and its model. Gives: the tables of rotations of the model, and Python that makes each.
// Promises: a table that the rope's own formula does not give is an invariant; frequencies by formula where it is short.
import { invariant } from '../../../diagnostics.ts';
import type { Model, RopeScaling, RopeSpec } from '../../../2-check/model.ts';
import { eachPart } from '../../../2-check/resolve/parts.ts';
import type { Graph, Node, NodeOf } from '../../../3-graph/ops.ts';
import { ropeFrequencies } from '../../../3-graph/model/rope-frequencies.ts';
import type { HelperName } from '../ops/scope.ts';
import { float } from '../python/python.ts';
import type { Region } from './regions.ts';

type Use = (helper: HelperName) => string;

export interface RopeTable {
  /** The mixer that has it: `local`. */
  readonly label: string;
  readonly cos: Node;
  readonly sin: Node;
  /** `frequencies(10_000.0, 64, device)` */
  inverse(use: Use, device: string): string;
  /** `rope_tables(inverse, t)` */
  text(use: Use, inverse: string): string;
}

export function ropesOf(graph: Graph, model: Model): RopeTable[] {
  const tables = new Map<Node, RopeTable>();
  const labels = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op !== 'rope') continue;
    const [, cos, sin] = node.inputs;
    invariant(cos && sin, 'rope has three inputs');
    if (tables.has(cos)) continue;
    const mixer = node.origin.path.split('.')[2] ?? 'rope';
    const label = labels.has(mixer) ? `${mixer}_${labels.size + 1}` : mixer;
    labels.add(label);
    tables.set(cos, { label, cos, sin, ...textsOf(node, specAt(model, node)) });
  }
  return [...tables.values()];
}

/** The rope of the mixer that a rotation is a part of. */
function specAt(model: Model, { origin }: NodeOf<'rope'>): RopeSpec {
  const [, index, mixer] = origin.path.split('.');
  const layers = model.layers.filter((layer) => String(layer.index) === index);
  const found: RopeSpec[] = [];
  eachPart({ ...model, layers }, (expr) => {
    if (expr.kind === 'mixer' && expr.name === mixer && 'rope' in expr.spec && expr.spec.rope)
      found.push(expr.spec.rope);
  });
  const [spec] = found;
  invariant(spec, `no rope at '${origin.path}'`);
  return spec;
}

function textsOf(node: NodeOf<'rope'>, spec: RopeSpec): Pick<RopeTable, 'inverse' | 'text'> {
  const { inverse, factor } = ropeFrequencies(spec);
  checkTable(node, inverse, factor);
  const options = [
    ...(node.attrs.pairing === 'half' ? [] : ['interleaved=True']),
    ...(factor === 1 ? [] : [`factor=${float(factor)}`]),
  ];
  return {
    // The row of the scaling's own kind.
    inverse: (use, device) => (formulas[spec.scaling.kind] as Formula)(spec, spec.scaling, use, device),
    text: (use, given) => `${use('rope_tables')}(${[given, 't', ...options].join(', ')})`,
  };
}

/** A table of the graph is that of the rope: positions from 0, its frequencies, its factor. */
function checkTable({ inputs, origin }: NodeOf<'rope'>, inverse: readonly number[], factor: number): void {
  const [, cos] = inputs;
  const [table, positions] = cos?.inputs ?? [];
  if (cos?.op !== 'gather' || table?.op !== 'constant' || table.attrs.data.kind !== 'rope_table') return;
  const { data } = table.attrs;
  const isOwn = data.factor === factor && data.inverseFrequencies.every((each) => inverse.includes(each));
  invariant(isOwn && positions?.op === 'iota', `a table of rotations at '${origin.path}' that its rope does not have`);
}

type Formula<K extends RopeScaling['kind'] = RopeScaling['kind']> = (
  spec: RopeSpec,
  scaling: Extract<RopeScaling, { readonly kind: K }>,
  use: Use,
  device: string,
) => string;

const plain = ({ theta, dim }: RopeSpec, use: Use, device: string): string =>
  `${use('frequencies')}(${float(theta)}, ${dim}, ${device})`;

const keywords = (keys: Readonly<Record<string, number>>): string =>
  Object.entries(keys).map(([key, value]) => `${key}=${float(value)}`).join(', '); // prettier-ignore

const listed = (list: readonly number[]): string => `[${list.map(float).join(', ')}]`;
const tensor = (list: string, device: string): string => `torch.tensor(${list}, dtype=torch.float64, device=${device})`;

const formulas: { readonly [K in RopeScaling['kind']]: Formula<K> } = {
  none: (spec, _, use, device) => plain(spec, use, device),
  linear: (spec, scaling, use, device) => `${plain(spec, use, device)} / ${float(scaling.factor)}`,
  llama3: (spec, scaling, use, device) => {
    const { factor, low, high, original } = scaling;
    return `${use('llama3')}(${plain(spec, use, device)}, ${keywords({ factor, low, high, original })})`;
  },
  yarn: (spec, _, __, device) => tensor(listed(ropeFrequencies(spec).inverse), device),
  dynamic: ({ theta, dim }, { factor, original }, use, device) => {
    const grown = `${use('grown')}(${float(theta)}, ${dim}, t, ${keywords({ factor, original })})`;
    return `${use('frequencies')}(${grown}, ${dim}, ${device})`;
  },
  longrope: (spec, { original }, _, device) => {
    const { inverse, byLength } = ropeFrequencies(spec);
    invariant(byLength?.kind === 'switch', 'longrope has frequencies of long runs');
    return tensor(`${listed(byLength.inverse)} if t > ${original} else ${listed(inverse)}`, device);
  },
};

/** The tables a layer is given, in the order of its inputs. */
export function ropesGiven({ inputs }: Region, ropes: readonly RopeTable[]): RopeTable[] {
  const given = ropes.filter(({ cos, sin }) => inputs.includes(cos) || inputs.includes(sin));
  return given.sort((x, y) => inputs.indexOf(x.cos) - inputs.indexOf(y.cos));
}

/** `local`; `none`: it turns nothing. */
export const ropeLabel = (given: readonly RopeTable[]): string =>
  given.length === 0 ? 'none' : given.map(({ label }) => label).join('_');
