import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { printFile } from '../../../compiler/1-syntax/print-ast.ts';
import { arbitraryFile } from './arbitrary-ast.ts';
import { withoutSpans } from './without-spans.ts';

const parse = (text: string) => parseFile({ path: 'input.model', text });

/** Parentheses that only repeat the tree's own nesting come and go; the ones of the source are compared apart. */
function withoutGroups(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGroups);
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Record<string, unknown>;
  if (node['kind'] === 'group') return withoutGroups(node['value']);
  return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, withoutGroups(each)]));
}

test('parse . print = identity, on any tree', () => {
  fc.assert(
    fc.property(arbitraryFile, (built) => {
      const printed = printFile(built);
      const { ast, diagnostics } = parse(printed);
      expect(diagnostics, printed).toEqual([]);
      expect(withoutGroups(withoutSpans(ast)), printed).toEqual(withoutGroups(withoutSpans(built)));
      // What was parsed comes back exactly, and its text does not change any more.
      const again = printFile(ast);
      expect(withoutSpans(parse(again).ast), printed).toEqual(withoutSpans(ast));
      expect(again).toBe(printed);
    }),
    { numRuns: 500, seed: 1 },
  );
});

const folder = new URL('../../golden/format/', import.meta.url);
const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));

/** Reproducible choices: mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 4294967296) * below);
  };
}

const insertions = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '=',
  ';',
  ',',
  '"',
  '#',
  '\n',
  '..',
  '+-',
  ' % ',
  '3x',
  '@',
  ' in ',
  ' then ',
];

function mutate(text: string, next: (below: number) => number): string {
  const at = next(text.length);
  const length = 1 + next(12);
  const piece = text.slice(at, at + length);
  const elsewhere = next(text.length);
  const kinds = [
    () => text.slice(0, at) + text.slice(at + length),
    () => text.slice(0, at) + (insertions[next(insertions.length)] ?? '') + text.slice(at),
    () => text.slice(0, elsewhere) + piece + text.slice(elsewhere),
    () => text.slice(0, at),
  ];
  return kinds[next(kinds.length)]?.() ?? text;
}

test('200 damaged files: never a crash; a diagnostic inside the file, or a file that formats stably', () => {
  let faulty = 0;
  for (let seed = 0; seed < 200; seed++) {
    const next = random(seed);
    let text = texts[seed % texts.length] ?? '';
    for (let count = 1 + next(3); count > 0; count--) text = mutate(text, next);
    const { ast, diagnostics } = parse(text);
    for (const { span } of diagnostics) {
      expect(0 <= span.start && span.start <= span.end && span.end <= text.length).toBe(true);
    }
    const printed = printFile(ast);
    if (diagnostics.length > 0) {
      faulty++;
      continue;
    }
    const again = parse(printed);
    expect(again.diagnostics, printed).toEqual([]);
    expect(withoutSpans(again.ast)).toEqual(withoutSpans(ast));
    expect(printFile(again.ast)).toBe(printed);
  }
  expect(faulty).toBeGreaterThan(80);
});

test('any text at all is parsed', () => {
  const pieces = fc.constantFrom(
    ...insertions,
    'a',
    'b = 1',
    'each',
    'at',
    'use',
    'lint',
    'x { y = 2 }',
    '"s"',
    '-',
    '1e5',
  );
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(pieces).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(text, (any) => void printFile(parse(any).ast)),
    { numRuns: 500, seed: 1 },
  );
});
