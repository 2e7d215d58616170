// Random ASTs as a program could build them: without places in a text, operators nested at will.
import * as fc from 'fast-check';
import type { Argument, Block, ClauseItem, Comment, Definition, Expr, FileNode, Item, Name, Path, Trivia, Unit, WordsItem } from '../../../compiler/1-syntax/ast.ts'; // prettier-ignore
import { precedence } from '../../../compiler/1-syntax/precedence.ts';

const span = { file: { path: 'built', text: '' }, start: 0, end: 0 };
const keywords = ['let', 'from', 'use', 'lint', 'in', 'until', 'then', 'at', 'assert', 'require', 'report', 'each'];
const plain = ['a', 'd_model', 'attn', 'X1', '_', 'model', 'block', 'longer_than_the_others_to_fill_the_line'];
const operators = Object.keys(precedence) as (keyof typeof precedence)[];

const plainName = fc.constantFrom(...plain);
const anyName = fc.oneof({ weight: 4, arbitrary: plainName }, fc.constantFrom(...keywords));
const name = (text: fc.Arbitrary<string>): fc.Arbitrary<Name> => text.map((each) => ({ text: each, span }));
const path = (first: fc.Arbitrary<string>): fc.Arbitrary<Path> =>
  fc
    .tuple(name(first), fc.array(name(anyName), { maxLength: 2 }))
    .map(([head, rest]) => ({ parts: [head, ...rest], span }));

const units: (Unit | null)[] = [
  null,
  '%',
  'K',
  'M',
  'B',
  'T',
  'tok',
  'Ktok',
  'Mtok',
  'Btok',
  'Ttok',
  'KiB',
  'MiB',
  'GiB',
];
const number = fc
  .tuple(fc.constantFrom('0', '7', '10_000', '1.50', '1e-5', '2.5E+3'), fc.constantFrom(...units))
  .map(([digits, unit]): Expr => {
    return { kind: 'number', value: Number(digits.replace('_', '')), unit, text: digits + (unit ?? ''), span };
  });

const comment = fc.constantFrom('', 'a', '  indented', '# hash', '!', 'x = { "').map((text) => ({ text, span }));
const own = fc.tuple(comment, fc.boolean()).map(([each, gap]): Comment => ({ ...each, own: true, gap }));
const behind = comment.map((each): Comment => ({ ...each, own: false, gap: false }));
const few = <T>(each: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(each, { maxLength: 2 })); // prettier-ignore
const trivia: fc.Arbitrary<Trivia> = fc.record({
  leading: few(own),
  trailing: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.tuple(behind)),
  gap: fc.boolean(),
});
const quiet: fc.Arbitrary<Trivia> = fc.constant({ leading: [], trailing: [], gap: false });

const start = ([head, ...others]: readonly Comment[]) => (head ? [{ ...head, gap: false }, ...others] : []);

/** No blank line at the start of a block; a comment behind its `{` comes first. */
function settle(items: readonly Item[], trailing: readonly Comment[], brace: Comment | null) {
  const [first, ...rest] = items;
  const opening = brace ? [brace] : [];
  if (!first) return { items: [], trailing: [...opening, ...start(trailing)] };
  const { leading, gap } = first.trivia;
  const settled = { ...first.trivia, leading: [...opening, ...start(leading)], gap: gap && leading.length > 0 };
  return { items: [{ ...first, trivia: settled }, ...rest], trailing };
}

const { item } = fc.letrec<{ expr: Expr; item: Item; reference: Expr; block: Block; arg: Argument }>((tie) => {
  const args = fc.array(tie('arg'), { maxLength: 3 });
  const reference = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyName.map((each): Expr => ({ kind: 'name', name: each, span })),
    fc.record({
      kind: fc.constant('member' as const),
      object: tie('reference'),
      name: name(anyName),
      span: fc.constant(span),
    }),
    fc.record({ kind: fc.constant('call' as const), callee: tie('reference'), args, span: fc.constant(span) }),
    fc.record({
      kind: fc.constant('index' as const),
      object: fc.oneof(tie('reference'), fc.constant<Expr>({ kind: 'name', name: 'cycle', span })),
      args: fc.array(tie('arg'), { minLength: 1, maxLength: 2 }),
      span: fc.constant(span),
    }),
  );
  const list = fc.array(tie('expr'), { maxLength: 3 }).map((items): Expr => ({ kind: 'list', items, span }));
  const operator = fc.constantFrom(...operators);
  const constant = fc.constant(span);
  const block = fc
    .tuple(fc.array(tie('item'), { maxLength: 3 }), few(own), fc.option(behind, { freq: 6 }))
    .map(([items, trailing, brace]): Block => ({ kind: 'block', ...settle(items, trailing, brace), span }));
  const definition: fc.Arbitrary<Definition> = fc
    .record({
      let: fc.boolean(),
      heads: fc.array(path(plainName), { minLength: 1, maxLength: 2 }),
      words: fc.array(path(fc.constantFrom(...plain, 'at', 'report')), { maxLength: 2 }),
      args: fc.option(args, { freq: 3 }),
      from: fc.option(path(plainName), { freq: 3 }),
      value: fc.option(fc.oneof(number, tie('expr')), { freq: 2 }),
      block: fc.option(tie('block'), { freq: 2 }),
      trivia: fc.oneof(quiet, trivia),
    })
    .map((parts): Definition => {
      // A block behind a name would be its constructor's.
      const free = !parts.value || parts.value.kind === 'number';
      const value = parts.value ?? (parts.block ? null : { kind: 'name' as const, name: 'none', span });
      return { kind: 'definition', ...parts, value, block: free ? parts.block : null, span };
    });
  const keyed = fc.tuple(anyName, tie('expr')).map(([text, value]): Definition => {
    const heads = [{ parts: [{ text, span }], span }];
    const none = { leading: [], trailing: [], gap: false };
    return { kind: 'definition', let: false, heads, words: [], args: null, from: null, value, block: null, span, trivia: none }; // prettier-ignore
  });
  const words: fc.Arbitrary<WordsItem> = fc
    .record({
      keyword: fc.constantFrom('use' as const, 'lint' as const),
      words: fc.array(path(plainName), { minLength: 1, maxLength: 3 }),
      scope: fc.option(path(plainName)),
      trivia,
    })
    .map((parts) => ({ kind: 'words', ...parts, scope: parts.keyword === 'lint' ? parts.scope : null, span }));
  const clause: fc.Arbitrary<ClauseItem> = fc
    .record({
      keyword: fc.constantFrom<ClauseItem['keyword'][]>('assert', 'require', 'report', 'each', 'cycle', 'at'),
      first: tie('expr'),
      second: fc.option(list),
      trivia,
    })
    .map(({ keyword, first, second, trivia: around }) => {
      const callee: Expr = { kind: 'call', callee: { kind: 'name', name: 'f', span }, args: [], span };
      // `each { ... }` and `at . x` would be definitions; a name, number or call never is.
      const safe: Expr = first.kind === 'construct' ? callee : first;
      const more = keyword === 'at' && second ? [second] : [];
      return { kind: 'clause', keyword, args: [safe, ...more], span, trivia: around };
    });
  const choice = fc
    .record({ parts: fc.array(name(plainName), { minLength: 1, maxLength: 3 }), right: list, trivia })
    .map(({ parts: [first, ...rest], right, trivia: around }): ClauseItem => {
      const start: Expr = { kind: 'name', name: first?.text ?? 'a', span };
      const left = rest.reduce((object: Expr, each): Expr => ({ kind: 'member', object, name: each, span }), start);
      const arg: Expr = { kind: 'binary', operator: 'in', left, right, span };
      return { kind: 'clause', keyword: 'in', args: [arg], span, trivia: around };
    });
  return {
    reference,
    block,
    arg: fc
      .record({ name: fc.option(name(anyName)), value: tie('expr') })
      .map((parts): Argument => ({ ...parts, span })),
    expr: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number,
      fc.string({ maxLength: 8 }).map((value): Expr => ({ kind: 'string', value, span })),
      tie('reference'),
      list,
      fc.record({
        kind: fc.constant('construct' as const),
        callee: tie('reference'),
        block: tie('block'),
        span: constant,
      }),
      fc.record({ kind: fc.constant('negate' as const), value: tie('expr'), span: constant }),
      fc.record({ kind: fc.constant('group' as const), value: tie('expr'), span: constant }),
      fc.record({
        kind: fc.constant('binary' as const),
        operator,
        left: tie('expr'),
        right: tie('expr'),
        span: constant,
      }),
    ),
    item: fc.oneof({ depthSize: 'small' }, keyed, definition, words, clause, choice),
  };
});

export const arbitraryFile: fc.Arbitrary<FileNode> = fc
  .tuple(fc.array(item, { maxLength: 4 }), few(own))
  .map(([items, trailing]) => ({ kind: 'file', ...settle(items, trailing, null), span }));
