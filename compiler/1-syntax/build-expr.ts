// Takes: the concrete tree of an expression.
// Gives: its AST, operators nested by precedence.
// Promises: every node's span covers exactly its text; values of numbers and strings are decoded.
import type * as cst from '../../grammar/cst.ts';
import type { Token } from '../../grammar/parse.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import { invariant } from '../diagnostics.ts';
import type { Argument, BinaryOperator, Block, Expr, Name, Path, Unit } from './ast.ts';
import { isRightAssociative, negatePrecedence, precedence } from './precedence.ts';

/** `block` is handed in because expressions hold blocks and blocks hold expressions. */
export interface Context {
  readonly file: SourceFile;
  readonly block: (block: cst.BlockCstNode) => Block;
}

/** The element that the grammar says is there. */
export function only<T>(list: readonly T[] | undefined): T {
  const first = list?.[0];
  invariant(first !== undefined, 'a required part is missing from the syntax tree');
  return first;
}

export function tokenSpan(context: Context, token: Token): Span {
  return { file: context.file, start: token.startOffset, end: token.startOffset + token.image.length };
}

export function spanning(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: last.end };
}

export function buildName(context: Context, token: Token): Name {
  return { text: token.image, span: tokenSpan(context, token) };
}

export function buildPath(context: Context, path: cst.PathCstNode): Path {
  const parts = path.children.Name.map((token) => buildName(context, token));
  return { parts, span: spanning(only(parts).span, only(parts.slice(-1)).span) };
}

export function buildArguments(context: Context, list: readonly cst.ArgumentCstNode[]): Argument[] {
  return list.map(({ children }) => {
    const value = buildExpr(context, only(children.expression));
    const token = children.Name?.[0];
    const name = token ? buildName(context, token) : null;
    return { name, value, span: name ? spanning(name.span, value.span) : value.span };
  });
}

export function buildExpr(context: Context, { children }: cst.ExpressionCstNode): Expr {
  const operators = (children.BinaryOperator ?? []).map((token) => token.image as BinaryOperator);
  let next = 0;

  // Precedence climbing over the flat list: operand next - 1 has been read, operators[next - 1] follows it.
  function climb(least: number): Expr {
    let left = unary(children.operand[next++]?.children);
    for (;;) {
      const operator = operators[next - 1];
      if (operator === undefined || precedence[operator] < least) return left;
      const right = climb(precedence[operator] + (isRightAssociative(operator) ? 0 : 1));
      left = { kind: 'binary', operator, left, right, span: spanning(left.span, right.span) };
    }
  }

  /** A sign takes the powers behind it along. */
  function unary(operand: cst.OperandCstChildren | undefined): Expr {
    invariant(operand, 'an operator without its operand');
    const atom = buildAtom(context, only(operand.atom));
    const signs = operand.Minus ?? [];
    if (signs.length === 0) return atom;
    let value = atom;
    const operator = operators[next - 1];
    if (operator !== undefined && precedence[operator] > negatePrecedence) {
      const right = climb(precedence[operator]);
      value = { kind: 'binary', operator, left: atom, right, span: spanning(atom.span, right.span) };
    }
    for (const sign of signs.toReversed()) {
      value = { kind: 'negate', value, span: spanning(tokenSpan(context, sign), value.span) };
    }
    return value;
  }

  return climb(0);
}

function buildAtom(context: Context, { children }: cst.AtomCstNode): Expr {
  const { NumberLiteral, StringLiteral, group, list, reference } = children;
  if (NumberLiteral) return buildNumber(context, only(NumberLiteral));
  if (StringLiteral) return buildString(context, only(StringLiteral));
  if (group) return buildGroup(context, only(group).children);
  if (list) return buildList(context, only(list));
  return buildReference(context, only(reference).children);
}

const units: Record<Unit, true> = {
  '%': true,
  K: true,
  M: true,
  B: true,
  T: true,
  tok: true,
  Ktok: true,
  Mtok: true,
  Btok: true,
  Ttok: true,
  KiB: true,
  MiB: true,
  GiB: true,
};

/** A suffix that is no unit has its fault already. */
function buildNumber(context: Context, token: Token): Expr {
  const text = token.image;
  const digits = /^[\d_.]+(?:[eE][+-]?\d+)?/.exec(text)?.[0] ?? '';
  const suffix = text.slice(digits.length);
  const value = Number(digits.replaceAll('_', ''));
  return {
    kind: 'number',
    value,
    unit: suffix in units ? (suffix as Unit) : null,
    text,
    span: tokenSpan(context, token),
  };
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function buildString(context: Context, token: Token): Expr {
  const value = token.image
    .slice(1, -1)
    .replaceAll(/\\(?:u([\dA-Fa-f]{4})|(.))/g, (_, code: string | undefined, character: string) =>
      code ? String.fromCharCode(Number.parseInt(code, 16)) : (escapes[character] ?? character),
    );
  return { kind: 'string', value, span: tokenSpan(context, token) };
}

function buildGroup(context: Context, children: cst.GroupCstChildren): Expr {
  const span = spanning(tokenSpan(context, only(children.LeftParen)), tokenSpan(context, only(children.RightParen)));
  return { kind: 'group', value: buildExpr(context, only(children.expression)), span };
}

export function buildList(context: Context, { children }: cst.ListCstNode): Expr {
  const items = (children.expression ?? []).map((item) => buildExpr(context, item));
  const span = spanning(
    tokenSpan(context, only(children.LeftBracket)),
    tokenSpan(context, only(children.RightBracket)),
  );
  return { kind: 'list', items, span };
}

function buildReference(context: Context, { Name: names, suffix, block }: cst.ReferenceCstChildren): Expr {
  const first = only(names);
  let expr: Expr = { kind: 'name', name: first.image, span: tokenSpan(context, first) };
  for (const { children } of suffix ?? []) expr = buildSuffix(context, expr, children);
  const body = block?.[0];
  if (!body) return expr;
  const built = context.block(body);
  return { kind: 'construct', callee: expr, block: built, span: spanning(expr.span, built.span) };
}

function buildSuffix(context: Context, object: Expr, { member, parameters, index }: cst.SuffixCstChildren): Expr {
  if (member) {
    const name = buildName(context, only(only(member).children.Name));
    return { kind: 'member', object, name, span: spanning(object.span, name.span) };
  }
  if (parameters) {
    const { children } = only(parameters);
    const args = buildArguments(context, children.argument ?? []);
    const span = spanning(object.span, tokenSpan(context, only(children.RightParen)));
    return { kind: 'call', callee: object, args, span };
  }
  const { children } = only(index);
  const args = buildArguments(context, children.argument);
  return { kind: 'index', object, args, span: spanning(object.span, tokenSpan(context, only(children.RightBracket))) };
}
