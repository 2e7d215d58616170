// Takes: a checked model. Gives: its canonical text, a model block in the long form.
// Promises: parses and checks to the same model; equal text means equal function.
import type { Model } from '../model.ts';
import { canonicalItems, type CanonicalItem } from './model-tree.ts';
import { inline, type Tree } from './tree.ts';

/** `name`: the canonical form has none of its own, so that a renamed model stays the same model. */
export function canonicalText(model: Model, name = 'canonical'): string {
  const lines = itemLines(canonicalItems(model));
  return [`model ${name} {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

/** The items of a block, a line each or a block each. */
export function itemLines(items: readonly CanonicalItem[]): string[] {
  return items.flatMap(({ head, value }) => {
    if (head.startsWith('stack')) return [`stack n_layers { cycle ${inline(value)} }`];
    if (head === 'embed' || head === 'head') return printBlock(`${head} ${constructorOf(value)}`, value);
    const set = typeof value !== 'string' && value.constructor !== '' ? `${head} = ${value.constructor}` : head;
    return typeof value === 'string' ? [`${head} = ${value}`] : printBlock(set, value);
  });
}

function constructorOf(value: Tree): string {
  return typeof value === 'string' ? value : value.constructor;
}

function printBlock(head: string, value: Tree): string[] {
  if (typeof value === 'string') return [`${head} = ${value}`];
  return [`${head} {`, ...value.keys.flatMap(([key, inner]) => printKey(key, inner)).map((line) => `  ${line}`), '}'];
}

function printKey(key: string, value: Tree): string[] {
  return typeof value === 'string' ? [`${key} = ${value}`] : printBlock(`${key} = ${value.constructor}`, value);
}

/** Flat keys of a tree: `attn.rope` = rope, `attn.rope.dim` = 64. */
export function flatten(path: string, value: Tree): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  const own: [string, string][] = value.constructor === '' ? [] : [[path, value.constructor]];
  return [...own, ...value.keys.flatMap(([key, inner]) => flatten(`${path}.${key}`, inner))];
}
