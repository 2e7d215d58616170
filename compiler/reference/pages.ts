// Takes: the schema and the prelude. Gives: the reference of the language, a Markdown page per subject.
// Promises: says nothing the compiler does not read: types, units, formulas from the schema, defaults from specs/std.
import type { FileNode } from '../1-syntax/ast.ts';
// Kinds register when the check is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import '../2-check/check.ts';
import { preludeOf, type Prelude } from '../2-check/draft/prelude.ts';
import type { Kind } from '../2-check/schema/kind.ts';
import { allKinds } from '../2-check/schema/register.ts';
import { modelKeys } from '../2-check/schema/kinds.ts';
import { constructorSection, keyTable } from './sections.ts';

export interface ReferencePage {
  /** `mixer.md` */
  readonly file: string;
  readonly text: string;
}

/** Kinds with a page of their own; the others stand on the page of the first kind that takes them. */
const subjects: readonly (readonly [string, string])[] = [
  ['model', 'The model'],
  ['norm', 'Norms'],
  ['mixer', 'Mixers'],
  ['ffn', 'Feed-forward parts'],
  ['router', 'Routers of experts'],
  ['init', 'Initialisation'],
  ['tower', 'Towers'],
  ['data', 'Data'],
  ['train', 'Training'],
  ['generate', 'Generation'],
  ['sweep', 'Sweeps'],
];

export function referencePages(std: readonly FileNode[]): ReferencePage[] {
  const prelude = preludeOf(std);
  const pages = assign();
  const texts = [...pages].map(([subject, kinds]) => ({ file: `${subject}.md`, text: page(subject, kinds, prelude) }));
  return [{ file: 'README.md', text: index(pages) }, ...texts.filter(({ text }) => text !== '')];
}

/** The section of one kind or constructor, for the terminal; null: there is none of that name. */
export function referenceOf(name: string, std: readonly FileNode[]): string | null {
  const prelude = preludeOf(std);
  const kind = allKinds().get(name);
  if (kind !== undefined) return kindSection(kind, prelude);
  const owners = [...allKinds().values()].filter(({ constructors }) => Object.hasOwn(constructors, name));
  return owners.length === 0 ? null : owners.map((owner) => constructorSection(owner, name, prelude)).join('\n');
}

export function referenceNames(): string[] {
  return [...allKinds().values()].flatMap(({ name, constructors }) => [name, ...Object.keys(constructors)]);
}

const titleOf = (subject: string): string => subjects.find(([name]) => name === subject)?.[1] ?? subject;

/** Parts of a subject that no key of it names: they stand as blocks of their own. */
const besides: Readonly<Record<string, readonly string[]>> = {
  model: ['embed', 'head', 'position', 'mtp'],
  tower: ['project', 'temperature'],
  data: ['source', 'filter', 'dedup'],
  train: ['optimizer', 'start'],
  generate: ['decoding'],
};

/** Each kind on one page: its own, or that of the first subject that takes it; what nothing takes gets a page. */
function assign(): ReadonlyMap<string, readonly Kind[]> {
  const kinds = allKinds();
  const placed = new Set(subjects.map(([name]) => name));
  const pages = new Map<string, Kind[]>();
  const place = (name: string, subject: string): void => {
    const kind = kinds.get(name);
    if (kind === undefined) return;
    pages.set(subject, [...(pages.get(subject) ?? []), kind]);
    innerKinds(kind).forEach((inner) => claim(inner, subject));
  };
  const claim = (name: string, subject: string): void => {
    if (placed.has(name)) return;
    placed.add(name);
    place(name, subject);
  };
  for (const [subject] of subjects) {
    place(subject, subject);
    besides[subject]?.forEach((part) => claim(part, subject));
  }
  for (const name of kinds.keys()) claim(name, name);
  return pages;
}

/** Kinds that the keys of a kind take. */
function innerKinds({ constructors }: Kind): string[] {
  return Object.values(constructors).flatMap(({ keys }) => Object.values(keys).flatMap(({ kind }) => kind ?? []));
}

/** Stands in every page: what has it may be written anew. */
export const writtenMark = '<!-- Written by `npm run reference` from the schema of the compiler. Do not edit. -->';

function page(subject: string, kinds: readonly Kind[], prelude: Prelude): string {
  const head = [`# ${titleOf(subject)}`, '', writtenMark, ''];
  if (subject === 'model' && !kinds.some(({ name }) => name === 'model')) {
    head.push('`model Name { ... }`: the model block alone determines the function.', '');
    head.push(...keyTable(modelKeys, prelude.model), '');
  }
  return [...head, ...kinds.map((kind) => kindSection(kind, prelude))].join('\n');
}

function kindSection(kind: Kind, prelude: Prelude): string {
  const names = Object.keys(kind.constructors);
  const sections = names.map((name) => constructorSection(kind, name, prelude));
  const list = names.length > 1 ? [`Constructors: ${names.map((name) => `\`${name}\``).join(', ')}.`, ''] : [];
  return [`## ${kind.name}`, '', kind.about, '', ...list, ...sections].join('\n');
}

function index(pages: ReadonlyMap<string, readonly Kind[]>): string {
  const lines = [...pages].map(([subject, kinds]) => {
    const inside = kinds.map(({ name, constructors }) => {
      const names = Object.keys(constructors).filter((each) => each !== name);
      return names.length === 0 ? name : `${name} (${names.join(', ')})`;
    });
    return `- [${titleOf(subject)}](${subject}.md): ${inside.join('; ') || 'sizes'}`;
  });
  const intro = 'Every constructor and key of the language. How it is written stands in [../README.md](../README.md).';
  return ['# Reference', '', writtenMark, '', intro, '', ...lines, ''].join('\n');
}
