// Takes: an open model. Gives: model.py and train.py for PyTorch's own distributed engine, and the weights they read.
// Promises: names of weights are those of the .model; one tensor in memory at a time.
import { join } from 'node:path';
import type { TextFile } from '../../../compiler/exchange/pytorch/pytorch-files.ts';
import { writingSafetensors } from '../../data/safetensors-writer.ts';
import { UserError } from '../../user-error.ts';
import { writeText } from '../../write-text.ts';
import { convert } from '../dtype.ts';
import { importedFormat, type OpenModel, pytorchWeights } from '../open-model.ts';
import { tensorsOf } from '../tensors-of.ts';
import type { WeightDtype } from '../weight-source.ts';
import { bytesOfAll, WatchedWriting, type Watcher } from './copying.ts';
import type { WrittenFiles } from './export-hf.ts';

/** Writes into `folder`, which is there; `dtype` null: as they are stored. @throws UserError */
export async function exportPytorch(
  folder: string,
  { model, file, weights }: OpenModel,
  texts: readonly TextFile[],
  dtype: WeightDtype | null,
  watcher: Watcher,
): Promise<WrittenFiles> {
  for (const { path, text } of texts) writeText(join(folder, path), text);
  // By it and the names, modelc reads what train.py writes.
  const source = `${model.name}.model`;
  writeText(join(folder, source), file.source.text);
  const forms = new Map<string, WrittenFiles['forms'][number]>();
  for (const { name, role, shape } of tensorsOf(model)) {
    const stored = weights.weights.get(name);
    if (role !== 'parameter') continue;
    if (stored === undefined) throw new UserError(`${weights.path} has no weights named ${name}`);
    forms.set(name, { dtype: dtype ?? stored.dtype, shape });
  }
  const writing = new WatchedWriting(watcher, bytesOfAll(forms.values()));
  await writingSafetensors(
    join(folder, pytorchWeights),
    forms,
    { format: importedFormat, model: model.name },
    async (writer) => {
      for (const name of forms.keys()) {
        const from = weights.weights.get(name)?.dtype ?? 'F32';
        for await (const piece of weights.pieces(name)) {
          await writing.write(writer, convert(piece, from, dtype ?? from));
        }
      }
    },
  );
  return { files: [...texts.map(({ path }) => path), source, pytorchWeights], forms: [...forms.values()] };
}
