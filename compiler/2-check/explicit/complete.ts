// Takes: a definition whose value is a constructor. Gives: the definition with the keys it leaves to std.
// Promises: in the order of the schema, behind what was written; keys that only help another default stay out when that
//   default is not in force (`ratio` beside a `width` of one's own).
import type { Argument, Definition, Expr, Item } from '../../1-syntax/ast.ts';
import { emptyBody, type Body, type Draft } from '../draft/draft.ts';
import { bodyOf } from '../draft/from-items.ts';
import { exprNames } from '../draft/names.ts';
import { overlayBody } from '../draft/overlay.ts';
import type { Prelude } from '../draft/prelude.ts';
import type { Kind } from '../schema/kind.ts';
import { allKinds } from '../schema/register.ts';
import { blockOf, definitionOf } from './item-of.ts';
import { namesOf } from './names-of.ts';

export interface Context {
  readonly prelude: Prelude;
  /** Whether a name is a part of the file, from which others derive, and no constructor. */
  readonly isPart: (name: string, role: string) => boolean;
}

export function ignore(): void {
  // Faults were reported when the file was checked.
}

export interface Place {
  /** The kind that the table of its owner says; none: its role, or its own name. */
  readonly kind?: string | undefined;
  /** What std says of this very part: `head lm { norm = rms }` in a model. */
  readonly std?: Draft | undefined;
}

export function longForm(item: Definition, key: string, draft: Draft, context: Context, place: Place = {}): Definition {
  const kind = allKinds().get(draft.role ?? place.kind ?? key) ?? allKinds().get(key);
  if (kind === undefined) return item;
  const name = constructorOf(item, draft, kind, key, context);
  const table = name === null ? undefined : kind.constructors[name];
  if (name === null || table === undefined) return item;
  const plain = context.prelude.defaults.get(`${kind.name} ${name}`) ?? emptyBody;
  const defaults = saysSame(place.std, name) ? overlayBody(plain, place.std?.body ?? emptyBody, ignore) : plain;
  const { value } = item;
  if (value?.kind === 'call') return { ...item, value: longCall(value, Object.keys(table.keys), defaults) };
  const block = value?.kind === 'construct' ? value.block : item.block;
  const body = draft.body ?? emptyBody;
  const own = (block?.items ?? []).map((inner) => longInner(inner, { body, kinds: table.keys, defaults }, context));
  const names = Object.keys(table.keys);
  const items = completeKeys({ items: own, body, defaults, plain, names, kinds: table.keys }, context);
  if (items.length === 0) return item;
  const long = { ...blockOf(items), trailing: block?.trailing ?? [] };
  if (value === null) return { ...item, block: long };
  const callee = value.kind === 'construct' ? value.callee : value;
  return { ...item, value: { kind: 'construct', callee, block: long, span: value.span }, block: null };
}

/** Whether std's own draft of a part has this constructor: another one starts anew. */
function saysSame(std: Draft | undefined, name: string): boolean {
  return std !== undefined && (std.value === null || (std.value.kind === 'name' && std.value.name === name));
}

/** The constructor that is written; null when the value is none, or derives from a part of the file. */
function constructorOf(item: Definition, draft: Draft, kind: Kind, key: string, context: Context): string | null {
  const { value } = item;
  const callee = value?.kind === 'construct' ? value.callee : value?.kind === 'call' ? value.callee : value;
  if (callee !== null && callee.kind !== 'name') return null;
  const written = callee?.name ?? (draft.value?.kind === 'name' ? draft.value.name : Object.keys(kind.constructors)[0]);
  if (written === undefined || !Object.hasOwn(kind.constructors, written)) return null;
  const derives = written !== key && kind.role !== undefined && context.isPart(written, kind.role);
  return derives ? null : written;
}

type Kinds = Readonly<Record<string, { readonly kind?: string }>>;

interface Around {
  readonly body: Body;
  readonly kinds: Kinds;
  /** What std says of the keys there: `rope { dim = rope_dim }` in mla. */
  readonly defaults: Body;
}

function longInner(item: Item, { body, kinds, defaults }: Around, context: Context): Item {
  if (item.kind !== 'definition') return item;
  const [key = ''] = bodyOf([item], ignore).keys.keys();
  const draft = body.keys.get(key);
  const isWhole = item.heads[0]?.parts.length === 1 && item.words.length === 0;
  if (draft === undefined || !isWhole || kinds[key]?.kind === undefined) return item;
  return longForm(item, key, draft, context, { kind: kinds[key].kind, std: defaults.keys.get(key) });
}

interface Incomplete {
  readonly items: readonly Item[];
  readonly body: Body;
  readonly defaults: Body;
  /** What the constructor's own defaults are, wherever it stands: which key only helps another is seen there. */
  readonly plain?: Body;
  /** Keys to be said. */
  readonly names: readonly string[];
  readonly kinds?: Kinds;
}

/** `items` and what `defaults` say of the keys that are missing. */
export function completeKeys(incomplete: Incomplete, context: Context): Item[] {
  const { items, body, defaults, plain = defaults, names, kinds = {} } = incomplete;
  const missing = names.filter((name) => !body.keys.has(name) && defaults.keys.has(name));
  const used = namesOf(items);
  const given = new Map<string, Item>();
  const add = (key: string): void => {
    const draft = defaults.keys.get(key);
    if (draft === undefined || given.has(key)) return;
    const item = longForm(definitionOf(key, draft), key, draft, context, { kind: kinds[key]?.kind });
    given.set(key, item);
    for (const name of namesOf([item])) {
      used.add(name);
      // Locals of the defaults come along.
      if (!names.includes(name) && !body.keys.has(name)) add(name);
    }
  };
  missing.filter((key) => !onlyHelps(key, plain)).forEach(add);
  missing.filter((key) => used.has(key)).forEach(add);
  const order = [...defaults.keys.keys()];
  const sorted = [...given].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return [...items, ...sorted.map(([, item]) => item), ...subKeys(items, { body, kinds, defaults }, context)];
}

/** A plain value that other defaults derive from. */
function onlyHelps(key: string, { keys }: Body): boolean {
  const value = keys.get(key)?.value;
  if (value == null || exprNames(value).size > 0) return false;
  return [...keys].some(([other, draft]) => other !== key && draft.value !== null && exprNames(draft.value).has(key));
}

/** What is missing in parts that were only reached by paths: `attn { rope.theta = 1e6 }`. */
function subKeys(items: readonly Item[], { body, kinds, defaults }: Around, context: Context): Item[] {
  const whole = new Set(
    items.flatMap((item) => (item.kind === 'definition' && item.heads[0]?.parts.length === 1 && item.words.length === 0 ? [item.heads[0].parts[0]?.text] : [])), // prettier-ignore
  );
  return [...body.keys].flatMap(([key, draft]) => {
    const kind = kinds[key]?.kind;
    if (kind === undefined || whole.has(key) || draft.value !== null || draft.body === null) return [];
    const long = longForm(definitionOf(key, { ...draft, body: emptyBody }), key, draft, context, {
      kind,
      std: defaults.keys.get(key),
    });
    return long.block?.items.length === 0 ? [] : [long];
  });
}

/** Arguments for the keys with a plain default: `trunc_normal(std = 0.02, cut = 3)`. */
function longCall(call: Extract<Expr, { kind: 'call' }>, order: readonly string[], defaults: Body): Expr {
  const given = new Set(call.args.map(({ name }, index) => name?.text ?? order[index]));
  const more = order.flatMap((key): Argument[] => {
    const draft = defaults.keys.get(key);
    if (given.has(key) || draft?.value == null || draft.body !== null) return [];
    return [{ name: { text: key, span: call.span }, value: draft.value, span: call.span }];
  });
  return more.length === 0 ? call : { ...call, args: [...call.args, ...more] };
}
