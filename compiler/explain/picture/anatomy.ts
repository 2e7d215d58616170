// Takes: layers. Gives: their distinct parts, their distinct blocks, and which each layer uses.
// Promises: layers whose equations differ only in which mixer, ffn or number stands at a place share one block.
import type { BlockExpr, FfnSpec, Layer, MixerSpec, NormSpec } from '../../2-check/model.ts';
import { ffnParameters } from '../../2-check/parameters/ffns.ts';
import { mixerParameters } from '../../2-check/parameters/mixers.ts';
import { dim, elements, norm, type Parameter } from '../../2-check/parameters/parameter.ts';
import type { Swatch } from './draw/drawing.ts';

/** A mixer or a feed-forward as some layers use it. */
export interface Part {
  readonly id: string;
  readonly name: string;
  /** Its name, with its layers where other parts have the same name. */
  readonly label: string;
  readonly role: 'mixer' | 'ffn';
  /** In the first of its layers; others may differ where `varies`. */
  readonly spec: MixerSpec | FfnSpec;
  readonly varies: boolean;
  readonly swatch: Swatch;
  readonly layers: readonly number[];
  /** Of the first of its layers, named within the part: `q.weight`. */
  readonly weights: readonly Parameter[];
  /** Over all its layers: all, and those that one token uses. */
  readonly total: number;
  readonly active: number;
}

/** One wiring; `slots[i]` lists the parts that stand at its i-th place in some layer, in order of use. */
export interface Block {
  /** What its layers have in common. */
  readonly key: string;
  /** `main` */
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly slots: readonly (readonly Part[])[];
  /** Of the norms of all its layers. */
  readonly normParameters: number;
}

export interface LayerParts {
  readonly block: string;
  /** By slot of its block. */
  readonly parts: readonly Part[];
}

export interface Anatomy {
  readonly parts: readonly Part[];
  readonly blocks: readonly Block[];
  /** By layer. */
  readonly layers: readonly LayerParts[];
}

export type PartExpr = Extract<BlockExpr, { kind: 'mixer' | 'ffn' }>;

/** More specifications than this under one name are one part that varies by layer. */
const mostVariants = 4;

export function anatomyOf(layers: readonly Layer[], dModel: number): Anatomy {
  const parts = distinctParts(layers, dModel);
  const used = layers.map((layer) => ({
    block: blockKey(layer),
    parts: [...partsUsed(layer).values()].flatMap((expr) => parts.get(partKey(expr, layer.index)) ?? []),
  }));
  return { parts: [...new Set(parts.values())], blocks: distinctBlocks(layers, used, dModel), layers: used };
}

/** The parts of a layer in order of use; the n-th distinct one is the block's n-th slot. */
export function partsUsed(layer: Layer): ReadonlyMap<string, PartExpr> {
  const parts = new Map<string, PartExpr>();
  eachExpr(layer, (expr) => {
    if ((expr.kind === 'mixer' || expr.kind === 'ffn') && !parts.has(slotKey(expr))) parts.set(slotKey(expr), expr);
  });
  return parts;
}

export const slotKey = ({ kind, name }: PartExpr): string => `${kind} ${name}`;

/** Inputs before what they feed. */
function eachExpr(layer: Layer, visit: (expr: BlockExpr) => void): void {
  const walk = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(walk);
    if ('input' in expr) walk(expr.input);
    visit(expr);
  };
  layer.equations.forEach(({ value }) => walk(value));
}

/** Everything but how the weights start, which may differ by layer; a layer that is pointed at counts from here. */
function partKey({ kind, name, spec }: PartExpr, layer: number): string {
  return JSON.stringify([kind, name, spec], (key, value: unknown) => {
    if (key === 'kvFrom' && typeof value === 'number') return layer - value;
    return key === 'init' || key.endsWith('Init') ? undefined : value;
  });
}

interface Use {
  readonly expr: PartExpr;
  readonly keys: string[];
  readonly layers: number[];
  readonly weights: Parameter[][];
}

function distinctParts(layers: readonly Layer[], dModel: number): ReadonlyMap<string, Part> {
  const uses = new Map<string, Use>();
  for (const layer of layers) {
    for (const expr of partsUsed(layer).values()) {
      const key = partKey(expr, layer.index);
      const use = uses.get(key) ?? { expr, keys: [key], layers: [], weights: [] };
      use.layers.push(layer.index);
      use.weights.push(weightsOf(expr, dModel));
      uses.set(key, use);
    }
  }
  const counts = { mixer: 0, ffn: 0 };
  const parts = new Map<string, Part>();
  const joined = joinVariants([...uses.values()]);
  for (const use of joined) {
    const alone = joined.every(({ expr }) => expr === use.expr || slotKey(expr) !== slotKey(use.expr));
    const part = toPart(use, `${use.expr.kind}-${counts[use.expr.kind]++ % 5}`, alone);
    for (const key of use.keys) parts.set(key, part);
  }
  return parts;
}

/** Many variants of one name become one use. */
function joinVariants(uses: readonly Use[]): Use[] {
  const byName = new Map<string, Use[]>();
  for (const use of uses) byName.set(slotKey(use.expr), [...(byName.get(slotKey(use.expr)) ?? []), use]);
  return [...byName.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || same.length <= mostVariants) return same;
    return [{
      expr: first.expr,
      keys: same.flatMap(({ keys }) => keys),
      layers: same.flatMap(({ layers }) => layers).sort((a, b) => a - b),
      weights: same.flatMap(({ weights }) => weights),
    }]; // prettier-ignore
  });
}

function weightsOf(expr: PartExpr, dModel: number): Parameter[] {
  const width = dim('d_model', dModel);
  return expr.kind === 'mixer' ? mixerParameters(expr.spec, width) : ffnParameters(expr.spec, width);
}

function toPart({ expr, keys, layers, weights }: Use, swatch: Swatch, alone: boolean): Part {
  const all = weights.flat();
  return {
    id: `${expr.kind}-${expr.name}-${layers[0] ?? 0}`,
    name: expr.name,
    label: alone ? expr.name : `${expr.name}, ${layerRanges(layers)}`,
    role: expr.kind,
    spec: expr.spec,
    varies: keys.length > 1,
    swatch,
    layers,
    weights: weights[0] ?? [],
    total: all.reduce((sum, weight) => sum + elements(weight), 0),
    active: Math.round(all.reduce((sum, weight) => sum + elements(weight) * weight.active, 0)),
  };
}

/** `layer 0`, `layers 1..23`, `layers 0, 2, … 30` */
function layerRanges(layers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const layer of layers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === layer - 1) last[1] = layer;
    else ranges.push([layer, layer]);
  }
  const texts = ranges.map(([from, to]) => (from === to ? String(from) : `${from}..${to}`));
  const shown = texts.length <= 3 ? texts.join(', ') : `${texts.slice(0, 2).join(', ')}, … ${texts.at(-1) ?? ''}`;
  return `layer${layers.length === 1 ? '' : 's'} ${shown}`;
}

/** What two layers of one block have in common. */
function blockKey(layer: Layer): string {
  const slots = [...partsUsed(layer).keys()];
  const shape = (expr: BlockExpr): unknown => {
    switch (expr.kind) {
      case 'ref':
        return expr.name;
      case 'number':
        return '#';
      case 'arithmetic':
        return [expr.operator, shape(expr.left), shape(expr.right)];
      case 'norm':
        return [expr.instance, expr.spec, shape(expr.input)];
      case 'mixer':
      case 'ffn':
        return [expr.kind, slots.indexOf(slotKey(expr)), shape(expr.input)];
    }
  };
  return JSON.stringify([blockName(layer), layer.equations.map(({ name, value }) => [name, shape(value)])]);
}

/** `main(local)` -> `main` */
function blockName({ block }: Layer): string {
  return block.split('(')[0] ?? block;
}

function distinctBlocks(layers: readonly Layer[], used: readonly LayerParts[], dModel: number): Block[] {
  const keys = [...new Set(used.map(({ block }) => block))];
  return keys.map((key) => {
    const own = layers.filter((_, i) => used[i]?.block === key);
    const uses = used.filter(({ block }) => block === key).map(({ parts }) => parts);
    const slots = (uses[0] ?? []).map((_, slot) => [...new Set(uses.flatMap((parts) => parts[slot] ?? []))]);
    const [first] = own;
    return {
      key,
      name: first === undefined ? key : blockName(first),
      layers: own,
      slots,
      normParameters: first === undefined ? 0 : own.length * normParameters(first, dModel),
    };
  });
}

/** Of each norm instance once. */
function normParameters(layer: Layer, dModel: number): number {
  const norms = new Map<string, NormSpec>();
  eachExpr(layer, (expr) => {
    if (expr.kind === 'norm') norms.set(expr.instance, expr.spec);
  });
  const weights = [...norms].flatMap(([name, spec]) => norm(name, spec, dim('d_model', dModel)));
  return weights.reduce((sum, weight) => sum + elements(weight), 0);
}
