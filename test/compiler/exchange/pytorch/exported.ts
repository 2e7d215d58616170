// Takes: .model files of the tree. Gives: the models in them that can be compiled, with their runs and their PyTorch files.
// Promises: the same models in every test of the export.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Model, TrainSpec } from '../../../../compiler/2-check/model.ts';
import { trainSpecOf } from '../../../../compiler/2-check/train/narrow.ts';
import { unbuilt } from '../../../../compiler/3-graph/model/unbuilt.ts';
import { loadModelFile } from '../../../../runtime/model-file.ts';

export const root = resolve(import.meta.dirname, '../../../..');
export const golden = join(import.meta.dirname, 'golden');

export interface Named {
  readonly name: string;
  readonly model: Model;
  readonly train: TrainSpec | null;
}

/** The models of a file that lower, each with the file's train block if it can be run. */
export function modelsOf(path: string): Named[] {
  const { models, trains } = loadModelFile(path, false).file;
  const [block] = trains;
  const train = block ? (trainSpecOf(block).spec ?? null) : null;
  return models.filter((model) => unbuilt(model).length === 0).map((model) => ({ name: model.name, model, train }));
}

function filesIn(folder: string): string[] {
  const path = join(root, folder);
  return readdirSync(path).filter((name) => name.endsWith('.model')).map((name) => join(path, name)); // prettier-ignore
}

const folders = ['specs/families', 'specs', 'test/compiler/exchange/golden', 'test/parity/counted'];

/** The first of each file: families in their published sizes, the small ones that are counted, the examples; and all corners. */
export const allModels = (): Named[] => [
  ...folders.flatMap(filesIn).flatMap((path) => modelsOf(path).slice(0, 1)),
  ...modelsOf(join(import.meta.dirname, 'corners.model')),
];

export const goldenModel = (name: string): Named => {
  const [model] = modelsOf(join(golden, name, 'input.model'));
  if (!model) throw new Error(`${name} does not lower`);
  return model;
};

export const readText = (path: string): string => readFileSync(path, 'utf8');
