// Takes: an AST, from the parser or built by hand.
// Gives: its canonical text.
// Promises: the text parses to the same AST, comments included; printing what was printed changes nothing.
import type { Block, Comment, Definition, Expr, FileNode, Item } from './ast.ts';
import { choice, type Doc, group, hardLine, indent, join, layout, line } from './layout.ts';
import { argsDoc, exprDoc, pathText } from './print-expr.ts';

const width = 120;

export function printFile(file: FileNode): string {
  const body = linesDoc(file.items, file.trailing);
  return body.length === 0 ? '' : `${layout(body, width)}\n`;
}

/** On as many lines as it needs within 120 columns. */
export function printExpr(expr: Expr): string {
  return layout(exprDoc(expr, blockDoc), width);
}

/** A block written on one line stays there if it fits. */
function blockDoc(block: Block): Doc {
  const { items, trailing } = block;
  if (items.length === 0 && trailing.length === 0) return '{}';
  if (isOneLine(block)) {
    return group(['{', indent([line, join([choice('', ';'), line], items.map(itemDoc))]), line, '}']);
  }
  const first = items[0]?.trivia.leading[0] ?? (items.length === 0 ? trailing[0] : undefined);
  const behind = first && !first.own ? commentDoc(first) : '';
  const lines = linesDoc(items, trailing);
  return ['{', behind, lines.length === 0 ? '' : indent([hardLine, lines]), hardLine, '}'];
}

function isOneLine({ items, trailing, span }: Block): boolean {
  const bare = items.every(({ trivia }) => trivia.leading.length === 0 && trivia.trailing.length === 0 && !trivia.gap);
  return bare && trailing.length === 0 && !span.file.text.slice(span.start, span.end).includes('\n');
}

/** Rows of items with their comments, each on its line. */
function linesDoc(items: readonly Item[], trailing: readonly Comment[]): readonly Doc[] {
  const lines: Doc[] = [];
  const add = (doc: Doc, gap: boolean) => lines.push(lines.length === 0 ? doc : [hardLine, gap ? hardLine : '', doc]);
  for (const row of rowsOf(items)) {
    const { leading = [], gap = false } = row[0]?.trivia ?? {};
    for (const comment of leading.filter(({ own }) => own)) add(`#${commentText(comment)}`, comment.gap);
    const [behind, ...more] = row.at(-1)?.trivia.trailing ?? [];
    const body = group(join([choice('', ';'), line], row.map(itemDoc))); // prettier-ignore
    add([body, behind ? commentDoc(behind) : ''], gap);
    for (const comment of more) add(`#${commentText(comment)}`, comment.gap);
  }
  for (const comment of trailing.filter(({ own }) => own)) add(`#${commentText(comment)}`, comment.gap);
  return lines;
}

/** Items that were written on one line, `;` between them, stay together. */
function rowsOf(items: readonly Item[]): Item[][] {
  const rows: Item[][] = [];
  for (const item of items) {
    const row = rows.at(-1);
    const previous = row?.at(-1);
    if (row && previous && sameLine(previous, item)) row.push(item);
    else rows.push([item]);
  }
  return rows;
}

function sameLine(previous: Item, item: Item): boolean {
  if (previous.trivia.trailing.length > 0 || item.trivia.leading.length > 0 || item.trivia.gap) return false;
  if (previous.span.file !== item.span.file || previous.span.end >= item.span.start) return false;
  return /^[^\n#]*;[^\n#]*$/.test(item.span.file.text.slice(previous.span.end, item.span.start));
}

function commentDoc(comment: Comment): Doc {
  return { kind: 'comment', text: `#${commentText(comment)}` };
}

function commentText({ text }: Comment): string {
  return text === '' || /^[#!]/.test(text) ? text : ` ${text}`;
}

function itemDoc(item: Item): Doc {
  if (item.kind === 'definition') return definitionDoc(item);
  if (item.kind === 'clause' && item.keyword === 'in') return item.args.map((arg) => exprDoc(arg, blockDoc));
  if (item.kind === 'clause') return [item.keyword, item.args.map((arg) => [' ', exprDoc(arg, blockDoc)])];
  const [first = '', ...rest] = item.words.map(pathText);
  if (item.keyword === 'use') return `use ${[first, ...rest].join(', ')}`;
  return ['lint ', first, rest.length > 0 ? ` ${rest.join(', ')}` : '', item.scope ? ` in ${pathText(item.scope)}` : '']; // prettier-ignore
}

function definitionDoc(item: Definition): Doc {
  return [
    item.let ? 'let ' : '',
    item.heads.map(pathText).join(', '),
    item.words.map((word) => ` ${pathText(word)}`),
    item.args ? argsDoc(item.args, blockDoc) : '',
    item.from ? ` from ${pathText(item.from)}` : '',
    item.value ? [' = ', exprDoc(item.value, blockDoc)] : '',
    item.block ? [' ', blockDoc(item.block)] : '',
  ];
}
