import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from '../../grammar/parse.ts';
import { tokenTypes } from '../../grammar/tokens.ts';

const reference = readFileSync(new URL('../../grammar/README.md', import.meta.url), 'utf8');
const examples = [...reference.matchAll(/^```\n((?:model|block)[^]*?)^```/gm)].map((match) => match[1] ?? '');

test.each(examples)('example of the reference: %j', (text) => {
  expect(parse({ path: 'README.md', text }).faults).toEqual([]);
});

test('every word and operator of the language is in the reference', () => {
  const grammar = /```ebnf\n([^]*?)```/.exec(reference)?.[1] ?? '';
  const words = tokenTypes.flatMap(({ PATTERN }) => (typeof PATTERN === 'string' ? [PATTERN] : []));
  expect(words.length).toBeGreaterThan(30);
  expect(words.filter((word) => !grammar.includes(`"${word}"`))).toEqual([]);
  expect(examples.length).toBeGreaterThan(1);
});
