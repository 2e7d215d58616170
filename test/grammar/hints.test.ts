// Takes: texts with the signs of other languages. Gives: proof that the fault says how it is written here, and that what
// stands behind a forgotten brace is still read.
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';

const faults = (text: string): string[] =>
  parseFile({ path: 'a.model', text }).diagnostics.map(({ message }) => message);

describe('signs of other languages', () => {
  it.each([
    ['a { b = { c = 1 } }', 'a block stands without `=`'],
    ['a { b = 2 ** 4 }', 'a power is `^`'],
    ['a { b = 256 // bytes\n}', 'a comment starts with `#`'],
    ['a {\n/* b */\n}', 'a comment starts with `#`'],
    ['a { b = .5 }', 'a digit stands before the point'],
    ['a { b = 1,024 }', 'digits are grouped with `_`'],
    ['a { b = 1, c = 2 }', 'keys are separated by `;` or a new line'],
    ['a { b == 1 }', 'a key is set with `=`'],
    ['assert a = 1', 'equal is `==`'],
    ['a { mask = causal and window(3) }', 'both is `&`'],
    ['a { b = 1 if c else 2 }', '`cycle [a, b]`'],
    ['a { b = c ? 1 : 2 }', '`cycle [a, b]`'],
    ['a { b = “c” }', 'straight double quotes'],
  ])('%s', (text, hint) => {
    expect(faults(text)).toEqual([expect.stringContaining(hint)]);
  });
});

describe('a brace that is open to the end of the file', () => {
  const heads = (text: string): string[] =>
    parseFile({ path: 'a.model', text }).ast.items.flatMap((item) =>
      item.kind === 'definition' ? (item.heads[0]?.parts[0]?.text ?? []) : [],
    );

  it.each([
    ['model M {\n  a = 1\ntrain {\n  b = 2\n}\n', 'its `}` is missing before line 3'],
    ['model M {\n  a {\n    b = 1\n  c = 2\n}\ntrain { b = 2 }\n', 'the `{` in line 2 lacks its `}`'],
  ])('%s', (text, hint) => {
    expect(faults(text)).toEqual([expect.stringContaining(hint)]);
    expect(heads(text)).toEqual(['model', 'train']);
  });
});
