// Takes: keys, constructors, names, words. Gives: each as a candidate of completion.
// Promises: plain data; `snippet` has tab stops, `insert` is the same without them.
import { printExpr } from '../../../1-syntax/print-ast.ts';
import type { Kind } from '../../schema/kind.ts';
import type { Member, NameKind, Scope } from '../names/scope.ts';
import { keysOf, kindNamed } from '../schema-view.ts';
import type { Word } from '../words.ts';

export type CandidateKind =
  | 'key' | 'constructor' | 'part' | 'value' | 'word' | 'model' | 'run' | 'block' | 'keyword' | 'function' | 'unit' | 'module'; // prettier-ignore

export interface Candidate {
  readonly label: string;
  readonly kind: CandidateKind;
  /** Its type, or where it comes from. */
  readonly detail: string;
  readonly about: string;
  readonly insert: string;
  readonly snippet: string;
  /** Lower stands first. */
  readonly rank: number;
}

export function candidate(label: string, kind: CandidateKind, rank: number, more: Partial<Candidate> = {}): Candidate {
  const snippet = more.snippet ?? label;
  return { label, kind, rank, detail: '', about: '', snippet, insert: plain(snippet), ...more };
}

/** `mixer ${1:attn} = $2` -> `mixer attn = ` */
function plain(snippet: string): string {
  return snippet.replaceAll(/\$\{\d+:([^}]*)\}|\$\d+/g, '$1').trimEnd();
}

/** The keys of a scope's constructor, those it sets already left out. */
export function keyCandidates(scope: Scope, defaults: Scope | null, isOpen: (key: string) => boolean): Candidate[] {
  const keys = Object.entries(keysOf(scope.owner) ?? {});
  return keys
    .filter(([key, { about }]) => about !== 'not built yet' && (!scope.members.has(key) || isOpen(key)))
    .map(([key, { about, expects, unit, kind }]) => {
      const standard = (scope.defaults ?? defaults)?.members.get(key)?.definition?.value;
      const facts = [about, ...(unit === undefined ? [] : [`in ${unit}`]), ...(standard ? [`default \`${printExpr(standard)}\``] : [])]; // prettier-ignore
      return candidate(key, 'key', 0, { detail: expects, about: facts.join('\n\n'), snippet: keySnippet(key, kindNamed(kind ?? '')) }); // prettier-ignore
    });
}

/** A kind of one constructor is a block: `rope { }`. */
export function keySnippet(key: string, kind: Kind | null): string {
  return kind !== null && Object.keys(kind.constructors).length === 1 ? `${key} { $0 }` : `${key} = $0`;
}

export function constructorCandidates(kind: Kind, form: 'block' | 'word'): Candidate[] {
  return Object.entries(kind.constructors).map(([name, { about, formula, source, keys }]) => {
    const snippet = form === 'word' ? name : Object.keys(keys).length === 0 ? name : `${name} { $0 }`;
    const lines = [about, ...(formula === undefined ? [] : [`\`${formula}\``]), ...(source === undefined ? [] : [source])]; // prettier-ignore
    return candidate(name, 'constructor', 0, { detail: kind.name, about: lines.join('\n\n'), snippet });
  });
}

const kinds: { readonly [K in NameKind]: CandidateKind } = {
  model: 'model',
  train: 'run',
  generate: 'run',
  data: 'run',
  norm: 'part',
  mixer: 'part',
  ffn: 'part',
  tower: 'part',
  block: 'block',
  parameter: 'value',
  equation: 'value',
  local: 'value',
  key: 'value',
  module: 'module',
};

export function nameCandidate(name: string, { thing, definition }: Member, rank: number): Candidate {
  const { kind } = thing.root;
  const value = definition?.value;
  const text = value === null || value === undefined ? '' : ` = ${printExpr(value)}`;
  return candidate(name, kinds[kind], rank, { detail: `${kind}${text.length > 60 ? '' : text}` });
}

export function wordCandidate(label: string, kind: CandidateKind, { form, about }: Word, snippet = label): Candidate {
  return candidate(label, kind, 4, { detail: form, about, snippet });
}
