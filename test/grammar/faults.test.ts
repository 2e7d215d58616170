import { describe, expect, test } from 'vitest';
import { parse } from '../../grammar/parse.ts';
import { positionOf } from '../../grammar/source.ts';

function faults(text: string): string[] {
  const file = { path: 'input.model', text };
  return parse(file).faults.map(({ span, message }) => {
    const { line, column } = positionOf(file, span.start);
    return `${line}:${column} ${message}`;
  });
}

const notNumber = 'is not a number: units are %, K, M, B, T, tok, Ktok, Mtok, Btok, Ttok, KiB, MiB, GiB; digits may be grouped with single `_`'; // prettier-ignore
const definition = 'expected a definition such as `name = value` or `name { ... }`';

// prettier-ignore
const single: [text: string, fault: string][] = [
  ['a = 1 b = 2', '1:7 expected an operator, a new line or `;`, found `b`'],
  ['a =\nb = 2', '1:4 expected a value after `=`, found the end of the line'],
  ['a = ', '1:5 expected a value after `=`, found the end of the file'],
  ['a = 1 +* 2', '1:8 expected a value after `+`, found `*`'],
  ['a = 5..', '1:8 expected a value after `..`, found the end of the file'],
  ['a = b.', '1:7 expected a name after `.`, found the end of the file'],
  ['a.b', '1:4 expected `=` or `{` after `b`, found the end of the file'],
  ['stack n_layers\nb = 2', '1:15 expected `=` or `{` after `n_layers`, found the end of the line'],
  ['mixer attn gqa { heads = 2 2 }', '1:28 expected an operator, a new line or `;`, found `2`'],
  ['a, = 3', '1:4 expected a name after `,`, found `=`'],
  ['= 3', `1:1 ${definition}, found \`=\``],
  ['x { [a] = 3; b = 2 }', `1:5 ${definition}, found \`[\``],
  ['each', '1:5 expected a value after `each`, found the end of the file'],
  ['x = f(y z)', '1:9 expected `,` or `)`, found `z`'],
  ['x = f(1; 2)', '1:8 expected `,` or `)`, found `;`'],
  ['x = [\n 1\n 2\n]\nb = 3', '3:2 expected `,` or `]`, found `2`'],
  ['x = (1, 2)', '1:7 expected an operator or `)`, found `,`'],
  ['x = mix [1]', '1:9 expected an operator, a new line or `;` (an index touches its name: `mix[...]`), found `[`'],
  ['x = 3TiB', `1:5 \`3TiB\` ${notNumber}`],
  ['x = 1__0', `1:5 \`1__0\` ${notNumber}`],
  ['x = 1e', `1:5 \`1e\` ${notNumber}`],
  ["x = 'foo'", "1:5 unexpected `'`: a string stands in double quotes"],
  ['x: 3', '1:2 unexpected `:`: a key is set with `=`'],
  ['x = 1 | 2', '1:7 unexpected `|`: the language has `&` but no `|`'],
  ['x = @', '1:5 unexpected `@`'],
  ['x = "a\\q"', '1:7 `\\q` is no escape in a string; \\" \\\\ \\n \\r \\t \\uXXXX are, and `\\\\` is a backslash'],
  ['d { path = "cc; w = 1 }\nx = 1', '1:12 this string has no closing `"`'],
  ['b = 1\n}\nc = 2', '2:1 `}` closes nothing'],
  ['b = ]\nc = 2', '1:5 `]` closes nothing'],
  ['model A {\n b = 1\n', '1:9 `{` is never closed: the file ends first'],
  ['block b(mix { y = x }', '1:8 `(` is never closed: the file ends first'],
  ['m {\n a = (1 +\n b = 2\n}', '2:6 `(` is never closed: `}` in line 4 comes first'],
  ['a = f(glu { x = 1 )\nb = 2', '1:11 `{` is never closed: `)` in line 1 comes first'],
  [
    'model A {\n  mixer attn = gqa {\n    heads = 4\n  ffn mlp = glu { }\n}\ntrain { }\n',
    '1:9 `{` is never closed: the file ends first; by its indentation, the `{` in line 2 lacks its `}`',
  ],
];

describe('one cause, one fault', () => {
  test.each(single)('%j', (text, fault) => expect(faults(text)).toEqual([fault]));
});

test('several faults of one file, none of them a consequence of another', () => {
  const text = `model 3x {
  a = = 2
  b = 3 4
  attn = gqa { heads = ; kv_heads = 2kg }
  good = 1
}
train {
  steps = 100 +
}
extra = [1, 2
generate { top_k = 40 } }
`;
  expect(faults(text)).toEqual([
    `1:7 \`3x\` ${notNumber}`,
    '2:7 expected a value after `=`, found `=`',
    '3:9 expected an operator, a new line or `;`, found `4`',
    '4:24 expected a value after `=`, found `;`',
    `4:37 \`2kg\` ${notNumber}`,
    '9:1 expected a value after `+`, found `}`',
    '10:9 `[` is never closed: the file ends first',
    '11:25 `}` closes nothing',
  ]);
});

test('what could be read is in the tree', () => {
  const { cst } = parse({ path: 'input.model', text: 'a = 1\nb = = 2\nmodel ? { c = 3 }\nd = 4' });
  expect(cst.children.items[0]?.children.item).toHaveLength(3);
});

test('at most 20 faults', () => {
  expect(faults('a = = 1\n'.repeat(100))).toHaveLength(20);
});
