// Takes: a folder with config.json and a checkpoint. Gives: its model and its weights by our names.
// Promises: by the road of `modelc import`.
import type { Model, WeightMap } from '../../compiler/2-check/model.ts';
import { openHub, type HubFolder } from '../weights/hub-folder.ts';

export type OpenFolder = Pick<HubFolder, 'model' | 'file' | 'weights'>;

/** `name`: of the checkpoint. @throws UserError, ConfigError */
export function openFolder(folder: string, name = 'model.safetensors'): Promise<OpenFolder> {
  return openHub(folder, { checkpoint: name });
}

export function mapOf(model: Model): WeightMap {
  const [map] = model.weights;
  if (map === undefined) throw new TypeError(`internal: ${model.name} was imported without a map of weights`);
  return map;
}
