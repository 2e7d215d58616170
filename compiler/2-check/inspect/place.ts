// Takes: a tree and an offset. Gives: what stands there: which item, the path of its key, the expressions around it.
// Promises: total: null between items and in comments.
import type { Span } from '../../../grammar/source.ts';
import type { Block, Definition, Expr, FileNode, Item, Path } from '../../1-syntax/ast.ts';
import { labelOf, namedRoles, textOf } from '../draft/from-items.ts';

export interface Place {
  /** The definition of the file it is in: a model, a train block. */
  readonly root: Definition;
  /** Keys from there: `attn.rope.theta`; the place is that key itself, or in its value. */
  readonly path: readonly string[];
  /** The innermost block around it, and the keys from there. */
  readonly block: Block | null;
  readonly own: readonly string[];
  /** The innermost definition. */
  readonly item: Definition;
  readonly at: 'role' | 'key' | 'word' | 'value' | 'clause';
  /** Expressions around the offset, outermost first. */
  readonly around: readonly Expr[];
  /** In the lines of a block, where names stand for tensors. */
  readonly inEquations: boolean;
}

export function placeAt(ast: FileNode, offset: number): Place | null {
  const root = ast.items.find((item) => holds(item.span, offset));
  if (root?.kind !== 'definition') return null;
  return within(root, offset, { root, path: [], block: null, inEquations: false }, true);
}

export function holds({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

type Outer = Pick<Place, 'root' | 'path' | 'block' | 'inEquations'>;

const labelled: ReadonlySet<string> = new Set([
  'weights',
  'data',
  'train',
  'generate',
  'sweep',
  'source',
  'filter',
  'dedup',
]);
const singleRoles: ReadonlySet<string> = new Set(['embed', 'head', 'schedule', 'stack', 'tokenizer', 'pack']);

/** The keys an item sets, seen from its block: `mixer attn` is `attn`, `clip norm` is `clip.norm`. */
export function pathOf(item: Definition, head: Path | undefined = item.heads[0]): readonly string[] {
  const role = textOf(head);
  if (item.words.length > 0 && namedRoles.has(role)) return [labelOf(item)];
  if (item.words.length > 0 && singleRoles.has(role)) return [role];
  if (item.words.length > 0 && labelled.has(role)) return [`${role} ${labelOf(item)}`];
  const keys = head?.parts.map((part) => part.text) ?? [];
  return [...keys, ...item.words.flatMap((word) => word.parts.map((part) => part.text))];
}

function within(item: Definition, offset: number, outer: Outer, isRoot: boolean): Place | null {
  const own = isRoot ? [] : pathOf(item);
  const path = [...outer.path, ...own];
  const inEquations = outer.inEquations || textOf(item.heads[0]) === 'block';
  const place = (at: Place['at'], to: readonly string[], around: readonly Expr[] = []): Place => ({ ...outer, item, at, path: to, own: to.slice(outer.path.length), around }); // prettier-ignore
  for (const head of item.heads) {
    const index = head.parts.findIndex(({ span }) => holds(span, offset));
    if (index < 0) continue;
    if (item.words.length > 0 || isRoot) return place('role', path);
    const keys = pathOf(item, head).slice(0, index + 1);
    return place('key', [...outer.path, ...keys]);
  }
  if (item.words.some(({ span }) => holds(span, offset))) return place('word', path);
  if (item.from !== null && holds(item.from.span, offset)) return place('value', path);
  const inner: Outer = { root: outer.root, path, block: null, inEquations };
  if (item.block !== null && holds(item.block.span, offset)) return inBlock(item.block, offset, inner);
  if (item.value === null || !holds(item.value.span, offset)) return null;
  return inValue(item.value, offset, inner) ?? { ...place('value', path, around(item.value, offset)), inEquations };
}

function inBlock(block: Block, offset: number, outer: Outer): Place | null {
  const item = block.items.find((each) => holds(each.span, offset));
  if (item?.kind === 'definition') return within(item, offset, { ...outer, block }, false);
  if (item?.kind !== 'clause') return null;
  const around_ = item.args.flatMap((arg) => (holds(arg.span, offset) ? around(arg, offset) : []));
  return { ...outer, block, own: [], item: outer.root, at: 'clause', around: around_ };
}

/** A place inside the block of a constructor of a value. */
function inValue(value: Expr, offset: number, outer: Outer): Place | null {
  const construct = around(value, offset).find((each) => each.kind === 'construct' && holds(each.block.span, offset));
  return construct?.kind === 'construct' ? inBlock(construct.block, offset, outer) : null;
}

/** The expressions that hold an offset, outermost first. */
export function around(expr: Expr, offset: number): Expr[] {
  if (!holds(expr.span, offset)) return [];
  return [expr, ...(partsOf(expr).map((part) => around(part, offset)).find((found) => found.length > 0) ?? [])]; // prettier-ignore
}

/** The expressions directly inside one; blocks are left to the caller. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'name':
      return [];
    case 'member':
      return [expr.object];
    case 'call':
      return [expr.callee, ...expr.args.map(({ value }) => value)];
    case 'index':
      return [expr.object, ...expr.args.map(({ value }) => value)];
    case 'list':
      return expr.items;
    case 'construct':
      return [expr.callee, ...expr.block.items.flatMap(valuesOf)];
    case 'negate':
    case 'group':
      return [expr.value];
    case 'binary':
      return [expr.left, expr.right];
  }
}

function valuesOf(item: Item): readonly Expr[] {
  if (item.kind === 'words') return [];
  if (item.kind === 'clause') return item.args;
  const inner = item.block?.items.flatMap(valuesOf) ?? [];
  return [...(item.args?.map(({ value }) => value) ?? []), ...(item.value === null ? [] : [item.value]), ...inner];
}
