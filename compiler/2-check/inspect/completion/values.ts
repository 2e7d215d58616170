// Takes: a scope and what a value is for. Gives: what can stand there: constructors, words, parts, names, functions.
// Promises: what the key itself takes stands first.
import type { Kind } from '../../schema/kind.ts';
import type { Member, Scope } from '../names/scope.ts';
import { keyOf, kindNamed, kindOfKey } from '../schema-view.ts';
import { argumentWords, constantWords, functionArguments, functionWords } from '../words.ts';
import { candidate, constructorCandidates, nameCandidate, wordCandidate, type Candidate } from './candidate.ts';
import { parts } from './item-start.ts';

export interface ValueOf {
  readonly scope: Scope;
  readonly file: Scope;
  readonly wiring: Scope;
  /** `mixer` of `mixer attn = `, or empty. */
  readonly role: string;
  readonly key: string;
  /** Nothing of the value stands before. */
  readonly first: boolean;
}

export function valueCandidates(at: ValueOf): Candidate[] {
  const { scope, file, role, key, first } = at;
  if (role === 'block' || key === 'block') return wirings(at.wiring);
  if (key === 'model' || key === 'draft') return models(file);
  if (key === 'from') return runsOf(file, /^train /);
  const type = keyOf(scope.owner, key);
  const kind = kindOfKey(scope.owner, role, key);
  const words = (type?.words ?? []).map((word) => wordOf(word, type?.about ?? ''));
  const constructors =
    kind === null || !first ? [] : [...constructorCandidates(kind, 'block'), ...likeParts(scope, kind)];
  if (kind !== null && role !== '') return constructors;
  const data = key === 'data' ? [...runsOf(file, /^data /), candidate('text', 'function', 0, { snippet: 'text("$0")' })] : []; // prettier-ignore
  const loss = key === 'loss' ? ['ce', 'z_loss'].map((word) => candidate(word, 'word', 0)) : [];
  const cycle = first ? [wordCandidate('cycle', 'keyword', { form: 'cycle [a, b]', about: 'by turns, layer by layer' }, 'cycle [$0]')] : []; // prettier-ignore
  const own = [...data, ...loss, ...words, ...constructors];
  // Where only words fit, numbers do not.
  const onlyWords = type !== null && words.length > 0 && !type.expects.includes('number');
  const others = onlyWords ? names(scope, file).filter(({ detail }) => detail.startsWith('local')) : [...names(scope, file), ...functions(), ...models(file).map((each) => ({ ...each, rank: 4 }))]; // prettier-ignore
  return unique([...own, ...others.filter(({ label }) => label !== key), ...cycle]);
}

/** Words that take an argument: `window(1024)`. */
const withArgument: ReadonlySet<string> = new Set(['window', 'chunk', 'tanh']);

function wordOf(word: string, detail: string): Candidate {
  return candidate(word, 'word', 1, { detail, snippet: withArgument.has(word) ? `${word}($0)` : word });
}

/** Parts of the role that a constructor may be derived from. */
function likeParts(scope: Scope, kind: Kind): Candidate[] {
  return kind.role === undefined ? [] : parts(scope, 1, new RegExp(`^${kind.role}$`));
}

/** Names that stand for numbers, or in a block for tensors and parts. */
export function names(scope: Scope, file: Scope): Candidate[] {
  const inBlock = scope.owner === 'block';
  const inStack = scope.owner === 'stack';
  const fits = ({ thing, inside }: Member): boolean => {
    const { kind } = thing.root;
    if (kind === 'equation' || kind === 'parameter') return inBlock;
    if (kind === 'mixer' || kind === 'ffn' || kind === 'norm') return true;
    if (kind === 'block') return inStack;
    if (kind === 'local') return true;
    // A section stands for the keys in it: `rope.mscale`.
    return kind === 'key' && !inStack && (!inBlock || inside === null || inside.owner === null);
  };
  const found = [...scope.visible()].filter(([name, member]) => !name.includes(' ') && fits(member));
  const here = found.map(([name, member]) => nameCandidate(name, member, rankOf(member, inBlock)));
  const constants = ['layer', ...(inBlock ? ['x'] : ['inf', 'pi']), ...(inStack ? ['last'] : [])].flatMap((name) => {
    const word = constantWords[name];
    return word === undefined ? [] : [wordCandidate(name, 'value', word)];
  });
  return [...here, ...(scope === file ? models(file) : []), ...constants];
}

function rankOf({ thing, inside }: Member, inBlock: boolean): number {
  if (thing.root.kind === 'key' && inside !== null && inside.owner !== null) return 3;
  const isPart = /^(mixer|ffn|norm|block)$/.test(thing.root.kind);
  return isPart === inBlock ? 1 : 2;
}

export function functions(): Candidate[] {
  return Object.entries(functionWords).map(([name, word]) => wordCandidate(name, 'function', word, `${name}($0)`));
}

export function models(file: Scope): Candidate[] {
  return runsOf(file, /^\w+$/).filter(({ kind }) => kind === 'model');
}

function runsOf(file: Scope, key: RegExp): Candidate[] {
  return [...file.members]
    .filter(([name]) => key.test(name))
    .map(([name, member]) => nameCandidate(name.split(' ').at(-1) ?? name, member, 0));
}

function wirings(wiring: Scope): Candidate[] {
  return [...wiring.members].map(([name, { inside, definition }]) => {
    const parameters = [...(inside?.members ?? [])].filter(([, { thing }]) => thing.root.kind === 'parameter');
    const form = `${name}(${parameters.map(([each]) => each).join(', ')})`;
    const parts_ = (definition?.args ?? []).filter((arg) => arg.name === null).length;
    const snippet = `${name}(${['${1:attn}', '${2:mlp}'].slice(0, parts_).join(', ')})`;
    return candidate(name, 'block', 0, { detail: form, snippet });
  });
}

/** Inside `round( ... )`, `pre_norm( ... )`, `rms( ... )`. `argument`: its name, where one is written. */
export function argumentCandidates(at: ValueOf, callee: string, argument: string | null): Candidate[] {
  const { scope, file } = at;
  if (argument !== null) {
    const words = argumentWords[`${callee} ${argument}`];
    if (words !== undefined) return words.map((word) => candidate(word, 'word', 0));
  }
  // By its place too: `cast(x, bf16)`.
  const words = argument !== null || callee !== 'cast' ? [] : (argumentWords['cast to'] ?? []).map((word) => candidate(word, 'word', 1)); // prettier-ignore
  const kind = kindOfKey(scope.owner, at.role, at.key);
  const owner = kind !== null && Object.hasOwn(kind.constructors, callee) ? `${kind.name} ${callee}` : null;
  if (argument !== null && owner !== null) {
    const type = keyOf(owner, argument);
    const own = (type?.words ?? []).map((word) => candidate(word, 'word', 0));
    return unique([...own, ...names(scope, file), ...functions()]);
  }
  const block = scope.find(callee);
  const parameters = block?.thing.root.kind === 'block' ? [...(block.inside?.members ?? [])].flatMap(([name, { thing }]) => (thing.root.kind === 'parameter' ? [name] : [])) : []; // prettier-ignore
  const keys = owner === null ? (functionArguments[callee] ?? parameters) : Object.keys(kindNamed(kind?.name ?? '')?.constructors[callee]?.keys ?? {}); // prettier-ignore
  const named = argument === null ? keys.map((name) => candidate(name, 'key', 0, { snippet: `${name} = $0`, about: keyOf(owner, name)?.about ?? '' })) : []; // prettier-ignore
  return unique([...named, ...words, ...names(scope, file), ...functions()]);
}

/** Inside `[ ... ]`: of a stack its blocks and parts, else what the key takes. */
export function listCandidates(at: ValueOf): Candidate[] {
  const type = keyOf(at.scope.owner, at.key);
  const words = (type?.words ?? []).map((word) => candidate(word, 'word', 0));
  return unique([...words, ...names(at.scope, at.file)]);
}

export function unique(list: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return list.filter(({ label }) => seen.size < seen.add(label).size);
}
