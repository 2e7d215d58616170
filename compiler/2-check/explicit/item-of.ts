// Takes: a key and its draft, of the prelude. Gives: the item that says it.
// Promises: printed by the formatter it reads as a person would have written it.
import type { Block, Definition, Item, Path } from '../../1-syntax/ast.ts';
import type { Span } from '../../../grammar/source.ts';
import type { Draft } from '../draft/draft.ts';

/** A place whose text has a line break: a block there is printed on several lines. */
const broken: Span = { file: { path: '', text: '\n' }, start: 0, end: 1 };

function path(text: string): Path {
  const parts = text.split('.').map((each) => ({ text: each, span: broken }));
  return { parts, span: broken };
}

export function blockOf(items: readonly Item[]): Block {
  return { kind: 'block', items, trailing: [], span: broken };
}

/** Roles that stand before the name of a part: `mixer attn = gqa { }`, `norm rms { }`. */
const partRoles: ReadonlySet<string> = new Set(['norm', 'mixer', 'ffn', 'optimizer']);
/** Roles whose word is the constructor: `embed token { }`. */
const singleRoles: ReadonlySet<string> = new Set(['embed', 'head', 'schedule']);

/** `key = value`, `key { }`, `norm rms { }`, `embed token { }`. */
export function definitionOf(key: string, draft: Draft): Definition {
  const bare: Definition = {
    kind: 'definition',
    let: draft.let,
    heads: [path(key)],
    words: [],
    args: null,
    from: null,
    value: draft.body === null || draft.assigned ? draft.value : null,
    block: null,
    span: broken,
    trivia: { leading: [], trailing: [], gap: false },
  };
  const { role, value, length, body, equations } = draft;
  if (role === 'stack') {
    const clauses = blockOf(body?.clauses ?? []);
    return { ...bare, heads: [path('stack')], words: length === null ? [] : [length], value: null, block: clauses };
  }
  if (role === 'block') {
    const words = key === 'main' && equations === null ? [] : [path(key)];
    return { ...bare, heads: [path('block')], words, value, block: equations && blockOf(equations.lines) };
  }
  const inner = [...(body?.keys ?? [])].map(([name, each]) => definitionOf(name, each));
  const block = blockOf([...inner, ...(body?.clauses ?? [])]);
  if (role !== null && partRoles.has(role)) {
    const own = { ...bare, heads: [path(role)], words: [path(key)], value: null };
    if (value === null || (value.kind === 'name' && value.name === key)) return { ...own, block };
    return { ...own, value: { kind: 'construct', callee: value, block, span: broken } };
  }
  if (role !== null && singleRoles.has(role)) {
    const word = value?.kind === 'name' ? value.name : key;
    return { ...bare, heads: [path(role)], words: [path(word)], value: null, block };
  }
  return body === null ? bare : { ...bare, block };
}
