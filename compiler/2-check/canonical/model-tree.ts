// Takes: a checked model. Gives: its canonical tree: every key of the model block, resolved, in a fixed order.
// Promises: depends on what the model computes and how it starts, not on how its file was written.
import { mixerParameters } from '../parameters/mixers.ts';
import { ffnParameters } from '../parameters/ffns.ts';
import { dim, startOf, type Parameter } from '../parameters/parameter.ts';
import type { BlockExpr, FfnSpec, Init, Layer, MixerSpec, Model, NormSpec, TransformSpec } from '../model.ts';
import { ffnTree } from './ffn-trees.ts';
import { mixerTree } from './mixer-trees.ts';
import { mtpTree } from './mtp-tree.ts';
import { activationTree, branch, equationText, initText, mergeLayers, normTree, type Tree } from './tree.ts';

/** `head` before the key's path, `value` after its `=`. */
export interface CanonicalItem {
  /** `mixer attn`, `vocab` */
  readonly head: string;
  /** What the path of its entries starts with: `attn`, `vocab`. */
  readonly path: string;
  readonly value: Tree;
}

/** Per layer, what a name stands for; undefined where the layer does not use it. */
type PerLayer<T> = (T | undefined)[];

export interface Parts {
  readonly norms: Map<string, PerLayer<NormSpec>>;
  readonly mixers: Map<string, PerLayer<MixerSpec>>;
  readonly ffns: Map<string, PerLayer<FfnSpec>>;
}

export function canonicalItems(model: Model): CanonicalItem[] {
  const parts = collect(model);
  return [
    plain('vocab', model.vocab),
    plain('context', model.context),
    plain('d_model', model.dModel),
    plain('n_layers', model.nLayers),
    ...named('norm', parts.norms, normTree),
    { head: 'embed', path: 'embed', value: embedTree(model) },
    ...named('mixer', parts.mixers, mixerTree),
    ...named('ffn', parts.ffns, ffnTree),
    ...blockItems(model, parts),
    { head: 'head', path: 'head', value: headTree(model) },
    { head: 'init', path: 'init', value: initTree(model, parts) },
  ];
}

export function plain(path: string, value: number): CanonicalItem {
  return { head: path, path, value: String(value) };
}

export function named<T>(role: string, parts: Map<string, PerLayer<T>>, tree: (spec: T) => Tree): CanonicalItem[] {
  return [...parts].map(([path, layers]) => ({ head: `${role} ${path}`, path, value: perLayer(layers, tree) }));
}

/** The same value in every layer prints once; a layer that does not use the part takes the value of one that does. */
function perLayer<T>(layers: PerLayer<T>, tree: (spec: T) => Tree): Tree {
  const used = layers.find((spec) => spec !== undefined);
  if (used === undefined) return 'none';
  let last = used;
  return mergeLayers(layers.map((spec) => tree((last = spec ?? last))));
}

/** A stack, of a model or of a tower. */
export type Stacked = Pick<Model, 'dModel' | 'nLayers' | 'layers' | 'mtp'>;

/** The stack, and the layer of multi-token prediction behind it. */
function layersOf({ layers, mtp }: Stacked): readonly Layer[] {
  return mtp === null ? layers : [...layers, mtp.layer];
}

export function collect(model: Stacked): Parts {
  const layers = layersOf(model);
  const parts: Parts = { norms: new Map(), mixers: new Map(), ffns: new Map() };
  const put = <T>(map: Map<string, PerLayer<T>>, name: string, index: number, spec: T): void => {
    const list = map.get(name) ?? Array.from({ length: layers.length }, () => undefined);
    list[index] = spec;
    map.set(name, list);
  };
  const visit = (expr: BlockExpr, index: number): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach((side) => visit(side, index));
    if (!('input' in expr)) return;
    visit(expr.input, index);
    if (expr.kind === 'norm') put(parts.norms, templateOf(expr.instance), index, expr.spec);
    if (expr.kind === 'mixer') put(parts.mixers, expr.name, index, expr.spec);
    if (expr.kind === 'ffn') put(parts.ffns, expr.name, index, expr.spec);
  };
  for (const { index, equations } of layers) for (const { value } of equations) visit(value, index);
  for (const { norm, instance } of model.mtp?.input ?? []) {
    if (norm !== null && instance !== null) put(parts.norms, templateOf(instance), layers.length - 1, norm);
  }
  return parts;
}

function templateOf(instance: string): string {
  return instance.split('.')[0] ?? instance;
}

function embedTree(model: Model): Tree {
  const { embed } = model;
  return branch('token', {
    tie: embed.tied ? 'head' : 'none',
    pad_to: embed.rows === model.vocab ? null : embed.rows,
    dim: embed.factor?.dim ?? null,
    scale: embed.scale,
    pos: positionText(embed),
    norm: embed.norm === null ? 'none' : normTree(embed.norm),
  });
}

function positionText({ positions, sinusoidal }: Model['embed']): string {
  if (sinusoidal !== null) {
    const { theta, offset, spacing } = sinusoidal;
    return `sinusoidal(theta = ${theta}, offset = ${offset}, spacing = ${spacing})`;
  }
  return positions === null ? 'none' : `learned(length = ${positions.length}, offset = ${positions.offset})`;
}

function headTree({ head }: Model): Tree {
  const { transform, factor, scale, softcap, bias } = head;
  const norm = head.norm === null ? 'none' : normTree(head.norm);
  const layer = transform === null ? 'none' : transformTree(transform);
  return branch('lm', { norm, transform: layer, dim: factor?.dim ?? null, scale, softcap, bias });
}

function transformTree({ act, norm, projection }: TransformSpec): Tree {
  const { bias } = projection;
  return branch('transform', { act: activationTree(act), bias, norm: norm === null ? 'none' : normTree(norm) });
}

/** Blocks by their layers' labels, `main(local)` as `main_local`; the stack layer by layer. */
export function blockItems(model: Stacked, parts: Parts): CanonicalItem[] {
  const { nLayers, mtp } = model;
  const taken = new Set<string>([...parts.norms.keys(), ...parts.mixers.keys(), ...parts.ffns.keys()]);
  const blocks = new Map<string, string>();
  const items: CanonicalItem[] = [];
  const order = layersOf(model).map(({ block, equations }) => {
    const keys = equations.map(({ name, value }) => [name, equationText(value)] as const);
    const label = block.replaceAll(/\W+/g, '_').replace(/_$/, '');
    const id = `${label}\n${keys.join('\n')}`;
    const known = blocks.get(id);
    if (known !== undefined) return known;
    let name = label;
    for (let n = 2; taken.has(name); n += 1) name = `${label}_${n}`;
    taken.add(name);
    blocks.set(id, name);
    items.push({ head: `block ${name}`, path: name, value: { constructor: '', keys } });
    return name;
  });
  const stack = { head: `stack ${nLayers}`, path: 'stack', value: `[${runs(order.slice(0, nLayers)).join(', ')}]` };
  if (mtp === null) return [...items, stack];
  return [...items, stack, { head: 'mtp', path: 'mtp', value: mtpTree(mtp, order.at(-1) ?? '') }];
}

/** a, a, b -> a * 2, b */
function runs(names: readonly string[]): string[] {
  const list: { name: string; times: number }[] = [];
  for (const name of names) {
    const last = list.at(-1);
    if (last?.name === name) last.times += 1;
    else list.push({ name, times: 1 });
  }
  return list.map(({ name, times }) => (times === 1 ? name : `${name} * ${times}`));
}

/** How each linear map starts, by its parameter: `attn.q`, `moe.expert.up`. */
function initTree(model: Model, parts: Parts): Tree {
  const { embed, head, mtp, dModel } = model;
  const keys: [string, Tree][] = [['embed', initText(startOf(embed.init, 1))]];
  if (embed.positions !== null) keys.push(['embed.positions', initText(startOf(embed.positions.init, 1))]);
  if (embed.factor) keys.push(['embed.project', initText(startOf(embed.factor.projection.init, embed.factor.dim))]);
  if (head.transform) keys.push(['head.transform', initText(startOf(head.transform.projection.init, dModel))]);
  if (head.factor) keys.push(['head.project', initText(startOf(head.factor.projection.init, dModel))]);
  if (!embed.tied) keys.push(['head', initText(startOf(head.init, head.factor?.dim ?? dModel))]);
  if (mtp !== null) keys.push(['mtp.project', initText(startOf(mtp.projection.init, dModel * mtp.input.length))]);
  return { constructor: '', keys: [...keys, ...partStarts(model, parts)] };
}

/** How the linear maps of the layers start. */
export function partStarts({ dModel }: Stacked, parts: Parts): [string, Tree][] {
  const keys: [string, Tree][] = [];
  const add = <T>(name: string, layers: PerLayer<T>, parameters: (spec: T) => readonly Parameter[]): void => {
    const maps = layers.map((spec) => (spec === undefined ? undefined : startsOf(parameters(spec))));
    for (const part of new Set(maps.flatMap((map) => [...(map?.keys() ?? [])]))) {
      const inits = maps.map((map) => map?.get(part));
      keys.push([`${name}.${part}`, perLayer(inits, initText)]);
    }
  };
  const width = dim('d_model', dModel);
  for (const [name, layers] of parts.mixers) add(name, layers, (spec) => mixerParameters(spec, width));
  for (const [name, layers] of parts.ffns) add(name, layers, (spec) => ffnParameters(spec, width));
  return keys;
}

/** Only linear maps have targets in `init`; how gains and decays start is said where they are. */
function startsOf(parameters: readonly Parameter[]): ReadonlyMap<string, Init> {
  const matrices = parameters.filter((each) => each.class === 'matrix');
  return new Map(matrices.map(({ name, init }) => [name.replace(/\.weight$/, ''), init]));
}
