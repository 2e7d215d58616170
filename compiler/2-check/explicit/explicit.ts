// Takes: the AST of a file, and the prelude. Gives: the same file in the long form: every default written out.
// Promises: means the same: models of equal canonical form, equal train and generate blocks. What derives from another
//   part of the file, and what a variant patches, stays as it is.
import type { Definition, FileNode, Item } from '../../1-syntax/ast.ts';
import { bodyOf, labelOf, textOf } from '../draft/from-items.ts';
import type { Body, Draft } from '../draft/draft.ts';
import { preludeOf, type Prelude } from '../draft/prelude.ts';
import { hasTowers } from '../resolve/towers/towers.ts';
import { tableOf } from '../schema/register.ts';
import { completeKeys, ignore, longForm, type Context } from './complete.ts';
import { expandBlock } from './expand-block.ts';
import { definitionOf } from './item-of.ts';
import { namesOf } from './names-of.ts';

/** `file` must be free of errors. */
export function explicitFile(file: FileNode, std: readonly FileNode[]): FileNode {
  const prelude = preludeOf(std);
  const towers = file.items.flatMap((item) => (isTowers(item) ? [labelOf(item)] : []));
  return { ...file, items: file.items.map((item) => explicitItem(item, prelude, towers)) };
}

/** A model of towers: it has no context that `seq` could be. */
function isTowers(item: Item): item is Definition {
  return item.kind === 'definition' && hasTowers(bodyOf(item.block?.items ?? [], ignore));
}

function explicitItem(item: Item, prelude: Prelude, towers: readonly string[]): Item {
  if (item.kind !== 'definition' || item.block === null) return item;
  const head = textOf(item.heads[0]);
  if (head === 'model') return withItems(item, modelItems(item.block.items, prelude));
  if (head === 'variant') return withItems(item, variantItems(item.block.items, prelude));
  if (head === 'train' || head === 'generate')
    return withItems(item, blockItems(head, item.block.items, prelude, towers));
  return item;
}

function withItems(item: Definition, items: readonly Item[]): Definition {
  return item.block === null ? item : { ...item, block: { ...item.block, items } };
}

/** Parts, then what std gives a model that does not say it. */
function modelItems(items: readonly Item[], prelude: Prelude): Item[] {
  const body = bodyOf(items, ignore);
  const context = contextOf(body, prelude);
  if (!hasTowers(body)) return partsOf(items, prelude.model, sizes, context);
  const own = items.map((item) => (isTower(item) ? longTower(item, prelude) : item));
  return partsOf(own, prelude.towers, [], context);
}

const sizes = ['vocab', 'context', 'd_model', 'n_layers'];

function isTower(item: Item): item is Definition {
  return item.kind === 'definition' && textOf(item.heads[0]) === 'tower';
}

/** A tower is a model with two ends of its own. */
function longTower(item: Definition, prelude: Prelude): Definition {
  const std = prelude.defaults.get('tower tower');
  if (item.block === null || item.value !== null || std === undefined) return item;
  const body = bodyOf(item.block.items, ignore);
  const all = new Map([...std.keys, ...body.keys]);
  const context: Context = { prelude, isPart: (name, role) => all.get(name)?.role === role };
  const keys = Object.keys(tableOf('tower tower') ?? {});
  // Tokens have no patches and no class; patches are the image's.
  const wanted = keys.filter((key) => !['patches', 'cls', 'vocab', 'context'].includes(key));
  return withItems(item, partsOf(item.block.items, std, wanted, context));
}

/** `items` in the long form, and what `std` gives where they are silent: `names`, `init`, and the parts in use. */
function partsOf(items: readonly Item[], std: Body, names: readonly string[], context: Context): Item[] {
  const body = bodyOf(items, ignore);
  const own = items.map((item) => withInit(part(item, body, context, std), std));
  const used = namesOf(own);
  const missing = [...std.keys].filter(([key]) => !body.keys.has(key));
  const given: Item[] = [];
  // From the stack up: a block is written where the stack names it, a norm where a block does.
  for (const [key, draft] of missing.reverse()) {
    const needed = draft.role !== 'block' && draft.role !== 'norm' && draft.role !== null;
    const isKey = names.includes(key) || key === 'init';
    if (!needed && !isKey && !used.has(key)) continue;
    const item = definitionOf(key, draft);
    const long = part(item, { keys: new Map([[key, draft]]), clauses: [] }, context, std);
    namesOf([long]).forEach((name) => used.add(name));
    given.unshift(long);
  }
  return given.reduce((all: readonly Item[], item) => putIn(all, item), own).slice();
}

/** An `init` block that leaves the default to std. */
function withInit(item: Item, std: Body): Item {
  if (item.kind !== 'definition' || textOf(item.heads[0]) !== 'init' || item.block === null) return item;
  const given = std.keys.get('init')?.body?.keys.get('default');
  const body = bodyOf(item.block.items, ignore, true);
  if (given === undefined || body.keys.has('default')) return item;
  return withItems(item, [definitionOf('default', given), ...item.block.items]);
}

/** The order in which a model is read. */
const order = ['let', 'norm', 'embed', 'mixer', 'ffn', 'block', 'stack', 'head', 'init'];

function rank(item: Item): number {
  const head = item.kind === 'definition' ? textOf(item.heads[0]) : '';
  return Math.max(0, order.indexOf(head));
}

/** Before the first item that is read later. */
function putIn(items: readonly Item[], item: Item): readonly Item[] {
  const index = items.findIndex((each) => rank(each) > rank(item));
  return index < 0 ? [...items, item] : [...items.slice(0, index), item, ...items.slice(index)];
}

/** A variant's new parts in the long form; its patches as they are. */
function variantItems(items: readonly Item[], prelude: Prelude): Item[] {
  const body = bodyOf(items, ignore);
  const context = contextOf(body, prelude);
  return items.map((item) => {
    const isPart = item.kind === 'definition' && item.value !== null && item.words.length > 0;
    return isPart ? part(item, body, context) : item;
  });
}

function blockItems(
  role: 'train' | 'generate',
  items: readonly Item[],
  prelude: Prelude,
  towers: readonly string[],
): Item[] {
  const body = bodyOf(items, ignore);
  const context: Context = { prelude, isPart: (name) => body.keys.get(name)?.role === 'optimizer' };
  const std = prelude[role];
  const optimized = [...body.keys.values()].some((draft) => draft.role === 'optimizer');
  // A stage takes what it does not say from the one before it.
  if (body.keys.has('from')) return [...items];
  const timed = body.keys.has('tokens') || body.keys.has('epochs');
  const { value: model } = body.keys.get('model') ?? { value: null };
  const isOfTowers = model?.kind === 'name' && towers.includes(model.name);
  const isOut = (key: string, draft: Draft): boolean =>
    (optimized && draft.role === 'optimizer') || (timed && key === 'steps') || (isOfTowers && key === 'seq');
  const keys = new Map([...std.keys].filter(([key, draft]) => !isOut(key, draft)));
  const own = items.map((item) => part(item, body, context, std));
  const kinds = tableOf(`${role} ${role}`) ?? {};
  return completeKeys({ items: own, body, defaults: { ...std, keys }, names: [...keys.keys()], kinds }, context);
}

function contextOf(body: Body, prelude: Prelude): Context {
  const all = new Map([...prelude.model.keys, ...body.keys]);
  return { prelude, isPart: (name, role) => all.get(name)?.role === role };
}

function part(item: Item, body: Body, context: Context, std: Body = context.prelude.model): Item {
  if (item.kind !== 'definition') return item;
  if (textOf(item.heads[0]) === 'block') return expandBlock(item, context.prelude);
  const key = [...bodyOf([item], ignore).keys.keys()][0] ?? labelOf(item);
  const draft = body.keys.get(key);
  const given = std.keys.get(key);
  if (draft === undefined) return item;
  // `attn { heads = 8 }` on top of a part that std gives is that part.
  const isPatch = draft.role === null && item.value === null && item.block !== null && item.words.length === 0;
  if (isPatch && (given?.role === 'mixer' || given?.role === 'ffn')) {
    const bare = definitionOf(key, { ...given, body: null });
    const whole: Definition = { ...bare, trivia: item.trivia, value: given.value && { kind: 'construct', callee: given.value, block: item.block, span: item.span } }; // prettier-ignore
    return longForm(whole, key, { ...draft, role: given.role, value: given.value }, context, { std: given });
  }
  return longForm(item, key, draft, context, { std: given });
}
