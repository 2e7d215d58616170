import { existsSync, openSync, readdirSync, readFileSync, readSync, closeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../../compiler/2-check/model.ts';
import { elements } from '../../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../../compiler/2-check/parameters/parameters.ts';
import type { Json } from '../../../compiler/exchange/config.ts';
import { families } from '../../../compiler/exchange/families.ts';
import type { Family } from '../../../compiler/exchange/family.ts';
import { importConfig } from '../../../compiler/exchange/import-config.ts';
import { ModelFacts } from '../../../compiler/exchange/model-facts.ts';
import { compareFunctions } from '../../../compiler/exchange/same-function.ts';
import { checkSourceFile } from '../../../runtime/model-file.ts';

// golden/NAME.json is the config.json of a checkpoint, golden/NAME.model what it reads as, golden/parameters.json how many
// parameters it has as its authors say. Further files there are further cases of this test.
const golden = join(import.meta.dirname, 'golden');
const names = readdirSync(golden).filter((file) => file.endsWith('.json') && file !== 'parameters.json').map((file) => file.slice(0, -5)); // prettier-ignore

const readJson = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;
const configOf = (name: string): Json => readJson(join(golden, `${name}.json`));
const published = readJson(join(golden, 'parameters.json'));

function familyOf(config: Json): Family {
  const family = families.find(({ modelType }) => modelType === config['model_type']);
  if (family === undefined) throw new Error(`no family of ${String(config['model_type'])}`);
  return family;
}

/** About sizes, which nobody can change in a checkpoint. */
const advice: ReadonlySet<string> = new Set(['width-multiple', 'vocab-multiple', 'window-reach']);

/** Imports a config; fails on any diagnostic that a person would have to act on. */
function read(config: Json, tensors: readonly string[] = []): { readonly text: string; readonly model: Model } {
  const { text } = importConfig(config, { tensors });
  const { file, diagnostics } = checkSourceFile({ path: 'imported.model', text });
  const told = diagnostics.filter(({ severity, code }) => severity !== 'info' && !advice.has(code));
  expect(told.map(({ message }) => message)).toEqual([]);
  const [model] = file.models;
  if (model === undefined) throw new Error('no model');
  return { text, model };
}

/** The config that the family's own writer makes of a model. */
function written(family: Family, model: Model): Json {
  const config = { model_type: family.modelType, ...family.write(new ModelFacts(model)) };
  return JSON.parse(JSON.stringify(config)) as Json;
}

describe.each(names)('%s', (name) => {
  it('reads as a person would have written it', async () => {
    await expect(read(configOf(name)).text).toMatchFileSnapshot(join(golden, `${name}.model`));
  });

  it('is the same function when it was written and read again', () => {
    const family = familyOf(configOf(name));
    const { model } = read(configOf(name));
    const again = read(written(family, model)).model;
    expect(compareFunctions(again, model)).toMatchObject({ names: expect.any(Map) as Map<string, string> });
  });

  it('tells a key that it does not know', () => {
    expect(() => read({ ...configOf(name), unheard_of: 3 })).toThrow(/^unheard_of is not understood for model_type /);
  });
});

it.each(Object.entries(published))('%s has as many parameters as its authors say', (name, count) => {
  const total = parameters(read(configOf(name)).model).reduce((sum, each) => sum + elements(each), 0);
  expect(total).toBe(count);
});

it('has a case for every family', () => {
  const covered = new Set(names.map((name) => configOf(name)['model_type']));
  expect(families.map(({ modelType }) => modelType).filter((each) => !covered.has(each))).toEqual([]);
});

interface Header {
  readonly shape: readonly number[];
}

/** Shapes of the tensors of a safetensors file, by name. */
function shapesOf(path: string): Map<string, readonly number[]> {
  const file = openSync(path, 'r');
  try {
    const length = Buffer.alloc(8);
    readSync(file, length, 0, 8, 0);
    const header = Buffer.alloc(Number(length.readBigUInt64LE(0)));
    readSync(file, header, 0, header.length, 8);
    const { __metadata__: _, ...tensors } = JSON.parse(header.toString()) as Record<string, Header>;
    return new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  } finally {
    closeSync(file);
  }
}

const roots = ['../../parity/references', '../../../../shared/parity'].map((each) =>
  resolve(import.meta.dirname, each),
);
const references = roots
  .filter(existsSync)
  .flatMap((root) => readdirSync(root).map((name) => join(root, name)))
  .filter((folder) => existsSync(join(folder, 'before.safetensors')))
  .filter((folder) =>
    families.some(({ modelType }) => modelType === readJson(join(folder, 'config.json'))['model_type']),
  );

describe.each(references)('%s', (folder) => {
  const shapes = shapesOf(join(folder, 'before.safetensors'));
  const config = readJson(join(folder, 'config.json'));

  it('has exactly the tensors of the map, in its shapes', () => {
    const { dropped } = importConfig(config, { tensors: shapes.keys() });
    const [map] = read(config, [...shapes.keys()]).model.weights;
    const mapped = new Map(map?.entries.flatMap(({ tensors, shape }) => tensors.map((each) => [each, shape])));
    const held = [...shapes].filter(([name]) => !dropped.some((pattern) => pattern.test(name)));
    expect(Object.fromEntries(mapped)).toEqual(Object.fromEntries(held));
  });

  it('is the same function when it was written and read again', () => {
    const { model } = read(config, [...shapes.keys()]);
    expect(compareFunctions(read(written(familyOf(config), model)).model, model)).toMatchObject({ names: expect.any(Map) as Map<string, string> }); // prettier-ignore
  });
});
