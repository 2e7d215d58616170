// Takes: places of models. Gives: the models, checked, and how they were written.
// Promises: each file is read and checked once; a file with errors is reported as `check` does.
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import type { FileNode } from '../../compiler/1-syntax/ast.ts';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { type ModelDiff, diffModels } from '../../compiler/explain/diff/diff.ts';
import { baseOf, writtenModel } from '../../compiler/explain/diff/written.ts';
import {
  checkSourceFile,
  chooseModel,
  chooseTrain,
  type LoadedFile,
  readPrelude,
  readSource,
  requireSound,
} from '../model-file.ts';
import { colorOn } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { readRevision } from './git.ts';
import { parsePlace, parseSecond, type Place, placeText } from './place.ts';

/** One of the two models that are compared. */
export interface Side {
  readonly loaded: LoadedFile;
  readonly model: Model;
  /** Of its file. */
  readonly place: Place;
}

export interface Pair {
  readonly a: Side;
  readonly b: Side;
}

/**
 * One place: a variant and its base, a revision and the file as it is, or each variant of a file and its base. Two places:
 * these. @throws UserError
 */
export function pairsOf(first: string, second: string | undefined): readonly Pair[] {
  const open = opener();
  const place = parsePlace(first);
  if (second !== undefined) {
    const other = parseSecond(second, place);
    const a = sideAt(open, place);
    return [{ a, b: sideAt(open, { ...other, model: other.model ?? namesake(open(other), place, other, a) }) }];
  }
  if (place.revision !== null) {
    const [old, now] = [sideAt(open, place), { ...place, revision: null }];
    return [{ a: old, b: sideAt(open, { ...now, model: now.model ?? namesake(open(now), place, now, old) }) }];
  }
  return place.model === null ? variantsOf(open, place) : [withBase(open, place, place.model)];
}

/** The same model of another revision of the same file, where it has one. */
function namesake({ file }: LoadedFile, first: Place, second: Place, { model }: Side): string | null {
  return first.path === second.path && file.models.some(({ name }) => name === model.name) ? model.name : null;
}

function variantsOf(open: Open, place: Place): readonly Pair[] {
  const { ast, file, source } = open(place);
  const pairs = file.models.flatMap(({ name }) => (baseOf(ast, name) === null ? [] : [withBase(open, place, name)]));
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
    const loaded = requireSound(checkSourceFile(source), colorOn('stderr'));
    files.set(key, loaded);
    return loaded;
  };
}

function sideAt(open: Open, place: Place): Side {
  const loaded = open(place);
  return { loaded, model: chooseModel(loaded, place.model ?? undefined), place };
}

/** Null: its file has no train block. */
export function trainOf({ loaded, model }: Side): TrainSpec | null {
  return loaded.file.trains.length === 0 ? null : chooseTrain(loaded, model);
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
