// Takes: an expression of the AST.
// Gives: the document of its canonical text.
// Promises: the text parses to the same expression; parentheses are added only where the tree needs them.
import type { Argument, BinaryOperator, Block, Expr, Path } from './ast.ts';
import { choice, type Doc, group, indent, join, line, softLine } from './layout.ts';
import { atomPrecedence, isRightAssociative, negatePrecedence, precedence } from './precedence.ts';

/** `printBlock` is handed in because expressions hold blocks and blocks hold expressions. */
export type PrintBlock = (block: Block) => Doc;

export function pathText(path: Path): string {
  return path.parts.map((part) => part.text).join('.');
}

export function exprDoc(expr: Expr, printBlock: PrintBlock): Doc {
  const rule = rules[expr.kind] as (expr: Expr, print: (inner: Expr) => Doc, printBlock: PrintBlock) => Doc;
  return rule(expr, (inner) => exprDoc(inner, printBlock), printBlock);
}

type Rule<K extends Expr['kind']> = (
  expr: Extract<Expr, { kind: K }>,
  print: (inner: Expr) => Doc,
  printBlock: PrintBlock,
) => Doc;

const rules: { readonly [K in Expr['kind']]: Rule<K> } = {
  number: ({ text }) => text,
  string: ({ value }) => JSON.stringify(value),
  name: ({ name }) => name,
  member: ({ object, name }, print) => [print(object), '.', name.text],
  call: ({ callee, args }, print, printBlock) => [print(callee), argsDoc(args, printBlock)],
  index: ({ object, args }, print, printBlock) => [
    print(object),
    isCycle(object) ? ' ' : '',
    enclosed('[', argDocs(args, printBlock), ']'),
  ],
  list: ({ items }, print) => enclosed('[', items.map(print), ']'),
  construct: ({ callee, block }, print, printBlock) => [print(callee), ' ', printBlock(block)],
  negate: ({ value }, _, printBlock) => ['-', operandDoc(value, negatePrecedence, printBlock)],
  group: ({ value }, print) => ['(', print(value), ')'],
  binary: (expr, _, printBlock) => binaryDoc(expr, printBlock),
};

export function argsDoc(args: readonly Argument[], printBlock: PrintBlock): Doc {
  return enclosed('(', argDocs(args, printBlock), ')');
}

function argDocs(args: readonly Argument[], printBlock: PrintBlock): Doc[] {
  return args.map(({ name, value }) => [name ? `${name.text} = ` : '', exprDoc(value, printBlock)]);
}

function enclosed(open: string, docs: readonly Doc[], close: string): Doc {
  if (docs.length === 0) return open + close;
  return group([open, indent([softLine, join([',', line], docs)]), choice(',', ''), softLine, close]);
}

type Binary = Extract<Expr, { kind: 'binary' }>;

function binaryDoc(expr: Binary, printBlock: PrintBlock): Doc {
  const { operator, left, right } = expr;
  const own = precedence[operator];
  const rightLeast = own + (isRightAssociative(operator) ? 0 : 1);
  if (isTight(expr)) {
    return [operandDoc(left, own, printBlock), operator, rightDoc(right, rightLeast, printBlock)];
  }
  if (isRightAssociative(operator)) {
    return [operandDoc(left, own + 1, printBlock), ` ${operator} `, rightDoc(right, rightLeast, printBlock)];
  }
  // a + b - c: one chain, broken before each operator or nowhere.
  const chain: { operator: BinaryOperator; right: Expr }[] = [];
  let first: Expr = expr;
  while (first.kind === 'binary' && precedence[first.operator] === own && !isTight(first)) {
    chain.unshift(first);
    first = first.left;
  }
  const steps = chain.map((link) => [line, link.operator, ' ', rightDoc(link.right, own + 1, printBlock)]);
  return group([operandDoc(first, own, printBlock), indent(steps)]);
}

/** `0..2`, and fractions of whole numbers: `8/3`. */
function isTight({ operator, left, right }: Binary): boolean {
  return operator === '..' || (operator === '/' && isWhole(left) && isWhole(right));
}

function isWhole(expr: Expr): boolean {
  return expr.kind === 'number' && /^\d+$/.test(expr.text);
}

/** A sign needs no parentheses behind an operator: `d ^ -0.5`. */
function rightDoc(expr: Expr, least: number, printBlock: PrintBlock): Doc {
  return expr.kind === 'negate' ? exprDoc(expr, printBlock) : operandDoc(expr, least, printBlock);
}

function operandDoc(expr: Expr, least: number, printBlock: PrintBlock): Doc {
  const doc = exprDoc(expr, printBlock);
  return bindingOf(expr) < least ? ['(', doc, ')'] : doc;
}

function bindingOf(expr: Expr): number {
  if (expr.kind === 'binary') return precedence[expr.operator];
  return expr.kind === 'negate' ? negatePrecedence : atomPrecedence;
}

function isCycle(expr: Expr): boolean {
  return expr.kind === 'name' && expr.name === 'cycle';
}
