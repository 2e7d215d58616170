import { expect, test } from 'vitest';
import type { Item, Path } from '../../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';

const path = ({ parts }: Path) => parts.map(({ text }) => text).join('.');

/** Every part that is there, as `part:text`. */
function show(item: Item): string {
  if (item.kind === 'clause') return [`clause:${item.keyword}`, ...item.args.map((arg) => printExpr(arg))].join(' | ');
  if (item.kind === 'words') {
    const scope = item.scope ? [`in:${path(item.scope)}`] : [];
    return [`words:${item.keyword}`, ...item.words.map(path), ...scope].join(' | ');
  }
  const parts = [
    item.let && 'let',
    `heads:${item.heads.map(path).join(',')}`,
    item.words.length > 0 && `words:${item.words.map(path).join(',')}`,
    item.args && `args:${item.args.map(({ name, value }) => (name ? `${name.text}=` : '') + printExpr(value)).join(',')}`, // prettier-ignore
    item.from && `from:${path(item.from)}`,
    item.value && `value:${printExpr(item.value)}`,
    item.block && `block:${item.block.items.length}`,
  ];
  return parts.filter(Boolean).join(' | ');
}

// prettier-ignore
const table: [text: string, ...items: string[]][] = [
  ['use std.wiring, std.hf', 'words:use | std.wiring | std.hf'],
  ['vocab = 3B', 'heads:vocab | value:3B'],
  ['let qk_dim = a + b', 'let | heads:qk_dim | value:a + b'],
  ['d_model, n_layers = solve(a)', 'heads:d_model,n_layers | value:solve(a)'],
  ['attn.o, mlp.up = normal(std = 1)', 'heads:attn.o,mlp.up | value:normal(std = 1)'],
  ['norm rms { eps = 1 }', 'heads:norm | words:rms | block:1'],
  ['mixer attn = gqa { heads = 4 }', 'heads:mixer | words:attn | value:gqa { heads = 4 }'],
  ['block b(mix, f) { y = x }', 'heads:block | words:b | args:mix,f | block:1'],
  ['stack n_layers { cycle [b] }', 'heads:stack | words:n_layers | block:1'],
  ['stack 12 { cycle [b] }', 'heads:stack | words:12 | block:1'],
  ['clip norm = 1.0', 'heads:clip | words:norm | value:1.0'],
  ['mtp depth = 1 { block = b }', 'heads:mtp | words:depth | value:1 | block:1'],
  ['rope.scaling = none', 'heads:rope.scaling | value:none'],
  ['moe.router { groups = none }', 'heads:moe.router | block:1'],
  ['variant X from Y { }', 'heads:variant | words:X | from:Y | block:0'],
  ['train sft { from = pretrain }', 'heads:train | words:sft | block:1'],
  ['cycle [b(moe)]; at 0..2 [b(dense)]', 'clause:cycle | [b(moe)]', 'clause:at | 0..2 | [b(dense)]'],
  ['at n - 1..n [b]', 'clause:at | n - 1..n | [b]'],
  ['each b(mix, f)', 'clause:each | b(mix, f)'],
  ['require mix[last] == global', 'clause:require | mix[last] == global'],
  ['assert V.active_params < 240M', 'clause:assert | V.active_params < 240M'],
  ['report [ttft, tpot]', 'clause:report | [ttft, tpot]'],
  ['budget in [10M, 30M]; attn.heads in [4,\n 8]', 'clause:in | budget in [10M, 30M]', 'clause:in | attn.heads in [4, 8]'],
  ['a in b = 1; in in [1]', 'heads:a | words:in,b | value:1', 'clause:in | in in [1]'],
  ['lint allow moe.router.select_bias in V.finetune', 'words:lint | allow | moe.router.select_bias | in:V.finetune'],
  ['lint allow W1, W2', 'words:lint | allow | W1 | W2'],
  // keywords as names
  ['from = sft; in = 1; at = 2; let = 3; use = 4', 'heads:from | value:sft', 'heads:in | value:1', 'heads:at | value:2', 'heads:let | value:3', 'heads:use | value:4'],
  ['cycle = 3; report { a = 1 }; each.x = 1; lint, use = f(x)', 'heads:cycle | value:3', 'heads:report | block:1', 'heads:each.x | value:1', 'heads:lint,use | value:f(x)'],
  ['model = at\nthen = in\nin = then', 'heads:model | value:at', 'heads:then | value:in', 'heads:in | value:then'],
  // where items end
  ['a = 1; ; b = 2;\n\n;c = 3', 'heads:a | value:1', 'heads:b | value:2', 'heads:c | value:3'],
  ['a,\n  b = 1', 'heads:a,b | value:1'],
  ['use a,\n  b', 'words:use | a | b'],
  ['model X\n{\n}\ny = 1', 'heads:model | words:X | block:0', 'heads:y | value:1'],
  ['a = f(\n  1,\n  glu {\n    x = 1\n    y = 2\n  },\n)\nb = 2', 'heads:a | value:f(\n  1,\n  glu {\n    x = 1\n    y = 2\n  },\n)', 'heads:b | value:2'],
  ['a = 1 # one\r\nb = 2 # two\r\n', 'heads:a | value:1', 'heads:b | value:2'],
  [''],
  ['# nothing\n\n'],
];

test.each(table)('%j', (text, ...items) => {
  const { ast, diagnostics } = parseFile({ path: 'input.model', text });
  expect(diagnostics).toEqual([]);
  expect(ast.items.map(show)).toEqual(items);
});

test('faults become diagnostics with a span', () => {
  const { diagnostics } = parseFile({ path: 'input.model', text: 'a = 1\nb = = 2' });
  expect(diagnostics).toMatchObject([
    {
      code: 'syntax',
      severity: 'error',
      message: 'expected a value after `=`, found `=`',
      span: { start: 10, end: 11 },
    },
  ]);
});
