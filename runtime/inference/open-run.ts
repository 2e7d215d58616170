// Takes: the folder of a run or its checkpoint. Gives: its model, weights and tokenizer.
// Promises: what is damaged, or means another function now, is one sentence.
import { dirname } from 'node:path';
import { checkSourceFile } from '../model-file.ts';
import { colorOn } from '../terminal.ts';
import { openTokenizer } from '../tokenizer/open-tokenizer.ts';
import { loadCheckpoint, modelOf } from '../training/checkpoint.ts';
import { checkpointPath } from '../training/run-folder.ts';
import { UserError } from '../user-error.ts';
import type { OpenModel } from '../weights/open-model.ts';
import type { StoredWeight } from '../weights/weight-source.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';

/** @throws UserError */
export async function openModel(path: string): Promise<OpenModel> {
  const checkpoint = await loadCheckpoint(checkpointPath(path));
  const model = modelOf(checkpoint, colorOn('stderr'));
  const weights = new Map<string, StoredWeight>();
  for (const { name } of parameters(model)) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor !== undefined) weights.set(name, { dtype: 'F32', shape: tensor.shape });
  }
  const read = (name: string): Promise<Float32Array> => {
    const data = checkpoint.tensors.get(name)?.data;
    if (data instanceof Float32Array) return Promise.resolve(data);
    return Promise.reject(new UserError(`${checkpoint.path} has no weights named ${name}`));
  };
  return {
    path,
    kind: 'run',
    model,
    file: checkSourceFile(checkpoint.source),
    weights: {
      path: checkpoint.path,
      weights,
      read,
      readBytes: async (name) => new Uint8Array((await read(name)).buffer),
      close: () => Promise.resolve(),
    },
    tokenizer: await openTokenizer(dirname(checkpoint.path)),
    config: null,
  };
}
