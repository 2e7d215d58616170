// Takes: two checked models. Gives: the layers that differ, side by side.
// Promises: layers that differ in the same way stand in one row, in the order of the first of them.
import type { Layer } from '../../2-check/model.ts';
import { layerRows } from '../layers.ts';
import { type AnyModel, stacksOf } from './subject.ts';

export interface LayerChange {
  /** Of a model of towers: whose layers they are. */
  readonly tower: string | null;
  /** 0-based. */
  readonly layers: readonly number[];
  /** Equations, mixers and feed-forwards in words; null: the model has no such layer. */
  readonly a: readonly string[] | null;
  readonly b: readonly string[] | null;
}

export function layerChanges(a: AnyModel, b: AnyModel): LayerChange[] {
  const [before, after] = [stacksOf(a), stacksOf(b)];
  const towers = [...new Set([...before.keys(), ...after.keys()])];
  return towers.flatMap((tower) => stackChanges(tower, before.get(tower) ?? [], after.get(tower) ?? []));
}

function stackChanges(tower: string | null, a: readonly Layer[], b: readonly Layer[]): LayerChange[] {
  const [before, after] = [a.map(linesOf), b.map(linesOf)];
  const changes = new Map<string, LayerChange & { readonly layers: number[] }>();
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const [old = null, now = null] = [before[index], after[index]];
    const key = JSON.stringify([old, now]);
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const known = changes.get(key);
    if (known === undefined) changes.set(key, { tower, layers: [index], a: old, b: now });
    else known.layers.push(index);
  }
  return [...changes.values()];
}

function linesOf(layer: Layer): string[] {
  return layerRows({ layers: [layer] }).flatMap(({ equations, mixers, ffns }) => [...equations, ...mixers, ...ffns]);
}

/** `layers 0..3`, `text, layer 5` */
export function layersText({ tower, layers }: LayerChange): string {
  const text = `${layers.length === 1 ? 'layer' : 'layers'} ${rangesOf(layers)}`;
  return tower === null ? text : `${tower}, ${text}`;
}

/** [0, 1, 2, 5] -> `0..2, 5`; [0, 2, 4, 6] -> `0, 2, .. 6`. */
export function rangesOf(indices: readonly number[]): string {
  const [first = 0, second = 0] = indices;
  const step = second - first;
  const even = indices.length > 3 && step > 1 && indices.every((index, i) => index === first + i * step);
  if (even) return `${first}, ${second}, .. ${indices.at(-1) ?? ''}`;
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}..${to}`)).join(', ');
}
