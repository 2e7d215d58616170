// Takes: the concrete tree and the comments of one file.
// Gives: its AST.
// Promises: total over whole trees; items under a Broken head are left out.
import type * as cst from '../../grammar/cst.ts';
import { isBroken, type Token } from '../../grammar/parse.ts';
import type { SourceFile } from '../../grammar/source.ts';
import type { Block, ClauseItem, Definition, Expr, FileNode, Item, Path, Trivia, WordsItem } from './ast.ts';
import { attachComments, CommentPool } from './attach-comments.ts';
import { buildArguments, buildExpr, buildList, buildName, buildPath, type Context, only, spanning, tokenSpan } from './build-expr.ts'; // prettier-ignore

/** Replaced by attachComments. */
const bare: Trivia = { leading: [], trailing: [], gap: false };

export function buildAst(file: SourceFile, tree: cst.FileCstNode, comments: readonly Token[]): FileNode {
  const pool = new CommentPool(file, comments);
  const context: Context = { file, block: (block) => buildBlock(context, pool, block) };
  const items = buildItems(context, only(tree.children.items));
  const attached = attachComments(pool, items, 0, file.text.length);
  return { kind: 'file', ...attached, span: { file, start: 0, end: file.text.length } };
}

function buildBlock(context: Context, pool: CommentPool, { children }: cst.BlockCstNode): Block {
  const open = tokenSpan(context, only(children.LeftBrace));
  const close = tokenSpan(context, only(children.RightBrace));
  const items = buildItems(context, only(children.items));
  const attached = attachComments(pool, items, open.end, close.start);
  return { kind: 'block', ...attached, span: spanning(open, close) };
}

function buildItems(context: Context, { children }: cst.ItemsCstNode): Item[] {
  return (children.item ?? []).flatMap((item) => buildItem(context, item.children) ?? []);
}

function buildItem(context: Context, { use, lint, clause, choice, definition }: cst.ItemCstChildren): Item | null {
  if (use) return buildUse(context, only(use).children);
  if (lint) return buildLint(context, only(lint).children);
  if (clause) return buildClause(context, only(clause).children);
  if (choice) return buildChoice(context, only(choice).children);
  return buildDefinition(context, only(definition).children);
}

function buildUse(context: Context, children: cst.UseCstChildren): WordsItem {
  const words = children.path.map((path) => buildPath(context, path));
  const span = spanning(tokenSpan(context, only(children.Use)), only(words.slice(-1)).span);
  return { kind: 'words', keyword: 'use', words, scope: null, span, trivia: bare };
}

function buildLint(context: Context, children: cst.LintCstChildren): WordsItem {
  const words = children.word.map((path) => buildPath(context, path));
  const inside = children.scope?.[0];
  const scope = inside ? buildPath(context, inside) : null;
  const span = spanning(tokenSpan(context, only(children.Lint)), (scope ?? only(words.slice(-1))).span);
  return { kind: 'words', keyword: 'lint', words, scope, span, trivia: bare };
}

/** `attn.heads in [4, 8]` */
function buildChoice(context: Context, children: cst.ChoiceCstChildren): ClauseItem {
  const path = buildPath(context, only(children.path));
  const right = buildList(context, only(children.list));
  const span = spanning(path.span, right.span);
  const arg: Expr = { kind: 'binary', operator: 'in', left: pathExpr(path), right, span };
  return { kind: 'clause', keyword: 'in', args: [arg], span, trivia: bare };
}

function pathExpr({ parts }: Path): Expr {
  const [first, ...rest] = parts;
  const start: Expr = { kind: 'name', name: first?.text ?? '', span: first?.span ?? only(rest).span };
  return rest.reduce((object: Expr, name): Expr => ({ kind: 'member', object, name, span: spanning(object.span, name.span) }), start); // prettier-ignore
}

function buildClause(context: Context, children: cst.ClauseCstChildren): ClauseItem {
  const token = only(children.Clause);
  const args = [buildExpr(context, only(children.expression))];
  const list = children.list?.[0];
  if (list) args.push(buildList(context, list));
  const span = spanning(tokenSpan(context, token), only(args.slice(-1)).span);
  return { kind: 'clause', keyword: token.image as ClauseItem['keyword'], args, span, trivia: bare };
}

function buildDefinition(context: Context, children: cst.DefinitionCstChildren): Definition | null {
  if (isBroken(only(only(children.head).children.Name))) return null;
  const path = (node: cst.PathCstNode): Path => buildPath(context, node);
  const heads = children.head.map(path);
  const number = (children.NumberLiteral ?? []).map((token) => buildName(context, token));
  const words = [...(children.word ?? []).map(path), ...number.map((name) => ({ parts: [name], span: name.span }))];
  const parameters = children.parameters?.[0]?.children;
  const args = parameters ? buildArguments(context, parameters.argument ?? []) : null;
  const base = children.base?.[0];
  const assignment = children.assignment?.[0]?.children;
  const value = assignment ? buildExpr(context, only(assignment.expression)) : null;
  const body = (assignment ?? children).block?.[0];
  const block = body ? context.block(body) : null;
  const start = children.Let ? tokenSpan(context, only(children.Let)) : only(heads).span;
  return {
    kind: 'definition',
    let: children.Let !== undefined,
    heads,
    words,
    args,
    from: base ? path(base) : null,
    value,
    block,
    span: spanning(start, (block ?? value)?.span ?? start),
    trivia: bare,
  };
}
