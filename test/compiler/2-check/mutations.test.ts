// Takes: every spec with a key dropped, doubled or misspelt, or a bracket cut. Gives: proof that each such slip is told.
// Promises: 200 files, the same ones each time; none crashes, each has a diagnostic with its place.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Definition, Expr, Item } from '../../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { isKnownWord } from '../../../compiler/2-check/schema/register.ts';
import { positionOf } from '../../../grammar/source.ts';
import { check, readSpec } from './prelude.ts';

const specs = join(import.meta.dirname, '../../../specs');
const examples = join(import.meta.dirname, '../../../../shared/design/examples');
const texts = [
  readSpec('quickstart.model'),
  ...readdirSync(join(specs, 'families')).map((name) => readSpec(`families/${name}`)),
  ...(existsSync(examples) ? readdirSync(examples).map((name) => readFileSync(join(examples, name), 'utf8')) : []),
];

/** Keys of a model without a default: a file that lacks one is faulty. */
const needed = new Set(['vocab', 'd_model']);

/** Definitions whose head is a key of the schema; equations of blocks and local names are not. */
function keysOf(items: readonly Item[], into: Definition[] = []): Definition[] {
  for (const item of items) {
    if (item.kind !== 'definition') continue;
    const [first] = item.heads[0]?.parts ?? [];
    if (first?.text === 'block') continue;
    const plain = item.heads.length === 1 && item.words.length === 0 && item.heads[0]?.parts.length === 1;
    if (plain && first && !item.let && isKnownWord(first.text)) into.push(item);
    if (item.block) keysOf(item.block.items, into);
    const value: Expr | null = item.value;
    if (value?.kind === 'construct') keysOf(value.block.items, into);
  }
  return into;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const next = random(20_261_125);
const pick = <T>(list: readonly T[]): T => {
  const item = list[Math.floor(next() * list.length)];
  if (item === undefined) throw new Error('nothing to pick');
  return item;
};

const kinds = ['dropped', 'doubled', 'misspelt', 'bracket'] as const;

function mutate(text: string, how: (typeof kinds)[number]): { readonly text: string; readonly what: string } {
  const cut = (start: number, end: number, put = ''): string => text.slice(0, start) + put + text.slice(end);
  if (how === 'bracket') {
    const places = [...text.matchAll(/[()[\]{}](?![^\n]*#)/g)].filter(({ index }) => !inComment(text, index));
    const { index, 0: bracket } = pick(places);
    return { text: cut(index, index + 1), what: `${bracket} at ${index}` };
  }
  const { items } = parseFile({ path: 'whole.model', text }).ast;
  const valued = keysOf(items).filter(({ value }) => value !== null);
  const models = items.filter((item) => item.kind === 'definition' && nameOf(item) === 'model');
  const required = keysOf(models.flatMap((item) => (item.kind === 'definition' ? (item.block?.items ?? []) : [])));
  const whole = required.filter((each) => needed.has(nameOf(each)));
  const item = pick(how === 'dropped' ? [...whole, pick(valued)] : valued);
  const { start, end } = item.span;
  const name = nameOf(item);
  // What has a default is no fault when it is gone; a key without its value is.
  if (how === 'dropped' && whole.includes(item)) return { text: cut(start, end), what: name };
  if (how === 'dropped') return { text: cut(item.value?.span.start ?? end, end), what: `the value of ${name}` };
  if (how === 'doubled') return { text: cut(end, end, `; ${text.slice(start, end)}`), what: name };
  const wrong = `${name.slice(0, -1)}zq`;
  return { text: cut(start, start + name.length, wrong), what: `${name} -> ${wrong}` };
}

const nameOf = (item: Definition): string => item.heads[0]?.parts[0]?.text ?? '';

function inComment(text: string, index: number): boolean {
  return text.slice(text.lastIndexOf('\n', index) + 1, index).includes('#');
}

describe('files with a slip', () => {
  for (let n = 0; n < 200; n += 1) {
    const how = kinds[n % kinds.length] ?? 'bracket';
    const mutated = mutate(pick(texts), how);
    it(`${n}: ${how} ${mutated.what}`, () => {
      const { diagnostics } = check(mutated.text);
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      expect(errors.length, mutated.text).toBeGreaterThan(0);
      for (const { span, message } of diagnostics) {
        expect(message.length).toBeGreaterThan(10);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
        expect(positionOf(span.file, span.start).line).toBeGreaterThan(0);
      }
    });
  }
});
