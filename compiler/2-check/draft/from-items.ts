// Takes: the items of a block. Gives: its body: drafts by key, clauses in order.
// Promises: nothing evaluated; a key set twice in one block is reported, the first one stays.
import type { Span } from '../../../grammar/source.ts';
import type { Block, ClauseItem, Definition, Expr, Item, Path } from '../../1-syntax/ast.ts';
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import { emptyBody, plainDraft, type Body, type Draft } from './draft.ts';

export type Report = (diagnostic: Diagnostic) => void;

/** What the word behind a role is: `mixer attn`, `tower text`, `embed token`, `train pretrain`. */
type Form =
  /** The key, and the constructor where no other is set: `norm rms { }` = `norm rms = rms { }`. */
  | 'part'
  /** The key; its keys are always the same. */
  | 'section'
  /** The constructor; there is one of the role, which is the key. */
  | 'constructor'
  /** The second word of the key: `train pretrain`. */
  | 'label';

const forms: Readonly<Record<string, Form>> = {
  norm: 'part',
  mixer: 'part',
  ffn: 'part',
  block: 'part',
  optimizer: 'part',
  tower: 'section',
  embed: 'constructor',
  head: 'constructor',
  schedule: 'constructor',
  tokenizer: 'constructor',
  pack: 'constructor',
  train: 'label',
  generate: 'label',
  weights: 'label',
  data: 'label',
  sweep: 'label',
  source: 'label',
  filter: 'label',
  dedup: 'label',
};

/** Roles whose word is the key. */
export const namedRoles: ReadonlySet<string> = new Set(
  Object.keys(forms).filter((role) => forms[role] === 'part' || forms[role] === 'section'),
);

/** Roles whose keys are paths, dots and all: targets of `init`, names of a map of weights. */
const flatRoles: ReadonlySet<string> = new Set(['init', 'weights']);

/** The body of `items`; `flat`: dotted heads are one key (init targets: `attn.o = ...`). */
export function bodyOf(items: readonly Item[], report: Report, flat = false): Body {
  let body = emptyBody;
  const clauses: ClauseItem[] = [];
  for (const item of items) {
    if (item.kind === 'clause') clauses.push(item);
    if (item.kind !== 'definition') continue;
    for (const [path, draft] of entriesOf(item, report, flat)) body = place(body, path, draft, report);
  }
  return { keys: body.keys, clauses };
}

/** An expression as a draft: the block of `llama3 { ... }` becomes the draft's body. */
export function draftOf(value: Expr, span: Span, report: Report, flat = false): Draft {
  if (value.kind !== 'construct') return plainDraft(value, span);
  return { ...plainDraft(value.callee, span), body: bodyOf(value.block.items, report, flat) };
}

/** The word that tells one definition from another, of an anonymous block its role. */
export function labelOf(item: Definition): string {
  return item.words.map(textOf).join(' ') || textOf(item.heads[0]);
}

export function textOf(path: Path | undefined): string {
  return path?.parts.map((part) => part.text).join('.') ?? '';
}

function entriesOf(item: Definition, report: Report, flat: boolean): [readonly string[], Draft][] {
  const together = item.heads.length > 1 && !flat ? item.heads.map(textOf) : null;
  return item.heads.map((head) => {
    const parts = head.parts.map((part) => part.text);
    const role = parts.length === 1 ? (parts[0] ?? '') : '';
    const draft: Draft = { ...valueOf(item, report, flatRoles.has(role)), let: item.let, together, span: head.span };
    if (role === 'block' && !isPlainBlock(item)) return blockEntry(item, draft);
    if (role === 'mtp') return [['mtp'], mtpDraft(item, draft)];
    if (flat) return [[textOf(head)], draft];
    if (parts[0] === 'init' && parts.length > 1) return [['init', parts.slice(1).join('.')], draft];
    if (item.words.length === 0) return [parts, draft];
    return wordEntry(item, role, draft);
  });
}

/** `paged { block = 16 }`: an amount is no block of equations. */
function isPlainBlock({ words, value }: Definition): boolean {
  const isAmount = value?.kind === 'number' || value?.kind === 'list' || value?.kind === 'binary';
  return words.length === 0 && (isAmount || (value?.kind === 'name' && value.name === 'none'));
}

/** `block main(mix) { ... }`; `block = pre_norm(attn, mlp)` is the block `main`. */
function blockEntry(item: Definition, draft: Draft): [readonly string[], Draft] {
  const lines = (item.block?.items ?? []).filter((line) => line.kind === 'definition');
  const equations = item.block === null ? null : { parameters: item.args ?? [], lines };
  return [[item.words.map(textOf).join(' ') || 'main'], { ...draft, role: 'block', body: null, equations }];
}

/** `mtp depth = 1 { ... }` sets `mtp.depth`; its `block = b(moe)` is a key there, and no block of its own. */
function mtpDraft(item: Definition, draft: Draft): Draft {
  const [word] = item.words;
  const keys = [...(draft.body?.keys ?? [])].map(([key, inner]): [string, Draft] => {
    const isCall = inner.role === 'block' && inner.equations === null && key === 'main';
    return isCall ? ['block', { ...inner, role: null }] : [key, inner];
  });
  const clauses = draft.body?.clauses ?? [];
  if (word === undefined) return { ...draft, role: 'mtp', body: draft.body && { keys: new Map(keys), clauses } };
  const first: [string, Draft] = [textOf(word), plainDraft(item.value, word.span)];
  return { ...draft, role: 'mtp', value: null, assigned: false, body: { keys: new Map([first, ...keys]), clauses } };
}

function wordEntry(item: Definition, role: string, draft: Draft): [readonly string[], Draft] {
  const [first] = item.words;
  const label = labelOf(item);
  const span = first?.span ?? item.span;
  const word: Expr = { kind: 'name', name: label, span };
  if (role === 'stack') return [['stack'], { ...draft, role, length: first ?? null }];
  const form = forms[role];
  if (form === 'label') return [[`${role} ${label}`], { ...draft, role }];
  if (form === 'part') return [[label], { ...draft, role, value: draft.value ?? word, span }];
  if (form === 'section') return [[label], { ...draft, role, span }];
  if (form === 'constructor') return [[role], { ...draft, role, value: draft.value ?? word }];
  // `clip norm = 1.0` is `clip.norm = 1.0`.
  return [[...textOf(item.heads[0]).split('.'), ...item.words.map(textOf)], draft];
}

function valueOf(item: Definition, report: Report, flat: boolean): Draft {
  if (item.value !== null && item.block === null) return draftOf(item.value, item.span, report, flat);
  const body = item.block === null ? null : bodyIn(item.block, report, flat);
  return { ...plainDraft(item.value, item.span), body };
}

function bodyIn(block: Block, report: Report, flat: boolean): Body {
  return bodyOf(block.items, report, flat);
}

/** Sets `path` in a body under construction; parts of one key may come in several items, its value only once. */
function place(body: Body, path: readonly string[], draft: Draft, report: Report): Body {
  const [key = '', ...rest] = path;
  const old = body.keys.get(key);
  const next = rest.length === 0 ? draft : { ...(old ?? plainDraft(null, draft.span)) };
  if (rest.length > 0) {
    const placed = { ...next, body: place(next.body ?? emptyBody, rest, draft, report) };
    return { keys: new Map(body.keys).set(key, placed), clauses: body.clauses };
  }
  if (old !== undefined && (old.value !== null || old.equations !== null) && (next.value !== null || next.equations)) {
    report(
      diagnostic('duplicate-key', draft.span, { key }, { notes: [{ message: 'first set here', span: old.span }] }),
    );
    return body;
  }
  return {
    keys: new Map(body.keys).set(key, old === undefined ? next : join(old, next, report)),
    clauses: body.clauses,
  };
}

/** Two items of one block about the same key: `moe { n = 64 }` and `moe.router { ... }`. */
function join(old: Draft, next: Draft, report: Report): Draft {
  let body = old.body ?? emptyBody;
  for (const [key, draft] of next.body?.keys ?? []) body = place(body, [key], draft, report);
  const valued = next.value === null ? old : next;
  const clauses = [...body.clauses, ...(next.body?.clauses ?? [])];
  return { ...valued, role: old.role ?? next.role, body: { keys: body.keys, clauses }, span: old.span };
}
