// Takes: a checked model. Gives: every tensor a checkpoint of it holds, with the names by which a map may call it.
// Promises: the names of a part's role do not depend on what the file calls it; the most special name first.
import type { BlockExpr, Equation, FfnSpec, GqaSpec, Layer, MixerSpec, Model } from '../model.ts';
import { dim, type Parameter } from '../parameters/parameter.ts';
import {
  embedParameters,
  equationParameters,
  equationStates,
  headParameters,
  mtpModule,
} from '../parameters/parameters.ts';

export interface Place {
  /** `layers.3.attn.q.weight` */
  readonly parameter: Parameter;
  /** `attn.q.weight`, `attn.q`, `gqa.q.weight`, ..., `mixer.q`. */
  readonly names: readonly string[];
  /** What `{layer}` stands for: a module of mtp counts on behind the stack. Null outside the layers. */
  readonly layer: number | null;
  /** Of the mixer it belongs to, for rows that stand by heads. */
  readonly heads: Heads | null;
}

export type Heads = Pick<GqaSpec, 'heads' | 'kvHeads' | 'headDim' | 'vDim' | 'rope'>;

export function placesOf(model: Model): readonly Place[] {
  const ends = (list: readonly Parameter[]): Place[] =>
    list.map((parameter) => ({ parameter, names: namesOf('', [''], parameter.name), layer: null, heads: null }));
  return [
    ...ends(embedParameters(model)),
    ...model.layers.flatMap((layer) => layerPlaces(layer, model, '')),
    ...ends(headParameters(model)),
    ...mtpPlaces(model),
  ];
}

/** A part of a layer: its names, the role's last, and its heads. */
interface Named {
  readonly aliases: readonly string[];
  readonly heads: Heads | null;
}

const known = new WeakMap<readonly Equation[], ReadonlyMap<string, Named>>();

/** `prefix`: `mtp.` before names of a module's layer, which are the layer's own names as well. */
function layerPlaces({ index, equations }: Layer, { dModel }: Model, prefix: string): Place[] {
  const parts = known.get(equations) ?? partsOf(equations);
  known.set(equations, parts);
  const width = dim('d_model', dModel);
  const longest = [...parts.keys()].sort((a, b) => b.length - a.length);
  const path = prefix === '' ? `layers.${index}` : '';
  return [...equationParameters(equations, width), ...equationStates(equations)].map((parameter) => {
    const own = longest.find((name) => parameter.name.startsWith(`${name}.`)) ?? '';
    const { aliases, heads } = parts.get(own) ?? { aliases: [own], heads: null };
    const names = namesOf(own, aliases, parameter.name);
    const all = prefix === '' ? names : [...names.map((name) => `${prefix}${name}`), ...names];
    return { parameter: path === '' ? parameter : { ...parameter, name: `${path}.${parameter.name}` }, names: all, layer: index, heads }; // prettier-ignore
  });
}

/** `own` at the front of a name gives way to each alias; the main tensor of a map or norm goes by its path alone. */
function namesOf(own: string, aliases: readonly string[], name: string): string[] {
  const rest = own === '' ? name : name.slice(own.length + 1);
  return aliases.flatMap((alias) => {
    const full = alias === '' ? rest : `${alias}.${rest}`;
    const short = full.replace(/\.(weight|gain)$/, '');
    return short === full ? [full] : [full, short];
  });
}

function mtpPlaces(model: Model): Place[] {
  const { mtp, nLayers } = model;
  if (mtp === null) return [];
  const inputs = mtp.input.map(({ from, instance }) => [instance ?? 'norm', `${from}_norm`] as const);
  return Array.from({ length: mtp.depth }, (_, depth): Place[] => {
    const layer: Layer = { ...mtp.layer, index: nLayers + depth };
    const inLayer = layerPlaces(layer, model, 'mtp.');
    const ends = mtpModule(model).filter(({ name }) => !inLayer.some(({ parameter }) => parameter.name === name));
    const own = ends.map((parameter): Place => {
      const input = inputs.find(([name]) => parameter.name.startsWith(`${name}.`));
      const aliases = input === undefined ? [''] : input;
      const names = namesOf(input?.[0] ?? '', aliases, parameter.name).map((name) => `mtp.${name}`);
      return { parameter, names, layer: layer.index, heads: null };
    });
    return [...own, ...inLayer].map((each) => ({ ...each, parameter: { ...each.parameter, name: `mtp.${depth}.${each.parameter.name}` } })); // prettier-ignore
  }).flat();
}

/**
 * A mixer goes by its name, its constructor and `mixer`, an ffn likewise. A norm goes by its instance and by its place:
 * `mixer.norm` is the one whose value a mixer takes, `mixer.post_norm` the one over a mixer's output, alone or with the
 * residual added; `ffn.norm` and `ffn.post_norm` likewise.
 */
function partsOf(equations: readonly Equation[]): ReadonlyMap<string, Named> {
  const parts = new Map<string, Named>();
  const values = new Map<string, BlockExpr>();
  const add = (name: string, { aliases, heads = null }: Partial<Named>): void => {
    const old = parts.get(name)?.aliases ?? [name];
    parts.set(name, { aliases: [...new Set([...old, ...(aliases ?? [])])], heads });
  };
  const settle = (expr: BlockExpr): BlockExpr => {
    const value = expr.kind === 'ref' ? values.get(expr.name) : undefined;
    return value === undefined ? expr : settle(value);
  };
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if (!('input' in expr)) return;
    visit(expr.input);
    const input = settle(expr.input);
    if (expr.kind === 'norm') {
      const over = [input, ...summands(expr.input)].find(({ kind }) => kind === 'mixer' || kind === 'ffn');
      return add(expr.instance, { aliases: over === undefined ? [] : [`${over.kind}.post_norm`] });
    }
    if (input.kind === 'norm') add(input.instance, { aliases: [`${expr.kind}.norm`] });
    const { name, spec } = expr;
    add(name, { aliases: [name, spec.kind, expr.kind], heads: headsOf(spec) });
  };
  for (const { name, value } of equations) {
    visit(value);
    values.set(name, value);
  }
  return parts;
}

/** Of a mixer of heads all alike; null: of none. */
function headsOf(spec: MixerSpec | FfnSpec): Heads | null {
  if (spec.kind === 'gqa') return spec;
  if (!('headDim' in spec)) return null;
  const { heads, headDim } = spec;
  return { heads, headDim, kvHeads: heads, vDim: headDim, rope: null };
}

function summands(expr: BlockExpr): BlockExpr[] {
  if (expr.kind !== 'arithmetic') return [expr];
  return expr.operator === '+' || expr.operator === '-' ? [expr.left, expr.right].flatMap(summands) : [];
}
