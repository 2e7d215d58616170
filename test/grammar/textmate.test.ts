// The TextMate grammar of the extension beside the lexer and the parser: they must see the same text in the same way.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import * as oniguruma from 'vscode-oniguruma';
import { INITIAL, Registry, parseRawGrammar, type IGrammar } from 'vscode-textmate';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Definition, Expr, Item } from '../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { lexer, tokenTypes } from '../../grammar/tokens.ts';

const root = join(import.meta.dirname, '..', '..');
const grammarPath = join(root, 'grammar', 'vscode', 'model.tmLanguage.json');
const files = globSync('{specs,test/compiler/exchange}/**/*.model', { cwd: root }).map((name) => ({
  path: name,
  text: readFileSync(join(root, name), 'utf8'),
}));

/** The large examples of the design, where they lie beside the project. */
const design = join(root, '..', 'shared', 'design', 'language.md');
const examples = existsSync(design)
  ? [...readFileSync(design, 'utf8').matchAll(/^```(\w*)\n([^]*?)^```/gm)].filter((match) => match[1] === '')
  : [];
files.push(...examples.map((match, index) => ({ path: `example ${index}`, text: match[2] ?? '' })));

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm);
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () => Promise.resolve(parseRawGrammar(readFileSync(grammarPath, 'utf8'), grammarPath)),
  });
  const loaded = await registry.loadGrammar('source.model');
  if (loaded === null) throw new Error('the grammar cannot be read');
  grammar = loaded;
});

/** The scopes of each character, without `source.model`. */
function scopesOf(text: string): string[] {
  const scopes: string[] = [];
  let state = INITIAL;
  for (const line of text.split('\n')) {
    const result = grammar.tokenizeLine(line, state);
    for (let i = 0; i <= line.length; i++) {
      const token = result.tokens.find(({ startIndex, endIndex }) => startIndex <= i && i < endIndex);
      scopes.push(token?.scopes.slice(1).join(' ') ?? '');
    }
    state = result.ruleStack;
  }
  return scopes;
}

const name = /variable\.|entity\.name|entity\.other|storage\.type|support\.class|constant\.language/;
const keyword = /keyword\.|storage\.modifier/;
/** A keyword is an ordinary name in another place. */
const word = new RegExp(`${name.source}|${keyword.source}`);
const operator = /keyword\.operator/;

/** Every type of token that the lexer gives, and the scope that its first character has. */
const expected: Readonly<Record<string, RegExp>> = {
  Name: name,
  Let: word,
  From: word,
  Use: word,
  Lint: word,
  In: word,
  Until: word,
  Then: word,
  At: word,
  Cycle: word,
  Assert: word,
  Require: word,
  Report: word,
  Each: word,
  NumberLiteral: /constant\.numeric/,
  BadNumber: /invalid\.illegal\.number/,
  StringLiteral: /string\.quoted/,
  BadString: /string\.quoted/,
  LeftBrace: /punctuation\.section\.block\.begin/,
  RightBrace: /punctuation\.section\.block\.end/,
  LeftParen: /punctuation\.section\.parens\.begin/,
  RightParen: /punctuation\.section\.parens\.end/,
  LeftBracket: /punctuation\.section\.brackets\.begin/,
  RightBracket: /punctuation\.section\.brackets\.end/,
  Comma: /punctuation\.separator\.comma/,
  Semicolon: /punctuation\.terminator/,
  Dot: /punctuation\.separator\.period/,
  Range: operator,
  Tolerance: operator,
  Minus: operator,
  Equal: operator,
  NotEqual: operator,
  AtMost: operator,
  AtLeast: operator,
  Assign: operator,
  Less: operator,
  Greater: operator,
  And: operator,
  Plus: operator,
  Times: operator,
  Over: operator,
  Remainder: operator,
  Power: operator,
  Comment: /comment\.line/,
  Unknown: /invalid\.illegal\.character/,
};
/** Not in a text: categories, what is skipped, what the parser puts in. */
const absent = ['Space', 'Newline', 'Broken', 'BinaryOperator', 'Separator', 'Clause'];

/** Tokens whose scope is not the one of their type. */
function strays(text: string): string[] {
  const scopes = scopesOf(text);
  const lexed = lexer.tokenize(text);
  return [...lexed.tokens, ...(lexed.groups['comments'] ?? [])].flatMap(({ tokenType, image, startOffset }) => {
    if (absent.includes(tokenType.name)) return [];
    const found = scopes[startOffset] ?? '';
    return expected[tokenType.name]?.test(found) === true ? [] : [`${tokenType.name} ${image} at ${startOffset}: ${found}`]; // prettier-ignore
  });
}

interface Place {
  readonly what: string;
  readonly offset: number;
  readonly scope: RegExp;
}

/** What the parser knows of names by their place. */
function placesOf(items: readonly Item[]): Place[] {
  return items.flatMap((item): Place[] => {
    if (item.kind === 'words') return [];
    if (item.kind === 'clause') {
      const own = { what: item.keyword, offset: item.span.start, scope: /keyword\.control/ };
      // `budget in [10M, 30M]` does not begin with its keyword.
      const begins = item.span.file.text.startsWith(item.keyword, item.span.start);
      return [...(begins ? [own] : []), ...item.args.flatMap(placesIn)];
    }
    return [...headPlaces(item), ...(item.args ?? []).flatMap(({ value }) => placesIn(value)), ...(item.value ? placesIn(item.value) : []), ...placesOf(item.block?.items ?? [])]; // prettier-ignore
  });
}

const blockRoles = ['model', 'variant', 'train', 'generate', 'data', 'sweep', 'stack', 'init', 'block'];

function headPlaces(item: Definition): Place[] {
  const [word] = item.words;
  const places = item.heads.map((head): Place => {
    const text = head.parts.map((part) => part.text).join('.');
    const isRole = word !== undefined || (blockRoles.includes(text) && (item.value === null || text === 'block'));
    const scope = isRole ? /storage\.type\.role/ : /variable\.other\.property/;
    return { what: text, offset: head.span.start, scope };
  });
  if (word !== undefined && !/^\d/.test(word.parts[0]?.text ?? '')) {
    places.push({ what: 'word', offset: word.span.start, scope: /entity\.name\.type/ });
  }
  if (item.from !== null) places.push({ what: 'base', offset: item.from.span.start, scope: /entity\.other\.inherited-class/ }); // prettier-ignore
  return places;
}

function placesIn(expr: Expr): Place[] {
  switch (expr.kind) {
    case 'construct': {
      const { callee, block } = expr;
      const called = callee.kind === 'call' ? placesIn(callee) : [];
      const own = { what: 'constructor', offset: callee.span.start, scope: /support\.class\.constructor/ };
      return [...(callee.kind === 'name' ? [own] : called), ...placesOf(block.items)];
    }
    case 'call': {
      const names = expr.args.flatMap(({ name }): Place[] => name === null ? [] : [{ what: name.text, offset: name.span.start, scope: /variable\.parameter/ }]); // prettier-ignore
      const own = { what: 'call', offset: expr.callee.span.start, scope: /entity\.name\.function/ };
      return [own, ...names, ...expr.args.flatMap(({ value }) => placesIn(value))];
    }
    case 'index':
      return expr.args.flatMap(({ value }) => placesIn(value));
    case 'list':
      return expr.items.flatMap(placesIn);
    case 'negate':
    case 'group':
      return placesIn(expr.value);
    case 'binary':
      return [...placesIn(expr.left), ...placesIn(expr.right)];
    case 'member':
      return placesIn(expr.object);
    case 'number': {
      const unit = /[a-zA-Z%]+$/.exec(expr.text);
      if (expr.unit === null || unit === null) return [];
      return [{ what: expr.text, offset: expr.span.start + unit.index, scope: /keyword\.other\.unit/ }];
    }
    case 'name':
    case 'string':
      return [];
  }
}

describe('every token has a scope', () => {
  it('the table knows every type of token', () => {
    const all = tokenTypes.map((type) => type.name).filter((each) => !absent.includes(each));
    expect(all.filter((each) => !(each in expected))).toEqual([]);
    expect(Object.keys(expected).filter((each) => !all.includes(each))).toEqual([]);
  });

  it.each(files)('$path', ({ text }) => expect(strays(text)).toEqual([]));

  it.each([
    ['faults', "a = 3kg\nb = \"open\nc = 'x' @ 1__0 ? 1.2.3\n"],
    [
      'units',
      'a = 3B; b = 2%; c = 7%2; d = 7 % 2; e = 128_256; f = 2.5E+3; g = 4KiB; h = 2Mtok; i = 1e-5Ttok; j = 10GiB',
    ],
    ['names that are keywords elsewhere', 'from = sft; in = 3; at.x = 1; cycle = 3\nreport { x = 1 }\nlet x = let\nuse = 1'], // prettier-ignore
    ['operators', 'a = -1 + 2 * 3 / 4 % n ^ 5; b = 3B +- 2%; c = 0..2; d = x & y; assert a <= b; e = (a == b) != (c < d)'], // prettier-ignore
    ['blocks in parentheses', 'a = f(glu { act = silu; width = 3 }, to = 64)\nb = [g { x = 1 }, "s"]'],
    ['what is left open', 'a = f(b\nmodel M {\n x = [1, 2\n}\nb = 2 )'],
    ['comments and escapes', 'a = "\\n \\q # no" # yes "no"\n#!\nb = 1# two'],
  ])('%s', (_, text) => expect(strays(text)).toEqual([]));
});

describe('names by their place', () => {
  const texts = [
    ...files,
    {
      path: 'language',
      text: `use std.wiring, std.hf
model A {
  let half = 0.3 until 10Ttok then 0.1
  d_model, n_layers = solve(params = budget +- 2%, aspect = 128 in 100..200)
  init { attn.o, mlp.down = trunc_normal(std = 0.02) }
  stack 12 { mix = cycle [ssm * 2, local]; each b(mix, f); at 0..2 [b(dense)] }
  mtp depth = 1 { share = [embed, head] }
  mixer local = attn { rope.theta = 10_000; rope { dim = head_dim } }
}
variant B from A { attn.kv_heads = 1 }
train sft { from = pretrain; clip norm = 1.0; tokens = 500Mtok }
lint allow W2 in B
assert B.params < 3B`,
    },
  ];

  it.each(texts)('$path', ({ path, text }) => {
    const { ast, diagnostics } = parseFile({ path, text });
    expect(diagnostics).toEqual([]);
    const scopes = scopesOf(text);
    const wrong = placesOf(ast.items).filter(({ offset, scope }) => !scope.test(scopes[offset] ?? ''));
    expect(wrong.map(({ what, offset, scope }) => `${what} ${String(scope)}: ${scopes[offset] ?? ''} in ${text.slice(offset, offset + 30)}`)).toEqual([]); // prettier-ignore
    expect(placesOf(ast.items).length).toBeGreaterThan(5);
  });
});
