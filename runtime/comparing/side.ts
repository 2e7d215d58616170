// Takes: places of models. Gives: the models, checked, and how they were written.
// Promises: each file is read and checked once; a file with errors is reported as `check` does.
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import type { FileNode } from '../../compiler/1-syntax/ast.ts';
import type { TrainSpec } from '../../compiler/2-check/model.ts';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { type ModelDiff, diffModels } from '../../compiler/explain/diff/diff.ts';
import { type AnyModel, isTowers } from '../../compiler/explain/diff/subject.ts';
import { baseOf, writtenModel } from '../../compiler/explain/diff/written.ts';
import { checkSourceFile, chooseTrain, type LoadedFile, readPrelude, readSource, requireSound } from '../model-file.ts';
import { colorOn, notice } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { readRevision } from './git.ts';
import { parsePlace, parseSecond, type Place, placeText } from './place.ts';

/** One of the two models that are compared. */
export interface Side {
  readonly loaded: LoadedFile;
  readonly model: AnyModel;
  /** Of its file. */
  readonly place: Place;
}

export interface Pair {
  readonly a: Side;
  readonly b: Side;
}

/**
 * One place: a variant and its base, a revision and the file as it is, or each variant of a file and its base. Two places:
 * these; two revisions of a file: each model that differs. @throws UserError
 */
export function pairsOf(first: string, second: string | undefined): readonly Pair[] {
  const open = opener();
  const place = parsePlace(first);
  if (second === undefined && place.revision === null) {
    return place.model === null ? variantsOf(open, place) : [withBase(open, place, place.model)];
  }
  const other = second === undefined ? { ...place, revision: null } : parseSecond(second, place);
  const isHistory = place.path === other.path && place.revision !== other.revision;
  if (isHistory && place.model === null && other.model === null) return historyOf(open, place, other);
  const a = sideAt(open, place);
  const model = other.model ?? (isHistory ? a.model.name : null);
  return [{ a, b: sideAt(open, { ...other, model }) }];
}

/** Models of both revisions that differ; the first one when none does. */
function historyOf(open: Open, before: Place, after: Place): readonly Pair[] {
  const [old, now] = [modelsOf(open(before)), modelsOf(open(after))];
  const names = old.map(({ name }) => name).filter((name) => now.some((model) => model.name === name));
  const tell = (models: readonly AnyModel[], place: Place): void => {
    const own = models.map(({ name }) => name).filter((name) => !names.includes(name));
    if (own.length > 0) notice(`only in ${placeText(place)}: ${own.join(', ')}`);
  };
  tell(old, before);
  tell(now, after);
  const pairs = names.map((model) => ({ a: sideAt(open, { ...before, model }), b: sideAt(open, { ...after, model }) }));
  const changed = pairs.filter(({ a, b }) => a.model.canonical !== b.model.canonical);
  if (pairs.length === 0) throw new UserError(`${placeText(before)} and ${placeText(after)} have no model in common; name one of each`); // prettier-ignore
  return changed.length > 0 ? changed : pairs.slice(0, 1);
}

function variantsOf(open: Open, place: Place): readonly Pair[] {
  const loaded = open(place);
  const { ast, source } = loaded;
  const pairs = modelsOf(loaded).flatMap(({ name }) =>
    baseOf(ast, name) === null ? [] : [withBase(open, place, name)],
  );
  if (pairs.length > 0) return pairs;
  throw new UserError(`${source.path} has no variants; give a second file, model or revision to compare with`);
}

function withBase(open: Open, place: Place, model: string): Pair {
  const b = sideAt(open, { ...place, model });
  const base = baseOf(open(place).ast, model);
  if (base === null) {
    throw new UserError(`${model} of ${place.path} is no variant; give a second model to compare it with`);
  }
  return { a: sideAt(open, { ...place, model: base }), b };
}

type Open = (place: Place) => LoadedFile;

function opener(): Open {
  const files = new Map<string, LoadedFile>();
  return ({ path, revision }) => {
    const key = JSON.stringify([path, revision]);
    const known = files.get(key);
    if (known !== undefined) return known;
    const source = revision === null ? readSource(path) : readRevision(path, revision);
    const loaded = requireModels(checkSourceFile(source));
    files.set(key, loaded);
    return loaded;
  };
}

/** What cannot be trained yet can be compared. @throws UserError with every error printed, when there is another one */
function requireModels(loaded: LoadedFile): LoadedFile {
  const isFault = ({ severity, code }: Diagnostic): boolean => severity === 'error' && !code.startsWith('todo-');
  return loaded.diagnostics.some(isFault) ? requireSound(loaded, colorOn('stderr')) : loaded;
}

function sideAt(open: Open, place: Place): Side {
  const loaded = open(place);
  const all = modelsOf(loaded);
  const model = all.find(({ name }) => place.model === null || name === place.model);
  if (model !== undefined) return { loaded, model, place };
  requireSound(loaded, colorOn('stderr'));
  if (place.model === null) throw new UserError(`${loaded.source.path} defines no model`);
  const names = all.map(({ name }) => name).join(', ');
  throw new UserError(`${loaded.source.path} has no model ${place.model}; it has ${names === '' ? 'none' : names}`);
}

/** Those of one stack first, then those of towers. */
function modelsOf({ file }: LoadedFile): readonly AnyModel[] {
  return [...file.models, ...file.towers];
}

/** Null: its file has no train block, or it is one of towers. */
export function trainOf({ loaded, model }: Side): TrainSpec | null {
  return loaded.file.trains.length === 0 || isTowers(model) ? null : chooseTrain(loaded, model);
}

/** What tells the two apart for people: their names, or where they are from when both have one name. */
export function namesOf({ a, b }: Pair): readonly [string, string] {
  if (a.model.name !== b.model.name) return [a.model.name, b.model.name];
  const [first, second] = [a, b].map(({ place, model }) => placeText({ ...place, model: model.name }));
  return first === second ? [`${a.model.name} (first)`, `${b.model.name} (second)`] : [first ?? '', second ?? ''];
}

/** The difference, with what the texts set. */
export function diffPair({ a, b }: Pair): ModelDiff {
  const std = (prelude ??= readPrelude().map((file) => parseFile(file).ast));
  const [before, after] = [a, b].map(({ loaded, model }) => writtenModel(loaded.ast, std, model.name));
  const written = before && after ? { a: before, b: after } : null;
  return diffModels(a.model, b.model, written);
}

let prelude: FileNode[] | null = null;
