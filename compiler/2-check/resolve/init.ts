// Takes: the init block of a model or a tower. Gives: how each parameter starts.
// Promises: the most special target wins: `local.expert.up`, `local.expert`, `local`, then what local derives from, then
//   its role, then `default`; a target that names no parameter is a fault.
import { evaluateDraft } from '../evaluate/evaluate.ts';
import { attempt, fail, once, sectionOf, tell, type Section } from '../evaluate/section.ts';
import { nearest } from '../draft/names.ts';
import type { InitSpec } from '../model.ts';
import { initKind } from '../schema/parts/init-kind.ts';
import { buildOf } from '../schema/register.ts';

/** Where a parameter stands when it is in no layer. */
export type InitPlace =
  | 'embed' | 'embed.positions' | 'embed.project' | 'head' | 'head.project' | 'head.transform' | 'mtp.project' | 'patches' | 'cls' | 'project'; // prettier-ignore

/** What an Init is for: a place, or a part of a mixer or ffn by its path: `q`, `expert.up`. */
export type Target =
  | { readonly place: InitPlace }
  | { readonly role: 'mixer' | 'ffn'; readonly chain: readonly string[]; readonly part: string };

/** @throws Stop */
export function initOf(model: Section, target: Target): InitSpec {
  if (model.world.sizesOnly) return { kind: 'constant', value: 0 };
  const section = initSection(model);
  const key = keyOf(section, target);
  const draft = section.body.keys.get(key);
  if (draft === undefined) return fail(section, 'missing-key', section.span, { key: 'default', owner: 'init' });
  return once(section, `start:${key}`, draft.span, () => read(section, key));
}

/** The most special target that the block names. */
function keyOf({ body, cache }: Section, target: Target): string {
  const id = `target:${'place' in target ? target.place : [target.role, ...target.chain, target.part].join()}`;
  const known = cache.get(id);
  if (typeof known === 'string') return known;
  const names = 'place' in target ? prefixes(target.place) : namesOf(target);
  const key = names.find((name) => body.keys.has(name)) ?? 'default';
  cache.set(id, key);
  return key;
}

/** Of `expert.up` in `local`, derived from `attn`: most special first. An expert's `up` is an `ffn.up` too. */
function namesOf({ role, chain, part }: Extract<Target, { readonly role: string }>): string[] {
  const own = [...chain, role].flatMap((name) => prefixes(`${name}.${part}`));
  const last = part.split('.').at(-1) ?? part;
  return last === part ? own : [...own.slice(0, -1), `${role}.${last}`, role];
}

/** `a.b.c`, `a.b`, `a` */
function prefixes(path: string): string[] {
  const found = [path];
  for (let at = path.lastIndexOf('.'); at > 0; at = path.lastIndexOf('.', at - 1)) found.push(path.slice(0, at));
  return found;
}

function read(section: Section, key: string): InitSpec {
  const draft = section.body.keys.get(key);
  if (draft === undefined) return { kind: 'constant', value: 0 };
  const made = buildOf({ draft, section, key }, initKind);
  switch (made.constructor) {
    case 'normal':
      return { kind: 'normal', std: made.keys.std };
    case 'trunc_normal':
      return { kind: 'trunc_normal', std: made.keys.std, cut: made.keys.cut };
    case 'uniform':
      return { kind: 'uniform', bound: made.keys.bound };
    case 'fan_in':
      return { kind: 'fan_in', gain: made.keys.gain };
    case 'constant':
      return { kind: 'constant', value: made.keys.value };
    case 'zeros':
      return { kind: 'constant', value: 0 };
    case 'ones':
      return { kind: 'constant', value: 1 };
    case 'copy':
      return { kind: 'copy', from: made.keys.from, part: made.keys.part, noise: made.keys.noise };
  }
}

/** Where a target may point. */
export interface Targets {
  readonly places: readonly InitPlace[];
  /** Of each declared part: its role, and its linear maps by path; null: it has a fault, reported where it stands. */
  readonly parts: ReadonlyMap<string, { readonly role: string; readonly maps: readonly string[] | null }>;
}

/** Every target of the file must name something: reported once per model. */
export function checkInitTargets(model: Section, { places, parts }: Targets): void {
  const section = initSection(model);
  const known = new Set<string>(['default', ...places.flatMap(prefixes)]);
  for (const [name, { role, maps }] of parts) {
    [name, role].forEach((each) => known.add(each));
    for (const map of maps ?? []) {
      [`${name}.${map}`, `${role}.${map}`].flatMap(prefixes).forEach((each) => known.add(each));
      known.add(`${role}.${map.split('.').at(-1) ?? map}`);
    }
  }
  for (const [target, draft] of section.body.keys) {
    const [first = ''] = target.split('.');
    const isFaulty = [...parts].some(([name, { role, maps }]) => maps === null && (name === first || role === first));
    if (known.has(target) || isFaulty || model.world.prelude.files.has(draft.span.file)) continue;
    if (draft.let || model.world.usedNames.has(target)) {
      attempt(() => evaluateDraft(draft, section, target));
      continue;
    }
    tell(section, 'unknown-target', draft.span, { target }, { fix: fixOf(target, known) });
  }
}

/** The nearest target; else those of the same part, else the parts. */
function fixOf(target: string, known: ReadonlySet<string>): string {
  const near = nearest(target, known);
  if (near !== null) return `did you mean \`${near}\`?`;
  const [first = ''] = target.split('.');
  const own = [...known].filter((name) => name.startsWith(`${first}.`));
  const list = own.length > 0 ? own : [...known].filter((name) => !name.includes('.'));
  return `targets: ${list.join(', ')}`;
}

function initSection(model: Section): Section {
  const draft = model.body.keys.get('init');
  const span = draft?.span ?? model.span;
  return once(model, 'section:init', span, () => {
    const body = draft?.body ?? { keys: new Map(), clauses: [] };
    return sectionOf({ path: 'init', owner: 'init', parent: model, body, span }, model.world);
  });
}
