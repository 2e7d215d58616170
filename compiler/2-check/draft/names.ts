// Takes: files, or a wrong name and the right ones. Gives: every name an expression uses; the nearest right name.
// Promises: a name counts as used wherever it could be looked up, so no used definition is called unused.
import type { Argument, Expr, FileNode, Item, Path } from '../../1-syntax/ast.ts';

export function collectNames(files: readonly FileNode[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { items } of files) for (const item of items) fromItem(item, names);
  return names;
}

/** Every name an expression uses. */
export function exprNames(expr: Expr): ReadonlySet<string> {
  const names = new Set<string>();
  fromExpr(expr, names);
  return names;
}

function fromItem(item: Item, names: Set<string>): void {
  if (item.kind === 'clause') item.args.forEach((arg) => fromExpr(arg, names));
  if (item.kind !== 'definition') return;
  if (item.heads[0]?.parts[0]?.text === 'stack') item.words.forEach((word) => fromPath(word, names));
  if (item.from !== null) fromPath(item.from, names);
  item.args?.forEach((arg) => fromExpr(arg.value, names));
  if (item.value !== null) fromExpr(item.value, names);
  item.block?.items.forEach((inner) => fromItem(inner, names));
}

function fromPath(path: Path, names: Set<string>): void {
  path.parts.forEach((part) => names.add(part.text));
}

function fromArgs(args: readonly Argument[], names: Set<string>): void {
  args.forEach((arg) => fromExpr(arg.value, names));
}

function fromExpr(expr: Expr, names: Set<string>): void {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return;
    case 'name':
      names.add(expr.name);
      return;
    case 'member':
      names.add(expr.name.text);
      return fromExpr(expr.object, names);
    case 'call':
      fromExpr(expr.callee, names);
      return fromArgs(expr.args, names);
    case 'index':
      fromExpr(expr.object, names);
      return fromArgs(expr.args, names);
    case 'list':
      return expr.items.forEach((item) => fromExpr(item, names));
    case 'construct':
      fromExpr(expr.callee, names);
      return expr.block.items.forEach((item) => fromItem(item, names));
    case 'negate':
    case 'group':
      return fromExpr(expr.value, names);
    case 'binary':
      fromExpr(expr.left, names);
      return fromExpr(expr.right, names);
  }
}

/** The known name nearest to `wrong`, if it is near: at most two edits, and one in a short name. */
export function nearest(wrong: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = wrong.length < 5 ? 1 : 2;
  for (const name of known) {
    const distance = editDistance(wrong, name);
    if (distance < least || (distance === least && best === null)) {
      best = name;
      least = distance;
    }
  }
  return best;
}

/** Optimal string alignment: insert, delete, replace, swap neighbours. */
function editDistance(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(replace, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
