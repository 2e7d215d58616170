// Takes: a body and what is said on top of it: a file on its std defaults, a variant on its base, `local = attn { }`.
// Promises: what the patch sets wins; what it does not name stays; setting a `let` is reported and ignored.
import type { ClauseItem } from '../../1-syntax/ast.ts';
import { emptyBody, type Body, type Draft } from './draft.ts';
import { exprNames } from './names.ts';

export type OnLet = (key: string, patch: Draft) => void;

export function overlayBody(base: Body, patch: Body, onLet: OnLet): Body {
  const keys = new Map(base.keys);
  for (const [key, draft] of patch.keys) {
    const old = keys.get(key);
    if (old?.let === true) onLet(key, draft);
    else keys.set(key, old === undefined ? draft : overlay(old, draft, onLet));
  }
  return { keys, clauses: overlayClauses(base, patch) };
}

function overlay(base: Draft, patch: Draft, onLet: OnLet): Draft {
  if (patch.equations !== null || patch.assigned || base.equations !== null) {
    return { ...patch, role: patch.role ?? base.role };
  }
  if (patch.value !== null && !sameWord(base, patch)) return { ...patch, role: patch.role ?? base.role };
  // `rope { theta = 1 }` on top of `rope = none` is a rope again.
  const revived = base.value?.kind === 'name' && base.value.name === 'none' && patch.body !== null;
  const body =
    patch.body === null ? base.body : overlayBody(revived ? emptyBody : (base.body ?? emptyBody), patch.body, onLet);
  return { ...base, value: revived ? null : base.value, body, length: patch.length ?? base.length, span: patch.span };
}

/** `norm rms { }` names a draft; `embed token { }` names a constructor, and another one starts anew. */
function sameWord(base: Draft, patch: Draft): boolean {
  if (patch.role === 'norm' || patch.role === 'mixer' || patch.role === 'ffn' || patch.role === 'optimizer')
    return true;
  return base.value?.kind === 'name' && patch.value?.kind === 'name' && base.value.name === patch.value.name;
}

/**
 * `cycle` takes the place of `cycle` or `each`, `at` of all `at`. Assertions add up, but a `require` about a key that the
 * patch sets anew goes with the old one: `require mix[last] == global`, and the variant has another `mix`.
 */
function overlayClauses(base: Body, patch: Body): Body['clauses'] {
  const words = new Set<string>(patch.clauses.map((clause) => clause.keyword));
  if (words.has('cycle')) words.add('each');
  if (words.has('each')) words.add('cycle');
  const isOld = ({ keyword, args }: ClauseItem): boolean =>
    keyword === 'require' && args.some((arg) => [...patch.keys.keys()].some((key) => exprNames(arg).has(key)));
  const kept = base.clauses.filter((each) => !isOld(each) && (isAssertion(each.keyword) || !words.has(each.keyword)));
  return [...kept, ...patch.clauses];
}

function isAssertion(keyword: string): boolean {
  return keyword === 'assert' || keyword === 'require';
}
