// Takes: a name in a file and what it is to be called. Gives: the places to write it, or why that cannot be.
// Promises: a renaming that is given leaves a file that means the same: it was checked, and compared model by model.
import type { Span } from '../../../../grammar/source.ts';
import type { Diagnostic } from '../../../diagnostics.ts';
import type { CheckedFile } from '../../model.ts';
import { isKnownWord } from '../../schema/register.ts';
import type { NamedThing, Scope } from './scope.ts';
import type { Found, Symbols } from './symbols.ts';

/** A text, checked: its models and its faults, those of syntax too. */
export interface Checked {
  readonly file: CheckedFile;
  readonly diagnostics: readonly Diagnostic[];
}

export type Renaming = { readonly places: readonly Span[] } | { readonly refused: string };

/** Words with a meaning by their place: allowed as names, but not worth the confusion. */
const keywords: ReadonlySet<string> = new Set(
  'let from use lint in until then at cycle assert require report each x layer last none true false inf pi'.split(' '),
);

/** Why this name has to stay; null: it may be renamed. */
export function fixedReason({ thing }: Found, { source }: Symbols): string | null {
  const { text, kind, isConstructor } = thing.root;
  if (kind === 'key' || kind === 'module') return `\`${text}\` is a word of the language`;
  if (isConstructor) return `\`${text}\` is a word of the language: this ${kind} has the name of its constructor`;
  const own = thing.occurrences.filter(({ span }) => span.file === source);
  if (!own.some(({ how }) => how === 'sets')) {
    const std = thing.occurrences.find(({ span }) => span.file !== source)?.span.file.path ?? 'std';
    return own.some(({ how }) => how === 'implicit')
      ? '`block = ...` has no name to change'
      : `\`${text}\` is defined in ${std.split(/[/\\]/).slice(-3).join('/')}`;
  }
  if (own.some(({ how }) => how === 'implicit')) return '`block = ...` has no name to change';
  return null;
}

/** `check` checks a text in the place of this one; `now` is this one, checked. */
export function rename(
  found: Found,
  to: string,
  symbols: Symbols,
  now: Checked,
  check: (text: string) => Checked,
): Renaming {
  const { text } = found.thing.root;
  const fixed = fixedReason(found, symbols);
  if (fixed !== null) return { refused: fixed };
  if (!/^[A-Za-z_]\w*$/.test(to)) return { refused: `\`${to}\` is not a name: letters, digits and _, no digit first` };
  if (to === text) return { places: [] };
  if (keywords.has(to)) return { refused: `\`${to}\` is a word of the language` };
  const other = collision(found.thing, to, symbols);
  if (other !== null) return { refused: other };
  const places = found.thing.occurrences.map(({ span }) => span).filter(({ file }) => file === symbols.source);
  const changed = written(symbols.source.text, places, to);
  const names = new RegExp(`(?<![A-Za-z0-9])(?:${text}|${to})(?![A-Za-z0-9])`, 'g');
  const [before, after] = [now, check(changed)].map((each) =>
    meaningOf(each).map((line) => line.replaceAll(names, '?')),
  );
  const differs = before?.findIndex((line, index) => line !== after?.[index]) ?? -1;
  if (differs < 0 && before?.length === after?.length) return { places };
  const std = found.thing.root.standard === null ? '' : `; std uses \`${text}\``;
  const word = isKnownWord(to) ? `; \`${to}\` is a word of the language` : '';
  return { refused: `to call it \`${to}\` would change what the file means${std}${word}` };
}

/** A name that is there already where this one is defined, or between there and its uses. */
function collision(thing: NamedThing, to: string, { scopes, source }: Symbols): string | null {
  const homes = scopes.filter((scope) => [...scope.members.values()].some((each) => each.thing.root === thing.root));
  const within = (scope: Scope | null): boolean =>
    scope !== null && (homes.includes(scope) || scope.bases.some((base) => homes.includes(base)) || within(scope.parent)); // prettier-ignore
  const taken = homes.some((scope) => scope.find(to)?.thing.occurrences.some(({ span }) => span.file === source)) || scopes.some((scope) => scope.members.has(to) && within(scope)); // prettier-ignore
  return taken ? `there is a \`${to}\` already` : null;
}

function written(text: string, places: readonly Span[], to: string): string {
  const order = [...places].sort((a, b) => b.start - a.start);
  return order.reduce((rest, { start, end }) => rest.slice(0, start) + to + rest.slice(end), text);
}

/** What a file says, line by line: its models, runs and faults, without their places. */
function meaningOf({ file, diagnostics }: Checked): string[] {
  const plain = (value: object): string => JSON.stringify(value, (_, part: unknown) => (isPlace(part) ? undefined : part)); // prettier-ignore
  const codes = diagnostics.map(({ code, severity }) => `${severity} ${code}`).sort();
  const models = file.models.flatMap(({ name, canonical }) => [name, ...canonical.split('\n')]);
  return [...models, ...[...file.trains, ...file.generates, ...file.towers].map(plain), ...codes];
}

function isPlace(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'file' in value && 'start' in value && 'end' in value;
}
