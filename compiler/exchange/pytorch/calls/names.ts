// Takes: a value of a region. Gives: what a person would call it: the name of the equation, of the linear map it comes from.
// Promises: a name for every value; a value that is only moved, normed or rotated keeps the name it had.
import type { Layer, Model } from '../../../2-check/model.ts';
import type { Node } from '../../../3-graph/ops.ts';
import { childWith, type Region, type Regions } from './regions.ts';

/** Names of values by the equations of the layers. */
export function equationNames(model: Model, layers: ReadonlyMap<string, Region>): ReadonlyMap<Node, string> {
  // prettier-ignore
  const names = new Map<Node, string>();
  for (const layer of model.layers) {
    const region = layers.get(`layers.${layer.index}`);
    if (region) nameEquations(layer, region, names);
  }
  return names;
}

function nameEquations({ equations }: Layer, region: Region, names: Map<Node, string>): void {
  for (const { name, value, span } of equations) {
    const at = value.kind === 'arithmetic' ? span : value.span;
    const isHere = (node: Node): boolean => node.origin.span?.start === at.start && node.origin.span.end === at.end;
    const own = region.nodes.filter(isHere).at(-1);
    const called = region.children.flatMap(({ outputs }) => outputs).find(isHere);
    const node = own ?? called;
    if (node && !names.has(node)) names.set(node, name);
  }
}

/** Ops whose result is what their first input was, elsewhere or otherwise. */
const keeping: ReadonlySet<Node['op']> = new Set([
  'split', 'merge', 'permute', 'slice', 'pad', 'concat', 'broadcast', 'rename', 'rope', 'rotate_pairs', 'norm', 'dropout', 'reduce',
]); // prettier-ignore

/** Null: nothing better than the region's own input says what it is. */
export function hintOf(
  node: Node,
  region: Region,
  regions: Regions,
  equations: ReadonlyMap<Node, string>,
): string | null {
  const hint = (value: Node): string | null => hintOf(value, region, regions, equations);
  const named = equations.get(node);
  if (named !== undefined && !region.inputs.includes(node)) return named;
  if (region.inputs.includes(node)) return inputHint(node, regions);
  const child = childWith(region, regions.of, node);
  if (child) {
    const [only] = child.inputs;
    const isNorm = node.op === 'norm' && only !== undefined;
    return (isNorm ? hint(only) : null) ?? lastOf(child.path);
  }
  if (regions.of(node) === null) return fixedHint(node);
  const scope = node.origin.path;
  const isInPart = region.path.split('.').length > 2;
  if (node.op === 'norm' && isInPart && node.inputs[0]) return hint(node.inputs[0]) ?? lastOf(scope);
  if (scope.length > region.path.length && scope !== region.path) return lastOf(scope);
  if (node.op === 'attention') return 'out';
  if (node.op === 'gather') return 'x';
  if (keeping.has(node.op)) return node.inputs[0] ? hint(node.inputs[0]) : null;
  if (node.op === 'contract') return node.type.dims.at(-1)?.name === 'vocab' ? 'logits' : 'y';
  const hints = new Set(node.inputs.filter((input) => regions.of(input)).map(hint));
  const [first] = hints;
  return hints.size === 1 ? (first ?? null) : 'hidden';
}

/** Of what depends on no token. */
function fixedHint(node: Node): string {
  if (node.op === 'source') return lastOf(node.attrs.name);
  const [table] = node.inputs;
  if (table?.op === 'constant' && table.attrs.data.kind === 'rope_table') return table.attrs.data.fn;
  const hints = new Set(node.inputs.map(fixedHint).filter((hint) => hint !== 'table'));
  const [first] = hints;
  if (first !== undefined && node.op !== 'gather' && (hints.size === 1 || readsWeight(node))) return first;
  const isOfHeads = node.type.dims.some(({ name }) => name === 'kv_heads' || name === 'group');
  return !isOfHeads ? 'table' : node.op === 'constant' ? 'slopes' : 'bias';
}

const readsWeight = (node: Node): boolean => node.op === 'source' || node.inputs.some(readsWeight);

export const lastOf = (path: string): string => path.split('.').at(-1) ?? path;

/** Names of what a function takes; null: the hidden state. */
export function inputHint(node: Node, { tables }: Regions): string | null {
  return tables.get(node) ?? (node.op === 'source' ? lastOf(node.attrs.name) : null);
}
