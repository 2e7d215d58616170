import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { printFile } from '../../../compiler/1-syntax/print-ast.ts';
import { withoutSpans } from './without-spans.ts';

function parse(text: string) {
  const { ast, diagnostics } = parseFile({ path: 'input.model', text });
  expect(diagnostics).toEqual([]);
  return ast;
}

/** Formats, and checks what holds for every file: a second time changes nothing, the tree stays. */
function format(text: string): string {
  const ast = parse(text);
  const printed = printFile(ast);
  expect(withoutSpans(parse(printed))).toEqual(withoutSpans(ast));
  expect(printFile(parse(printed))).toBe(printed);
  return printed;
}

const table: { name: string; text: string; printed: string }[] = [
  { name: 'empty', text: '\n\n', printed: '' },
  { name: 'spacing', text: 'a   =   f( 1,b=2 )[ 0 ]{c=3;d=4}', printed: 'a = f(1, b = 2)[0] { c = 3; d = 4 }\n' },
  {
    name: 'one-line blocks stay, broken blocks stay broken, rows stay rows',
    text: `
model  X {
    vocab = 1; context = 2 ;
    norm rms {eps = 1e-5;  gain = weight }
    rope {
      dim = 4 }
  stack n { cycle [a] ; at 0..1 [b] } }`,
    printed: `model X {
  vocab = 1; context = 2
  norm rms { eps = 1e-5; gain = weight }
  rope {
    dim = 4
  }
  stack n { cycle [a]; at 0..1 [b] }
}
`,
  },
  {
    name: 'a block wider than 120 columns is broken',
    text: 'train t { optimizer adamw { params = all; lr = 3e-4; betas = [0.9, 0.95]; eps = 1e-8; weight_decay = 0.1; no_decay = [v] } }', // prettier-ignore
    printed: `train t {
  optimizer adamw { params = all; lr = 3e-4; betas = [0.9, 0.95]; eps = 1e-8; weight_decay = 0.1; no_decay = [v] }
}
`,
  },
  {
    name: 'long calls, lists and chains are broken',
    text: `loss = masked_diffusion(t = uniform(1e-3, 1), weight = 1 / t, mask_token = 126_336, norm = batch * seq, and_one_more = last)
special = ["<|endoftext|>", "<|pad|>", "<|beginning of sequence|>", "<|end of sequence|>", "<|fill in the middle|>"]
total = a_rather_long_name + another_rather_long_name * with_a_factor - and_yet_another_long_name + the_last_of_these_names
`,
    printed: `loss = masked_diffusion(
  t = uniform(1e-3, 1),
  weight = 1 / t,
  mask_token = 126_336,
  norm = batch * seq,
  and_one_more = last,
)
special = ["<|endoftext|>", "<|pad|>", "<|beginning of sequence|>", "<|end of sequence|>", "<|fill in the middle|>"]
total = a_rather_long_name
  + another_rather_long_name * with_a_factor
  - and_yet_another_long_name
  + the_last_of_these_names
`,
  },
  {
    name: 'comments: above, behind, behind {, before }, after the last item; single blank lines',
    text: `#top

#   indented
## title
a = 1 # one
bcd = 2    # two


# own, after a gap
e = 3

block b { # behind the brace

  # first
  y = x # the last item

  # before the end
} # behind the block
f {# only
}
#last`,
    printed: `# top

#   indented
## title
a = 1    # one
bcd = 2  # two

# own, after a gap
e = 3

block b {  # behind the brace
  # first
  y = x  # the last item

  # before the end
}  # behind the block
f {  # only
}
# last
`,
  },
  {
    name: 'a comment inside an item moves above it',
    text: `a = f( # first
  1, # second
  2)

b = x # left
  + y # right
c = f(glu {
  # kept
  d = 1
})`,
    printed: `# first
# second
a = f(1, 2)

# left
b = x + y  # right
c = f(
  glu {
    # kept
    d = 1
  },
)
`,
  },
  {
    name: 'a wide line does not push the comments of its neighbours',
    text: `a = 1 # one
${'b'.repeat(90)} = 2 # two
ccc = 3 # three`,
    printed: `a = 1    # one
${'b'.repeat(90)} = 2  # two
ccc = 3  # three
`,
  },
  {
    name: 'carriage returns',
    text: 'a = 1 # x\r\n\r\nb {\r\n  c = 2\r\n}\r\n',
    printed: 'a = 1  # x\n\nb {\n  c = 2\n}\n',
  },
];

test.each(table)('$name', ({ text, printed }) => expect(format(text)).toBe(printed));

const golden = new URL('../../golden/format/', import.meta.url);

describe('golden', () => {
  const cases = readdirSync(golden).filter((name) => name.endsWith('.input.model'));
  test.each(cases)('%s', async (name) => {
    const printed = format(readFileSync(new URL(name, golden), 'utf8'));
    await expect(printed).toMatchFileSnapshot(new URL(name.replace('.input', ''), golden).pathname);
  });

  test.each(readdirSync(golden).filter((name) => !name.includes('.input.')))('%s is formatted', (name) => {
    const text = readFileSync(new URL(name, golden), 'utf8');
    expect(format(text)).toBe(text);
  });
});
