// Takes: a forward graph and its model. Gives: the tables of rotations of the model, and Python that makes each.
// Promises: frequencies by their formula where the table is what the formula gives, else the numbers themselves.
import { invariant } from '../../../diagnostics.ts';
import type { Model, RopeSpec } from '../../../2-check/model.ts';
import { eachPart } from '../../../2-check/resolve/parts.ts';
import type { Graph, Node } from '../../../3-graph/ops.ts';
import { ropeFrequencies } from '../../../3-graph/model/rope-frequencies.ts';
import type { HelperName } from '../ops/scope.ts';
import { float } from '../python/python.ts';
import { ropeTables, type Region } from './regions.ts';

export interface RopeTable {
  /** The mixer that has it: `local`. */
  readonly label: string;
  readonly cos: Node;
  readonly sin: Node;
  /** `frequencies(10_000.0, 64, device)` */
  inverse(use: (helper: HelperName) => string, device: string): string;
  /** `rope_tables(inverse, t)` */
  text(use: (helper: HelperName) => string, inverse: string): string;
}

export function ropesOf(graph: Graph, model: Model): RopeTable[] {
  const pairs = new Map<string, { cos?: Node; sin?: Node; first: Node }>();
  for (const node of ropeTables(graph)) {
    const { fn, ...rest } = tableOf(node);
    const key = JSON.stringify(rest);
    const pair = pairs.get(key) ?? { first: node };
    pairs.set(key, { ...pair, [fn]: node });
  }
  const specs = ropeSpecs(model);
  const labels = new Set<string>();
  return [...pairs.values()].map(({ cos, sin, first }) => {
    invariant(cos && sin, 'a rotation without its cos or sin');
    invariant(first.inputs[1]?.op === 'iota', 'rotations of positions that do not start at 0');
    const wanted = first.origin.path.split('.')[2] ?? 'rope';
    const label = labels.has(wanted) ? `${wanted}_${labels.size + 1}` : wanted;
    labels.add(label);
    const table = tableOf(first);
    return {
      label,
      cos,
      sin,
      inverse: (use, device) => frequenciesText(pairsOf(table).pairs, specs, use, device),
      text: (use, inverse) => tableText(table, use, inverse),
    };
  });
}

function tableOf(node: Node) {
  const [table] = node.inputs;
  invariant(table?.op === 'constant' && table.attrs.data.kind === 'rope_table', 'a table of rotations');
  return table.attrs.data;
}

function ropeSpecs(model: Model): RopeSpec[] {
  const specs: RopeSpec[] = [];
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer' && 'rope' in expr.spec && expr.spec.rope) specs.push(expr.spec.rope);
  });
  return specs;
}

type Table = ReturnType<typeof tableOf>;
type Use = (helper: HelperName) => string;

/** One frequency a pair, however the pairs lie. */
function pairsOf({ inverseFrequencies: all }: Table): { readonly pairs: readonly number[]; readonly isHalf: boolean } {
  const half = all.length / 2;
  const isHalf = all.slice(0, half).join() === all.slice(half).join();
  return { isHalf, pairs: isHalf ? all.slice(0, half) : all.filter((_, i) => i % 2 === 0) };
}

function tableText(table: Table, use: Use, inverse: string): string {
  const { factor } = table;
  const options = [
    ...(pairsOf(table).isHalf ? [] : ['interleaved=True']),
    ...(factor === 1 ? [] : [`factor=${float(factor)}`]),
  ];
  return `${use('rope_tables')}(${[inverse, 't', ...options].join(', ')})`;
}

function frequenciesText(pairs: readonly number[], specs: readonly RopeSpec[], use: Use, device: string): string {
  const spec = specs.find((each) => ropeFrequencies(each).inverse.join() === pairs.join());
  const known = spec && formula(spec, use, device);
  return known ?? `torch.tensor([${pairs.map(float).join(', ')}], dtype=torch.float64, device=${device})`;
}

function formula({ dim, theta, scaling }: RopeSpec, use: Use, device: string): string | null {
  const plain = `${use('frequencies')}(${float(theta)}, ${dim}, ${device})`;
  if (scaling.kind === 'none') return plain;
  if (scaling.kind === 'linear') return `${plain} / ${float(scaling.factor)}`;
  if (scaling.kind !== 'llama3') return null;
  const { factor, low, high, original } = scaling;
  const keys = { factor, low, high, original };
  return `${use('llama3')}(${[plain, ...Object.entries(keys).map(([key, value]) => `${key}=${float(value)}`)].join(', ')})`; // prettier-ignore
}

/** The tables a layer is given, in the order of its inputs. */
export function ropesGiven({ inputs }: Region, ropes: readonly RopeTable[]): RopeTable[] {
  const given = ropes.filter(({ cos, sin }) => inputs.includes(cos) || inputs.includes(sin));
  return given.sort((x, y) => inputs.indexOf(x.cos) - inputs.indexOf(y.cos));
}

/** `local`; `none`: it turns nothing. */
export const ropeLabel = (given: readonly RopeTable[]): string =>
  given.length === 0 ? 'none' : given.map(({ label }) => label).join('_');
