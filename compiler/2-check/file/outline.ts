// Takes: the items of a file. Gives: what it defines: models and variants, train, generate, data and sweep blocks,
//   assertions. Promises: names are unique; every other definition is unknown.
import type { Span } from '../../../grammar/source.ts';
import type { ClauseItem, Definition, FileNode, WordsItem } from '../../1-syntax/ast.ts';
import { diagnostic } from '../../diagnostics.ts';
import type { Body } from '../draft/draft.ts';
import { bodyOf, labelOf, textOf, type Report } from '../draft/from-items.ts';
import { nearest } from '../draft/names.ts';

export interface ModelOutline {
  readonly name: string;
  /** Of a variant. */
  readonly base: { readonly name: string; readonly span: Span } | null;
  readonly body: Body;
  readonly span: Span;
  /** Of the whole definition. */
  readonly extent: Span;
}

export interface BlockOutline {
  readonly role: 'train' | 'generate' | 'data' | 'sweep';
  readonly name: string;
  readonly body: Body;
  readonly span: Span;
}

export interface Outline {
  readonly models: readonly ModelOutline[];
  readonly blocks: readonly BlockOutline[];
  readonly assertions: readonly ClauseItem[];
  readonly lints: readonly { readonly item: WordsItem; readonly model: string | null }[];
  readonly uses: readonly WordsItem[];
}

const heads = ['model', 'variant', 'train', 'generate', 'data', 'sweep'];

export function outlineOf(ast: FileNode, report: Report): Outline {
  const models: ModelOutline[] = [];
  const blocks: BlockOutline[] = [];
  const assertions: ClauseItem[] = [];
  const lints: { item: WordsItem; model: string | null }[] = [];
  const uses: WordsItem[] = [];
  const names = new Map<string, Span>();
  for (const item of ast.items) {
    if (item.kind === 'clause') assertions.push(item);
    if (item.kind === 'words' && item.keyword === 'use') uses.push(item);
    if (item.kind === 'words' && item.keyword === 'lint') lints.push({ item, model: null });
    if (item.kind === 'definition' && isFresh(item, names, report)) define(item, { models, blocks, lints }, report);
  }
  return { models, blocks, assertions, lints, uses };
}

interface Parts {
  readonly models: ModelOutline[];
  readonly blocks: BlockOutline[];
  readonly lints: { item: WordsItem; model: string | null }[];
}

function define(item: Definition, { models, blocks, lints }: Parts, report: Report): void {
  const head = textOf(item.heads[0]);
  const name = labelOf(item);
  const span = item.words[0]?.span ?? item.heads[0]?.span ?? item.span;
  const items = item.block?.items ?? [];
  if (head === 'model' || head === 'variant') {
    const base = item.from === null ? null : { name: textOf(item.from), span: item.from.span };
    if (head === 'variant' && base === null) {
      const owner = item.words.length === 0 ? 'a variant' : `variant ${name}`;
      report(diagnostic('missing-key', span, { key: 'from', owner }, { fix: 'variant V from A { ... }' }));
      return;
    }
    for (const inner of items) {
      if (inner.kind === 'words' && inner.keyword === 'lint') lints.push({ item: inner, model: name });
    }
    models.push({ name, base, body: bodyOf(items, report), span, extent: item.span });
  } else if (head === 'train' || head === 'generate' || head === 'data' || head === 'sweep') {
    blocks.push({ role: head, name, body: bodyOf(items, report), span });
  } else {
    const near = nearest(head, heads);
    const fix = near === null ? `a file holds ${heads.join(', ')}` : `did you mean \`${near}\`?`;
    report(diagnostic('unknown-key', item.heads[0]?.span ?? span, { key: head, owner: 'a file' }, { fix }));
  }
}

function isFresh(item: Definition, names: Map<string, Span>, report: Report): boolean {
  const head = textOf(item.heads[0]);
  const kind = head === 'variant' ? 'model' : head;
  const name = labelOf(item);
  const span = item.words[0]?.span ?? item.heads[0]?.span ?? item.span;
  const first = names.get(`${kind} ${name}`);
  if (first === undefined) {
    names.set(`${kind} ${name}`, span);
    return true;
  }
  const notes = [{ message: 'first defined here', span: first }];
  report(diagnostic('duplicate-name', span, { kind, name }, { notes }));
  return false;
}
