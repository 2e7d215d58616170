import { expect, test } from 'vitest';
import type { Argument, Expr } from '../../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';

function parseExpr(text: string): Expr {
  const { ast, diagnostics } = parseFile({ path: 'input.model', text: `x = ${text}` });
  expect(diagnostics).toEqual([]);
  const item = ast.items[0];
  if (ast.items.length !== 1 || item?.kind !== 'definition' || !item.value) throw new Error('not one definition');
  return item.value;
}

const args = (list: readonly Argument[]) =>
  list.map(({ name, value }) => ` ${name ? `${name.text}=` : ''}${show(value)}`).join('');

const forms: { [K in Expr['kind']]: (expr: Extract<Expr, { kind: K }>) => string } = {
  number: ({ value, unit }) => (unit ? `${value}'${unit}` : String(value)),
  string: ({ value }) => JSON.stringify(value),
  name: ({ name }) => name,
  member: ({ object, name }) => `${show(object)}.${name.text}`,
  call: (expr) => `(call ${show(expr.callee)}${args(expr.args)})`,
  index: (expr) => `(index ${show(expr.object)}${args(expr.args)})`,
  list: ({ items }) => `[${items.map(show).join(' ')}]`,
  construct: ({ callee, block }) => `(construct ${show(callee)} ${block.items.length})`,
  negate: ({ value }) => `(neg ${show(value)})`,
  group: ({ value }) => `(group ${show(value)})`,
  binary: ({ operator, left, right }) => `(${operator} ${show(left)} ${show(right)})`,
};

/** The tree with its operators in front. */
function show(expr: Expr): string {
  return (forms[expr.kind] as (expr: Expr) => string)(expr);
}

// prettier-ignore
const table: [text: string, tree: string, printed?: string][] = [
  ['128_256', '128256'],
  ['1.5e-3', '0.0015'],
  ['14.3Ttok', "14.3'Ttok"],
  ['3B', "3'B"],
  ['4KiB', "4'KiB"],
  ['500tok', "500'tok"],
  ['budget +- 2%', "(+- budget 2'%)"],
  ['7 % 2', '(% 7 2)'],
  ['7%2', '(% 7 2)', '7 % 2'],
  ['50% * n', "(* 50'% n)"],
  ['n%64', '(% n 64)', 'n % 64'],
  ['"a\\n\\"\\u0041\\\\"', '"a\\n\\"A\\\\"', '"a\\n\\"A\\\\"'],
  ['a + b * c ^ d', '(+ a (* b (^ c d)))'],
  ['a - b - c', '(- (- a b) c)'],
  ['a / b * c', '(* (/ a b) c)'],
  ['a ^ b ^ c', '(^ a (^ b c))'],
  ['-a ^ 2', '(neg (^ a 2))'],
  ['-a * b', '(* (neg a) b)'],
  ['head_dim ^ -0.5', '(^ head_dim (neg 0.5))'],
  ['a ^ -b ^ c * d', '(* (^ a (neg (^ b c))) d)'],
  ['a - -b', '(- a (neg b))'],
  ['--a', '(neg (neg a))'],
  ['(a + b) * c', '(* (group (+ a b)) c)'],
  ['8/3 * d_model', '(* (/ 8 3) d_model)'],
  ['8/3 / 2', '(/ (/ 8 3) 2)'],
  ['1/t', '(/ 1 t)', '1 / t'],
  ['0..2 + 1', '(.. 0 (+ 2 1))', '0..2 + 1'],
  ['0 .. inf', '(.. 0 inf)', '0..inf'],
  ['128 in 100..200', '(in 128 (.. 100 200))'],
  ['0.3 until 10Ttok then 0.1', "(then (until 0.3 10'Ttok) 0.1)"],
  ['a until b then c until d then e', '(then (until (then (until a b) c) d) e)'],
  ['causal & window(1024)', '(& causal (call window 1024))'],
  ['mix[last] == global', '(== (index mix last) global)'],
  ['a + 1 <= b & c', '(<= (+ a 1) (& b c))'],
  ['p("en") >= 0.5', '(>= (call p "en") 0.5)'],
  ['diff(A, B).params < 0', '(< (call diff A B).params 0)'],
  ['round(8/3 * d, to = 64)', '(call round (* (/ 8 3) d) to=64)'],
  ['rms.post_mix(mix(rms.mix(x)))', '(call rms.post_mix (call mix (call rms.mix x)))'],
  ['cycle [a * 2, b(c)]', '(index cycle (* a 2) (call b c))'],
  ['gqa { heads = 4; rope { theta = 1 } }', '(construct gqa 2)'],
  ['hf("x") { a = 1 }', '(construct (call hf "x") 1)'],
  ['glu {}', '(construct glu 0)'],
  ['[]', '[]'],
  ['["a", [b], c.d,]', '["a" [b] c.d]', '["a", [b], c.d]'],
  ['f(a,)', '(call f a)', 'f(a)'],
  ['f(glu { a = 1 }, at = 2)', '(call f (construct glu 1) at=2)'],
  ['then + in.at(until)', '(+ then (call in.at until))'],
  ['[\n  a\n  + 1,\n  b\n]', '[(+ a 1) b]', '[a + 1, b]'],
  ['a +\n  b', '(+ a b)', 'a + b'],
  ['a\n  - b\n  * c', '(- a (* b c))', 'a - b * c'],
  ['0.3\n  until 10Ttok\n  then 0.1', "(then (until 0.3 10'Ttok) 0.1)", '0.3 until 10Ttok then 0.1'],
  ['gqa\n{ a = 1 }', '(construct gqa 1)', 'gqa { a = 1 }'],
];

test.each(table)('%j', (text, tree, printed = text) => {
  const expr = parseExpr(text);
  expect(show(expr)).toBe(tree);
  expect(printExpr(expr)).toBe(printed);
});

test('spans cover their own text', () => {
  const text = 'x = f(a.b, to = 2K)[1] { c = -d ^ 2 } * (e + "s")';
  const { ast } = parseFile({ path: 'input.model', text });
  const spans: string[] = [];
  JSON.stringify(ast, (key, value: unknown) => {
    if (key !== 'span') return value;
    const { start, end } = value as { start: number; end: number };
    spans.push(text.slice(start, end));
    return undefined;
  });
  expect([...new Set(spans)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))).toEqual([
    text,
    'f(a.b, to = 2K)[1] { c = -d ^ 2 } * (e + "s")',
    'f(a.b, to = 2K)[1] { c = -d ^ 2 }',
    'f(a.b, to = 2K)[1]',
    'f(a.b, to = 2K)',
    '{ c = -d ^ 2 }',
    'c = -d ^ 2',
    '(e + "s")',
    'e + "s"',
    'to = 2K',
    '-d ^ 2',
    'd ^ 2',
    '"s"',
    'a.b',
    '2K',
    'to',
    '1',
    '2',
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'x',
  ]);
});
