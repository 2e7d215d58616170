// Takes: the path of a .model file. Gives: its checked models.
// Promises: diagnostics are printed by the caller; a file that cannot be read is one sentence.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CheckedSource, checkSource } from '../compiler/compile.ts';
import type { GenerateSpec, Model, TowerModel, TrainBlock, TrainSpec } from '../compiler/2-check/model.ts';
import { generateSpecOf } from '../compiler/2-check/train/narrow-generate.ts';
import { trainSpecOf } from '../compiler/2-check/train/narrow.ts';
import { formatDiagnostic, UnbuiltError } from '../compiler/diagnostics.ts';
import type { SourceFile } from '../grammar/source.ts';
import { UserError } from './user-error.ts';

export interface LoadedFile extends CheckedSource {
  readonly source: SourceFile;
}

/** The folder of package.json: this file lies somewhere below it, as source or built. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error('no package.json above modelc');
  }
}

/** The prelude: specs/std of this package, in the language itself. */
export function readPrelude(): SourceFile[] {
  const folder = join(packageRoot(), 'specs', 'std');
  const names = readdirSync(folder).filter((name) => name.endsWith('.model'));
  return names.sort().map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
}

/** @throws UserError when the file cannot be read. */
export function readSource(path: string): SourceFile {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : code;
    throw new UserError(`cannot read ${path}: ${reason}`);
  }
}

export function checkSourceFile(source: SourceFile): LoadedFile {
  return { source, ...checkSource(source, readPrelude()) };
}

/** Checks a file for a command that needs it whole. @throws UserError carrying the printed diagnostics. */
export function loadModelFile(path: string, color: boolean): LoadedFile {
  const loaded = checkSourceFile(readSource(path));
  return requireSound(loaded, color);
}

/** @throws UserError with every error printed, when there is one. */
export function requireSound(loaded: LoadedFile, color: boolean): LoadedFile {
  const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new UserError(errors.map((error) => formatDiagnostic(error, { color })).join('\n\n'));
  return loaded;
}

/** The model of that name, or the file's first. @throws UserError naming the models there are. */
export function chooseModel({ file, source }: LoadedFile, name?: string): Model {
  const model = name === undefined ? file.models[0] : file.models.find((each) => each.name === name);
  if (model !== undefined) return model;
  const names = file.models.map((each) => each.name).join(', ');
  throw new UserError(
    name === undefined
      ? `${source.path} defines no model`
      : `${source.path} has no model ${name}; it has ${names.length > 0 ? names : 'none'}`,
  );
}

/** The towers of that name, or the file's first when it has no model; undefined: a model is meant. */
export function chooseTowers({ file }: LoadedFile, name?: string): TowerModel | undefined {
  if (name !== undefined) return file.towers.find((each) => each.name === name);
  return file.models.length === 0 ? file.towers[0] : undefined;
}

/**
 * The train block for `model`: the one of that name, else the model's own, else the file's first; `change` has the last
 * word on what it says.
 * @throws UnbuiltError when it asks for what cannot be run yet
 */
export function chooseTrain(
  { file, source }: LoadedFile,
  model: Model,
  name?: string,
  change: (block: TrainBlock) => TrainBlock = (block) => block,
): TrainSpec {
  const train = chooseBlock(file.trains, model, name);
  if (train !== undefined) {
    const { spec, missing } = trainSpecOf(change(train));
    if (missing !== undefined) throw new UnbuiltError(missing);
    return { ...spec, model: model.name };
  }
  const names = file.trains.map((each) => each.name).join(', ');
  throw new UserError(
    name === undefined
      ? `${source.path} has no train block; add one: train { data = text("*.txt"); tokenizer = bytes; steps = 300 }`
      : `${source.path} has no train block ${name}; it has ${names.length > 0 ? names : 'none'}`,
  );
}

/** The generate block for `model`, or undefined when the file has none. @throws UnbuiltError as chooseTrain */
export function chooseGenerate({ file }: LoadedFile, model: Model, name?: string): GenerateSpec | undefined {
  const generate = chooseBlock(file.generates, model, name);
  if (generate === undefined) return undefined;
  const { spec, missing } = generateSpecOf(generate);
  if (missing !== undefined) throw new UnbuiltError(missing);
  return spec;
}

function chooseBlock<T extends { readonly name: string; readonly model: string }>(
  blocks: readonly T[],
  model: Model,
  name?: string,
): T | undefined {
  if (name !== undefined)
    return (
      blocks.find((block) => block.name === name && block.model === model.name) ??
      blocks.find((block) => block.name === name)
    );
  return blocks.find((block) => block.model === model.name) ?? blocks[0];
}
