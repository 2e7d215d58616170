// Takes: an analysis. Gives: its symbols as a tree (the outline of an editor), and what can be folded.
// Promises: from the tree alone, so both are there while the file has faults.
import { FoldingRangeKind, SymbolKind, type DocumentSymbol, type FoldingRange } from 'vscode-languageserver';
import type { Block, Comment, Definition, Expr, Item } from '../../../compiler/1-syntax/ast.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';
import type { Analysis } from '../analysis.ts';
import { rangeOf } from '../positions.ts';

/** Of roles; plain keys are fields. */
const kinds: Readonly<Record<string, SymbolKind>> = {
  model: SymbolKind.Class,
  variant: SymbolKind.Class,
  train: SymbolKind.Event,
  generate: SymbolKind.Event,
  data: SymbolKind.Package,
  mixer: SymbolKind.Struct,
  ffn: SymbolKind.Struct,
  norm: SymbolKind.Struct,
  block: SymbolKind.Function,
  stack: SymbolKind.Array,
};

export function documentSymbolsOf({ ast }: Analysis): DocumentSymbol[] {
  return ast.items.flatMap(symbolOf);
}

function symbolOf(item: Item): DocumentSymbol[] {
  if (item.kind !== 'definition') return [];
  const [head] = item.heads;
  if (head === undefined) return [];
  const role = head.parts.map((part) => part.text).join('.');
  const words = item.words.map((word) => word.parts.map((part) => part.text).join('.'));
  const names = item.heads.map((path) => path.parts.map((part) => part.text).join('.'));
  const inner = item.block ?? blockOf(item.value);
  return [
    {
      name: words.join(' ') || names.join(', '),
      detail: [words.length > 0 ? role : '', detailOf(item)].filter((text) => text !== '').join(' '),
      kind: kinds[role] ?? (item.let ? SymbolKind.Constant : SymbolKind.Field),
      range: rangeOf(item.span),
      selectionRange: rangeOf((item.words[0] ?? head).span),
      children: inner?.items.flatMap(symbolOf) ?? [],
    },
  ];
}

function detailOf({ from, value }: Definition): string {
  if (from !== null) return `from ${from.parts.map((part) => part.text).join('.')}`;
  if (value === null) return '';
  return `= ${printExpr(value.kind === 'construct' ? value.callee : value)}`;
}

function blockOf(value: Expr | null): Block | null {
  return value?.kind === 'construct' ? value.block : null;
}

export function foldingRangesOf({ ast }: Analysis): FoldingRange[] {
  const ranges: FoldingRange[] = [];
  const add = (first: Comment, last: Comment): void => {
    const [start, end] = [rangeOf(first.span).start.line, rangeOf(last.span).start.line];
    if (end > start) ranges.push({ startLine: start, endLine: end, kind: FoldingRangeKind.Comment });
  };
  const visitComments = (comments: readonly Comment[]): void => {
    let run: Comment[] = [];
    for (const comment of comments.filter(({ own }) => own)) {
      const [first, last] = [run[0], run.at(-1)];
      if (comment.gap && first && last) {
        add(first, last);
        run = [];
      }
      run.push(comment);
    }
    const [first, last] = [run[0], run.at(-1)];
    if (first && last) add(first, last);
  };
  const visit = (block: { readonly items: readonly Item[]; readonly trailing: readonly Comment[] }): void => {
    for (const item of block.items) {
      visitComments(item.trivia.leading);
      for (const inner of blocksOf(item)) {
        const { start, end } = rangeOf(inner.span);
        if (end.line - 1 > start.line) ranges.push({ startLine: start.line, endLine: end.line - 1 });
        visit(inner);
      }
    }
    visitComments(block.trailing);
  };
  visit(ast);
  return ranges;
}

/** Every block of an item, those inside its expressions too. */
function blocksOf(item: Item): Block[] {
  if (item.kind === 'words') return [];
  if (item.kind === 'clause') return item.args.flatMap(blocksIn);
  const own = item.block === null ? [] : [item.block];
  return [...own, ...(item.value === null ? [] : blocksIn(item.value))];
}

function blocksIn(expr: Expr): Block[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'name':
      return [];
    case 'member':
      return blocksIn(expr.object);
    case 'call':
      return [...blocksIn(expr.callee), ...expr.args.flatMap(({ value }) => blocksIn(value))];
    case 'index':
      return [...blocksIn(expr.object), ...expr.args.flatMap(({ value }) => blocksIn(value))];
    case 'list':
      return expr.items.flatMap(blocksIn);
    case 'construct':
      return [expr.block];
    case 'negate':
    case 'group':
      return blocksIn(expr.value);
    case 'binary':
      return [...blocksIn(expr.left), ...blocksIn(expr.right)];
  }
}
