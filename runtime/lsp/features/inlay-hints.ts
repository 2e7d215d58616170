// Takes: an analysis and a range. Gives: hints with derived values: behind expressions, and the size behind `model Name {`.
// Promises: nothing is shown that stands there already; what cannot be evaluated has no hint.
import { InlayHintKind, type InlayHint, type Range } from 'vscode-languageserver';
import type { Block, Definition, Expr, Item } from '../../../compiler/1-syntax/ast.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';
import { textOf } from '../../../compiler/2-check/draft/from-items.ts';
import { pathOf } from '../../../compiler/2-check/inspect/place.ts';
import { shown } from '../../../compiler/2-check/inspect/values.ts';
import type { Analysis } from '../analysis.ts';
import { rangeOf, touches } from '../positions.ts';

export function inlayHintsOf(analysis: Analysis, range: Range): InlayHint[] {
  const hints = analysis.ast.items.flatMap((root) => {
    if (root.kind !== 'definition' || !touches(rangeOf(root.span), range)) return [];
    return [...sizeHint(analysis, root), ...hintsIn(analysis, root, root.block, [], range)];
  });
  return hints.filter(({ position }) => touches({ start: position, end: position }, range));
}

function hint(analysis: Analysis, offset: number, label: string): InlayHint {
  const { start } = rangeOf({ file: analysis.source, start: offset, end: offset });
  return { position: start, label, kind: InlayHintKind.Type, paddingLeft: true };
}

/** `model Atlas {  2.97B parameters` */
function sizeHint(analysis: Analysis, root: Definition): InlayHint[] {
  const role = textOf(root.heads[0]);
  if ((role !== 'model' && role !== 'variant') || root.block === null) return [];
  const weight = analysis.values.weight(root.words.map(textOf).join(' '), null);
  if (weight === null) return [];
  const active = weight.active < weight.total ? `, ${short(weight.active)} active` : '';
  return [hint(analysis, root.block.span.start + 1, `${short(weight.total)} parameters${active}`)];
}

/** 8_030_261_248 -> 8.03B */
function short(value: number): string {
  const units = [['T', 1e12], ['B', 1e9], ['M', 1e6], ['K', 1e3]] as const; // prettier-ignore
  const [unit, scale] = units.find(([, size]) => value >= size) ?? ['', 1];
  return `${Number((value / scale).toPrecision(4))}${unit}`;
}

function hintsIn(
  analysis: Analysis,
  root: Definition,
  block: Block | null,
  path: readonly string[],
  range: Range,
): InlayHint[] {
  return (block?.items ?? []).flatMap((item: Item): InlayHint[] => {
    if (item.kind !== 'definition' || textOf(item.heads[0]) === 'block') return [];
    if (!touches(rangeOf(item.span), range)) return [];
    const own = [...path, ...pathOf(item)];
    const inner = item.block ?? (item.value?.kind === 'construct' ? item.value.block : null);
    return [...valueHint(analysis, root, item, path), ...hintsIn(analysis, root, inner, own, range)];
  });
}

function valueHint(analysis: Analysis, root: Definition, item: Definition, path: readonly string[]): InlayHint[] {
  const { value } = item;
  if (value === null || !isDerived(value)) return [];
  const { values } = analysis;
  const own = [...path, ...pathOf(item)];
  const together = item.heads.length > 1 && textOf(item.heads[0]) === 'd_model';
  const numbers = together
    ? item.heads.map((head) => values.keyValue(values.modelFor(root) ?? '', [...path, textOf(head)]))
    : [values.number(value, root, own)];
  const known = numbers.flatMap((each) => each ?? []);
  if (known.length === 0 || known.length < numbers.length) return [];
  const text = known.map(shown).join(', ');
  // `-inf` says so itself.
  return text === printExpr(value) ? [] : [hint(analysis, value.span.end, `= ${text}`)];
}

/** Not a literal, and no word, constructor or list. */
function isDerived(expr: Expr): boolean {
  switch (expr.kind) {
    case 'name':
    case 'member':
    case 'call':
    case 'index':
    case 'binary':
      return true;
    case 'negate':
    case 'group':
      return isDerived(expr.value);
    case 'number':
    case 'string':
    case 'list':
    case 'construct':
      return false;
  }
}
