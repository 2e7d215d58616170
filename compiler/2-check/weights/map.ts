// Takes: the weights blocks of a model, and the model. Gives: its maps.
// Promises: E13: a bijection: every tensor of the model has one place on disk and no two share one; E14: a tied head
//   with a bias has a place for it. A variant that its base's map does not cover has no map. A map of std may name parts that the model does not have, a file's own may not.
import type { Draft } from '../draft/draft.ts';
import { overlayBody } from '../draft/overlay.ts';
import { emptyBody, type Body } from '../draft/draft.ts';
import { nearest } from '../draft/names.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { attempt, fail, Stop, type Section } from '../evaluate/section.ts';
import type { Model, WeightEntry, WeightMap } from '../model.ts';
import { entryOf, type MapContext, type WrittenEntry, type WrittenStep } from './entry.ts';
import { placesOf, type Place } from './places.ts';
import { countOf, partShape, shapeOf, type Match, type Parts } from './shapes.ts';

/** Faulty maps are reported and left out: names on disk do not change the function. */
export function weightMaps(section: Section, model: Model): readonly WeightMap[] {
  const drafts = [...section.body.keys].filter(([key]) => key === 'weights' || key.startsWith('weights '));
  if (drafts.length === 0) return [];
  const places = placesOf(model);
  return drafts.flatMap(([key, draft]) => {
    const map = key.replace(/^weights ?/, '') || 'weights';
    return attempt(() => weightMap(draft, places, model, { map, section })) ?? [];
  });
}

/** @throws Stop */
function weightMap(draft: Draft, places: readonly Place[], model: Model, context: MapContext): WeightMap {
  const body = bodyOf(draft, context, []);
  const prefix = prefixOf(body, context);
  const keys = [...body.keys].filter(([key]) => key !== 'prefix');
  const entries = new Map(
    keys.map(([key, each]): [string, WrittenEntry] => {
      const entry = entryOf(key, each, context);
      return [key, { ...entry, template: named(entry.template, prefix) }];
    }),
  );
  checkKeys(entries, places, context);
  const matches = match(entries, places, model, draft, context);
  checkShared(matches, entries, context);
  return { name: context.map, entries: entriesOf(matches, entries, context) };
}

/** `/lm_head.weight` is the whole name. */
function named(template: string, prefix: string): string {
  return template.startsWith('/') ? template.slice(1) : `${prefix}${template}`;
}

/** `prefix = "transformer."` stands before every name that has no slash in front. */
function prefixOf({ keys }: Body, { section, map }: MapContext): string {
  const draft = keys.get('prefix');
  if (draft === undefined) return '';
  if (draft.value?.kind === 'string' && draft.body === null) return draft.value.value;
  return fail(section, 'weight-map', draft.value?.span ?? draft.span, { map, message: '`prefix` must be a text' });
}

/** What a map derives from, `std.hf.llama` or one of std by name, and its own entries over it. */
function bodyOf(draft: Draft, context: MapContext, seen: readonly Draft[]): Body {
  const own = draft.body ?? emptyBody;
  if (draft.value === null) return own;
  const { section, map } = context;
  const text = printExpr(draft.value);
  const { weights } = section.world.prelude;
  const base = weights.get(text.replace(/^std\.hf\./, ''));
  if (base !== undefined && !seen.includes(base)) {
    return overlayBody(bodyOf(base, context, [...seen, draft]), own, () => {});
  }
  const names = [...weights.keys()].map((name) => `std.hf.${name}`);
  const near = nearest(text, names);
  const fix = near === null ? `there are ${names.join(', ')}` : `did you mean \`${near}\`?`;
  return fail(section, 'weight-map', draft.value.span, { map, message: `there is no map \`${text}\`` }, { fix });
}

type Entries = ReadonlyMap<string, WrittenEntry>;

/** Every name that the file itself says is one of the model's. */
function checkKeys(entries: Entries, places: readonly Place[], { map, section }: MapContext): void {
  const known = new Set(places.flatMap(({ names }) => names));
  for (const [key, { draft }] of entries) {
    if (known.has(key) || section.world.prelude.files.has(draft.span.file)) continue;
    const near = nearest(key, known);
    const fix = near === null ? 'names are those of the parameters, `attn.q`, or of their roles, `mixer.q`' : `did you mean \`${near}\`?`; // prettier-ignore
    fail(section, 'weight-map', draft.span, { map, message: `\`${key}\` names no parameter of this model` }, { fix });
  }
}

function match(
  entries: Entries,
  places: readonly Place[],
  model: Model,
  draft: Draft,
  { map, section }: MapContext,
): Match[] {
  const missing: Place[] = [];
  const matches = places.flatMap((place): Match[] => {
    const found = find(entries, place, model);
    if (found !== null) return [found];
    missing.push(place);
    return [];
  }); // prettier-ignore
  const [first] = missing;
  if (first === undefined) return matches;
  // A base's map, and the variant has other parts: its checkpoints have no such names.
  if (section.world.isInherited?.(draft.span) === true) throw new Stop(map);
  const name = first.parameter.name;
  const fix = `${first.names.at(-1) ?? name} = "..."`;
  if (name === 'head.bias' && model.embed.tied) {
    const message = `it reads the embedding's matrix, but its bias has no tensor in weights ${map}`;
    return fail(section, 'tied-head', draft.span, { message }, { fix });
  }
  const more = missing.length === 1 ? '' : ` (and ${missing.length - 1} more)`;
  return fail(section, 'weight-map', draft.span, { map, message: `\`${name}\` has no tensor${more}` }, { fix });
}

/** The entry of a tensor's most special name; a bias stands beside its weight when it has none of its own. */
function find(entries: Entries, place: Place, { embed }: Model): Match | null {
  for (const key of place.names) {
    const entry = entries.get(key);
    if (entry !== undefined) return filled(key, entry.template, entry.steps, place);
  }
  for (const name of place.names) {
    // A tied head has no weight of its own on disk that its bias could stand beside.
    if (!name.endsWith('.bias') || (embed.tied && name === 'head.bias')) continue;
    const key = name.replace(/\.bias$/, '');
    const entry = entries.get(key) ?? entries.get(`${key}.weight`);
    if (entry === undefined || !entry.template.endsWith('.weight')) continue;
    const steps = entry.steps.filter(({ kind }) => kind !== 'transpose' && kind !== 'add' && kind !== 'squeeze');
    return filled(key, entry.template.replace(/weight$/, 'bias'), steps, place);
  }
  return null;
}

function filled(key: string, template: string, steps: readonly WrittenStep[], place: Place): Match {
  const tensor = place.layer === null ? template : template.replaceAll('{layer}', String(place.layer));
  return { place, key, tensor, steps };
}

/** One name, or one per expert or head. */
function tensorsOf({ tensor, steps, place }: Match): string[] {
  const stack = steps.find((step) => step.kind === 'stack');
  if (stack === undefined) return [tensor];
  const [before = '', after = ''] = tensor.split(`{${stack.over}}`);
  return Array.from({ length: countOf(stack.over, place) ?? 0 }, (_, index) => `${before}${index}${after}`);
}

/** Two parameters share a tensor only as parts of it. */
function checkShared(matches: readonly Match[], entries: Entries, { map, section }: MapContext): void {
  const owners = new Map<string, Match>();
  for (const each of matches) {
    const { tensor, key, place } = each;
    const split = each.steps.find(({ kind }) => kind === 'split');
    const owned = split?.kind === 'split' ? `${tensor} ${split.part}` : tensor;
    const other = owners.get(owned);
    if (other === undefined) {
      owners.set(owned, each);
      continue;
    }
    const message = `\`${other.place.parameter.name}\` and \`${place.parameter.name}\` both read \`${tensor}\``;
    const needsLayer = other.key === key && other.place.layer !== place.layer;
    const fix = needsLayer ? 'put {layer} into the name' : 'a tensor that holds several is taken apart by split("...", 1, of = 2)'; // prettier-ignore
    fail(section, 'weight-map', entries.get(key)?.draft.span ?? section.span, { map, message }, { fix });
  }
}

function entriesOf(matches: readonly Match[], entries: Entries, context: MapContext): WeightEntry[] {
  const splits = new Map<string, Match[]>();
  for (const each of matches) {
    const { tensor } = each;
    if (each.steps.some(({ kind }) => kind === 'split')) splits.set(tensor, [...(splits.get(tensor) ?? []), each]);
  }
  const refuseAt = ({ key, place }: Match) => (message: string): never => {
    const { map, section } = context;
    const span = entries.get(key)?.draft.span ?? section.span;
    return fail(section, 'weight-map', span, { map, message: `\`${place.parameter.name}\`: ${message}` });
  }; // prettier-ignore
  const parts = new Map<string, Parts>();
  for (const [tensor, group] of splits) parts.set(tensor, partsOf(group, tensor, refuseAt));
  return matches.map((each) => {
    const { steps, shape } = shapeOf(each, parts.get(each.tensor) ?? null, refuseAt(each));
    return { parameter: each.place.parameter.name, tensors: tensorsOf(each), steps, shape };
  });
}

/** The rows of each part of a split tensor, which must all be there and equally wide. */
function partsOf(
  group: readonly Match[],
  tensor: string,
  refuseAt: (match: Match) => (message: string) => never,
): Parts {
  const [first] = group;
  const step = first?.steps.find(({ kind }) => kind === 'split');
  if (first === undefined || step?.kind !== 'split') return { from: [], rows: [] };
  const rows: number[] = [];
  const width = partShape(first, refuseAt(first)).slice(1).join(', ');
  for (const each of group) {
    const own = each.steps.find(({ kind }) => kind === 'split');
    const [size = 0, ...others] = partShape(each, refuseAt(each));
    if (own?.kind !== 'split' || own.parts !== step.parts) refuseAt(each)(`\`${tensor}\` is split into ${step.parts} parts elsewhere`); // prettier-ignore
    if (others.join(', ') !== width) {
      refuseAt(each)(`its rows in \`${tensor}\` are [${others.join(', ')}] wide, those of \`${first.place.parameter.name}\` [${width}]`); // prettier-ignore
    }
    if (own?.kind === 'split') rows[own.part] = size;
  }
  const missing = Array.from({ length: step.parts }, (_, part) => part).find((part) => rows[part] === undefined);
  if (missing !== undefined) refuseAt(first)(`part ${missing + 1} of the ${step.parts} parts of \`${tensor}\` belongs to nothing`); // prettier-ignore
  let sum = 0;
  const from = rows.map((size) => (sum += size) - size);
  return { from, rows };
}
