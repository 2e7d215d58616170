// Takes: specs/std. Gives: its parsed files, and checking of texts, for the tests of this folder.
// Promises: paths are relative to the project, so expected texts are the same everywhere.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FileNode } from '../../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { checkFile } from '../../../compiler/2-check/check.ts';
import type { CheckedFile, GluSpec, GqaSpec, MlpSpec, Model } from '../../../compiler/2-check/model.ts';
import { ffnsOf, mixersOf } from '../../../compiler/2-check/resolve/parts.ts';
import type { Diagnostic } from '../../../compiler/diagnostics.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export function readPrelude(): FileNode[] {
  const names = readdirSync(join(root, 'specs', 'std')).sort();
  return names.map((name) => {
    const { ast, diagnostics } = parseFile({ path: `specs/std/${name}`, text: readSpec(`std/${name}`) });
    if (diagnostics.length > 0) throw new Error(`specs/std/${name}: ${diagnostics[0]?.message ?? ''}`);
    return ast;
  });
}

/** The text of specs/`path`. */
export function readSpec(path: string): string {
  return readFileSync(join(root, 'specs', path), 'utf8');
}

const prelude = readPrelude();

export function check(text: string): { file: CheckedFile; diagnostics: Diagnostic[] } {
  const { ast, diagnostics } = parseFile({ path: 'test.model', text });
  const checked = checkFile(ast, prelude);
  return { file: checked.file, diagnostics: [...diagnostics, ...checked.diagnostics] };
}

/** The codes of a text's errors. */
export function errorsOf(text: string): string[] {
  const errors = check(text).diagnostics.filter(({ severity }) => severity === 'error');
  return errors.map(({ code }) => code);
}

/** The models of a text without errors, by name. */
export function modelsOf(text: string): ReadonlyMap<string, Model> {
  const { file, diagnostics } = check(text);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return new Map(file.models.map((model) => [model.name, model]));
}

/** The model of that name, or the first. */
export function modelOf(text: string, name?: string): Model {
  const models = modelsOf(text);
  const model = name === undefined ? [...models.values()][0] : models.get(name);
  if (model === undefined) throw new Error(`no model ${name ?? ''}`);
  return model;
}

/** Grouped-query attention of that name. */
export function gqaOf(model: Model, name = 'attn'): GqaSpec {
  const spec = mixersOf(model).get(name);
  if (spec?.kind !== 'gqa') throw new Error(`no gqa ${name}`);
  return spec;
}

/** A feed-forward part without experts. */
export function ffnOf(model: Model, name = 'mlp'): GluSpec | MlpSpec {
  const spec = ffnsOf(model).get(name);
  if (spec?.kind !== 'glu' && spec?.kind !== 'mlp') throw new Error(`no ffn ${name}`);
  return spec;
}

/** `vocab, context, ...` of a small model with `items` and `after` the model. */
export function small(items = '', after = ''): string {
  const parts =
    'vocab = 256; context = 64; d_model = 768; n_layers = 6; mixer attn = gqa { heads = 12 }; ffn mlp = glu { }';
  return `model M { ${parts}\n${items}\n}\n${after}`;
}
