// Takes: layers with their anatomy. Gives: a figure for each block, mixer and feed-forward, and for what is inside experts.
// Promises: drawn from the equations and the specifications, not from names of families.
import type { BlockExpr, Layer } from '../../2-check/model.ts';
import { printBlockExpr } from '../layers.ts';
import { type Anatomy, type Block, type Part, partsUsed, slotKey } from './anatomy.ts';
import { drawBlock } from './block/block-figure.ts';
import type { Drawing, Swatch } from './draw/drawing.ts';
import { count } from './draw/numbers.ts';
import { drawGrid } from './grid/layout.ts';
import type { Inset } from './inset/inset.ts';
import { insetOf } from './inset/table.ts';

export type Fact = readonly [name: string, value: string];

export interface Figure {
  /** Unique in the picture, fit for an element's id. */
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  readonly swatch: Swatch | null;
  readonly drawing: Drawing;
  /** For those who cannot see it. */
  readonly description: string;
  readonly formula: readonly string[];
  readonly facts: readonly Fact[];
  /** Canonical keys. */
  readonly keys: readonly Fact[];
}

/** What a language model and a tower have in common. */
export interface Body {
  /** Before the ids of its figures. */
  readonly id: string;
  readonly layers: readonly Layer[];
  readonly dModel: number;
  readonly context: number;
  readonly decodes: boolean;
  readonly anatomy: Anatomy;
  readonly entries: readonly Fact[];
}

export function blockFigures(body: Body): Figure[] {
  const insets = new Map(body.anatomy.parts.map((part) => [part, partInset(body, part)]));
  const insetFor = (part: Part): Inset => insets.get(part) ?? partInset(body, part);
  return body.anatomy.blocks.map((block, i) => blockFigure(body, block, i, insetFor));
}

export function partFigures(body: Body): Figure[] {
  // Mixers first.
  const parts = body.anatomy.parts.toSorted((a, b) => Number(a.role === 'ffn') - Number(b.role === 'ffn'));
  return parts.flatMap((part) => {
    const inset = partInset(body, part);
    return [partFigure(body, part, inset), ...innerFigures(body, part, inset, part.name, `${body.id}${part.id}`)];
  });
}

function partInset({ dModel, context, decodes }: Body, { name, spec, weights, layers }: Part): Inset {
  return insetOf(spec, { name, dModel, context, decodes, weights, layer: layers[0] ?? 0 });
}

export function under(entries: readonly Fact[], ...paths: readonly string[]): Fact[] {
  return entries.filter(([key]) => paths.some((path) => key === path || key.startsWith(`${path}.`)));
}

function blockFigure(
  { id, entries, anatomy }: Body,
  block: Block,
  index: number,
  insetFor: (part: Part) => Inset,
): Figure {
  const formula = equationsOf(block);
  const labels = [...new Set(block.layers.map((layer) => layer.block))];
  return {
    id: `${id}block-${index}`,
    title: `Block ${block.name}`,
    subtitle: layersText(block.layers.length),
    swatch: null,
    drawing: drawBlock(block, insetFor),
    description: `The equations of ${labels.join(', ')}, from below: ${formula.join('; ')}`,
    formula,
    facts: sizesOf(block, labels, anatomy),
    keys: under(entries, ...normTemplates(block)),
  };
}

/** Parameters of a layer, by the block's label. */
function sizesOf(block: Block, labels: readonly string[], { layers }: Anatomy): Fact[] {
  const shown = labels.slice(0, 8).map((label): Fact => {
    const own = block.layers.filter((layer) => layer.block === label);
    const sizes = own.map(({ index }) => {
      const parts = layers[index]?.parts ?? [];
      return parts.reduce(
        (sum, part) => sum + part.total / part.layers.length,
        block.normParameters / block.layers.length,
      );
    });
    const [least, most] = [count(Math.min(...sizes)), count(Math.max(...sizes))];
    return [label, `${layersText(own.length)} of ${least === most ? least : `${least} to ${most}`} parameters`];
  });
  return labels.length > shown.length ? [...shown, ['...', `${labels.length - shown.length} more`]] : shown;
}

export function layersText(count: number): string {
  return `${count} layer${count === 1 ? '' : 's'}`;
}

/** Once for the whole block: a place with several parts is written as all their names, `(local | global)(x)`. */
function equationsOf({ layers, slots }: Block): string[] {
  const texts = layers.map((layer) => {
    const names = new Map([...partsUsed(layer).keys()].map((key, slot) => [key, slotName(slots[slot] ?? [])]));
    const named = (expr: BlockExpr): BlockExpr => {
      if (expr.kind === 'arithmetic') return { ...expr, left: named(expr.left), right: named(expr.right) };
      if (!('input' in expr)) return expr;
      const input = named(expr.input);
      return expr.kind === 'norm'
        ? { ...expr, input }
        : { ...expr, input, name: names.get(slotKey(expr)) ?? expr.name };
    };
    return layer.equations.map(({ name, value }) => `${name} = ${printBlockExpr(named(value))}`).join('\n');
  });
  const distinct = [...new Set(texts)];
  const shown = distinct.length <= 2 ? distinct : [distinct[0] ?? '', '...', distinct.at(-1) ?? ''];
  return shown.flatMap((text) => text.split('\n'));
}

function slotName(parts: readonly Part[]): string {
  const names = [...new Set(parts.map(({ name }) => name))];
  return names.length === 1 ? (names[0] ?? '') : `(${names.join(' | ')})`;
}

/** `rms` of `rms.mix` */
function normTemplates({ layers }: Block): string[] {
  const names = new Set<string>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if ('input' in expr) visit(expr.input);
    if (expr.kind === 'norm') names.add(expr.instance.split('.')[0] ?? expr.instance);
  };
  layers[0]?.equations.forEach(({ value }) => visit(value));
  return [...names];
}

function partFigure({ id, entries }: Body, part: Part, { kind, grid, formula, facts }: Inset): Figure {
  const { layers, name, label, total, active, varies } = part;
  const each = varies ? `${count(total)} in ${layersText(layers.length)}` : `${count(total / layers.length)} × ${layersText(layers.length)} = ${count(total)}`; // prettier-ignore
  const use: Fact[] = active === total ? [] : [['active', `${count(active / layers.length)} × ${layersText(layers.length)} = ${count(active)}`]]; // prettier-ignore
  const drawn: Fact[] = varies ? [['drawn', `layer ${layers[0] ?? 0}; its sizes vary by layer`]] : [];
  return {
    id: `${id}${part.id}`,
    title: label,
    subtitle: kind,
    swatch: part.swatch,
    drawing: drawGrid(grid),
    description: `${kind} ${name}: ${formula.join('; ')}`,
    formula,
    facts: [...drawn, ...facts, ['parameters', each], ...use],
    keys: under(entries, name),
  };
}

/** What stands inside another part: experts, and experts of experts. */
function innerFigures(body: Body, part: Part, inset: Inset, path: string, id: string): Figure[] {
  return (inset.inner ?? []).flatMap(({ name, spec, weights }) => {
    const own = insetOf(spec, { name: `${path}.${name}`, dModel: body.dModel, context: body.context, decodes: body.decodes, weights, layer: part.layers[0] ?? 0 }); // prettier-ignore
    const figure: Figure = {
      id: `${id}-${name}`,
      title: `${path}.${name}`,
      subtitle: own.kind,
      swatch: part.swatch,
      drawing: drawGrid(own.grid),
      description: `${own.kind} ${path}.${name}: ${own.formula.join('; ')}`,
      formula: own.formula,
      facts: own.facts,
      keys: under(body.entries, `${path}.${name}`),
    };
    return [figure, ...innerFigures(body, part, own, `${path}.${name}`, `${id}-${name}`)];
  });
}
