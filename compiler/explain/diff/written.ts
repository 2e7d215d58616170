// Takes: the AST of a file and the name of one of its models. Gives: what its text sets, bases included, by path.
// Promises: nothing is evaluated; two models with the same expression at a path have the same text there.
import type { Expr, FileNode } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { type Body, type Draft, emptyBody } from '../../2-check/draft/draft.ts';
import { exprNames } from '../../2-check/draft/names.ts';
import { overlayBody } from '../../2-check/draft/overlay.ts';
import { preludeOf, type Prelude } from '../../2-check/draft/prelude.ts';
import { type ModelOutline, outlineOf } from '../../2-check/file/outline.ts';

export interface WrittenKey {
  /** As the formatter prints it. */
  readonly text: string;
  /** Every name in it. */
  readonly names: ReadonlySet<string>;
}

export interface WrittenModel {
  /** `attn.kv_heads` -> its expression; of a model and all its bases. */
  readonly keys: ReadonlyMap<string, WrittenKey>;
  /** What a model and a constructor get from std: `gqa` -> `head_dim` -> its expression. */
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, WrittenKey>>;
}

/** Of the two models of a diff. */
export interface WrittenPair {
  readonly a: WrittenModel;
  readonly b: WrittenModel;
}

/** `std`: the files of the prelude. Null: the file has no such model. */
export function writtenModel(ast: FileNode, std: readonly FileNode[], name: string): WrittenModel | null {
  const { models } = outlineOf(ast, () => {});
  const lineage = lineageOf(models, name);
  if (lineage.length === 0) return null;
  const body = lineage.reduceRight((base, own) => overlayBody(base, own.body, () => {}), emptyBody);
  return { keys: flatKeys(body), defaults: defaultsOf(preludeOf(std)) };
}

/** The base of a variant; null for a model. */
export function baseOf(ast: FileNode, name: string): string | null {
  const outline = outlineOf(ast, () => {}).models.find((each) => each.name === name);
  return outline?.base?.name ?? null;
}

/** Itself first. */
function lineageOf(models: readonly ModelOutline[], name: string): readonly ModelOutline[] {
  const line: ModelOutline[] = [];
  let at = models.find((each) => each.name === name);
  while (at !== undefined && !line.includes(at)) {
    line.push(at);
    const base = at.base?.name;
    at = models.find((each) => each.name === base);
  }
  return line;
}

function defaultsOf(prelude: Prelude): WrittenModel['defaults'] {
  const bodies = [...prelude.defaults].map(([key, body]) => [key.split(' ').at(-1) ?? key, flatKeys(body)] as const);
  return new Map([...bodies, ['', flatKeys(prelude.model)]]);
}

function flatKeys(body: Body): ReadonlyMap<string, WrittenKey> {
  const keys = new Map<string, WrittenKey>();
  const visit = (path: string, draft: Draft): void => {
    const own = written(draft);
    if (own !== null) keys.set(path, own);
    for (const [key, inner] of draft.body?.keys ?? []) visit(`${path}.${pathName(key)}`, inner);
  };
  for (const [key, draft] of body.keys) if (!isOtherBlock(key)) visit(pathName(key), draft);
  return keys;
}

/** `tower text` -> `text` */
const pathName = (key: string): string => key.split(' ').at(-1) ?? key;

/** What a variant says of other blocks is not part of the model. */
const isOtherBlock = (key: string): boolean => /^(train|generate|data|weights|sweep)( |$)/.test(key);

/** What a draft says itself, its keys apart; null when it only has keys. */
function written({ value, length, equations, body }: Draft): WrittenKey | null {
  const parts: string[] = [];
  const names = new Set<string>();
  const add = (prefix: string, exprs: readonly Expr[]): void => {
    for (const expr of exprs) for (const name of exprNames(expr)) names.add(name);
    parts.push([prefix, ...exprs.map(printExpr)].filter((text) => text !== '').join(' '));
  };
  if (value !== null) add('', [value]);
  if (length !== null) {
    const words = length.parts.map(({ text }) => text);
    words.forEach((word) => names.add(word));
    parts.push(words.join('.'));
  }
  for (const { name, value: given } of equations?.parameters ?? []) add(name === null ? '' : `${name.text} =`, [given]);
  for (const { heads, value: right } of equations?.lines ?? []) {
    const left = heads.map(({ parts: words }) => words.map(({ text }) => text).join('.')).join(', ');
    add(`${left} =`, right === null ? [] : [right]);
  }
  for (const { keyword, args } of body?.clauses ?? []) {
    if (keyword === 'cycle' || keyword === 'at' || keyword === 'each') add(keyword, args);
  }
  return parts.length === 0 ? null : { text: parts.join('; '), names };
}
