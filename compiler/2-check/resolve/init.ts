// Takes: the init block of a model. Gives: how each parameter starts.
// Promises: the most special target wins: `local.o`, then `local`, then what local derives from, then `mixer.o`,
//   `mixer`, `default`; a target that names no parameter is a fault.
import { evaluateDraft } from '../evaluate/evaluate.ts';
import { attempt, fail, once, sectionOf, tell, type Section } from '../evaluate/section.ts';
import type { Init } from '../model.ts';
import { initKind } from '../schema/kinds.ts';
import { buildOf } from '../schema/register.ts';
import { nearest } from '../draft/names.ts';

const parts: Readonly<Record<string, readonly string[]>> = {
  mixer: ['q', 'k', 'v', 'o'],
  ffn: ['gate', 'up', 'down'],
};
const places = ['default', 'embed', 'embed.positions', 'head', 'mtp.project', 'mixer', 'ffn'];

/** What an Init is for: a place, or a part of a mixer or ffn. */
export type Target =
  | { readonly place: 'embed' | 'embed.positions' | 'head' | 'mtp.project' }
  | { readonly role: 'mixer' | 'ffn'; readonly chain: readonly string[]; readonly part: string };

/** @throws Stop */
export function initOf(model: Section, target: Target): Init {
  if (model.world.sizesOnly) return { kind: 'constant', value: 0 };
  const section = initSection(model);
  const names = namesOf(target);
  const key = names.find((name) => section.body.keys.has(name)) ?? 'default';
  const draft = section.body.keys.get(key);
  if (draft === undefined) return fail(section, 'missing-key', section.span, { key: 'default', owner: 'init' });
  return once(section, `start:${key}`, draft.span, () => read(section, key));
}

function namesOf(target: Target): string[] {
  if ('place' in target) return target.place === 'embed.positions' ? [target.place, 'embed'] : [target.place];
  const { role, chain, part } = target;
  return [...chain, role].flatMap((name) => [`${name}.${part}`, name]);
}

function read(section: Section, key: string): Init {
  const draft = section.body.keys.get(key);
  if (draft === undefined) return { kind: 'constant', value: 0 };
  const made = buildOf({ draft, section, key }, initKind);
  const { constructor } = made;
  if (constructor === 'normal') return { kind: constructor, std: made.keys.std };
  if (constructor === 'trunc_normal') return { kind: constructor, std: made.keys.std, cut: made.keys.cut };
  if (constructor === 'uniform') return { kind: constructor, bound: made.keys.bound };
  if (constructor === 'constant') return { kind: constructor, value: made.keys.value };
  return { kind: 'constant', value: constructor === 'ones' ? 1 : 0 };
}

/** Every target must name something: reported once per model. */
export function checkInitTargets(model: Section): void {
  const section = initSection(model);
  const known = new Set(places);
  for (const [role, names] of Object.entries(parts)) names.forEach((part) => known.add(`${role}.${part}`));
  for (const [name, { role }] of model.body.keys) {
    if (role === null || parts[role] === undefined) continue;
    known.add(name);
    parts[role].forEach((part) => known.add(`${name}.${part}`));
  }
  for (const [target, draft] of section.body.keys) {
    if (known.has(target)) continue;
    if (draft.let || model.world.usedNames.has(target)) {
      attempt(() => evaluateDraft(draft, section, target));
      continue;
    }
    const [first = ''] = target.split('.');
    const owner = model.body.keys.get(first);
    // Parts of what is not built are not known; that it is not built was reported.
    if (owner && attempt(() => model.world.open({ draft: owner, section: model, key: first })) === null) continue;
    const near = nearest(target, known);
    const fix = near === null ? `targets: ${[...known].join(', ')}` : `did you mean \`${near}\`?`;
    tell(section, 'unknown-target', draft.span, { target }, { fix });
  }
}

function initSection(model: Section): Section {
  const draft = model.body.keys.get('init');
  const span = draft?.span ?? model.span;
  return once(model, 'section:init', span, () => {
    const body = draft?.body ?? { keys: new Map(), clauses: [] };
    return sectionOf({ path: 'init', owner: 'init', parent: model, body, span }, model.world);
  });
}
