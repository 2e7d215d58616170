// Takes: a model and its run. Gives: train.py.
// Promises: optimizers, schedule, loss and clipping are those of the run; the rest can be said on the command line.
import type { Model, TrainSpec } from '../../../2-check/model.ts';
import { parameters } from '../../../2-check/parameters/parameters.ts';
import { float, integer } from '../python/python.ts';
import { optimizersText } from './optimizers-text.ts';
import { imports, program } from './program-text.ts';
import { scheduleText } from './schedule-text.ts';

export function trainText(model: Model, train: TrainSpec): string {
  const sections = [
    `${docstring(model)}\n\n${imports}\n\n${constants(model, train)}\n\n${optimizersText(train.optimizers, parameters(model))}`,
    scheduleText(train.schedule),
    program,
  ];
  return sections.join('\n\n\n');
}

function docstring({ name }: Model): string {
  return `"""Trains ${name}, the model of model.py, in shards on many GPUs (FSDP2); written by modelc.

    torchrun --nproc-per-node 8 train.py --data tokens.safetensors
    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 train.py ...
    python train.py --data tokens.safetensors --steps 10    # one process, also without a GPU

The data is a safetensors file with the tensor \`tokens\`, int32: [steps, batch, seq + 1], a batch for
each step, or [n], one text. Training starts from model.safetensors beside this file; --out gets
checkpoints and, at the end, model.safetensors with the names of the model again.
"""`;
}

function constants(model: Model, train: TrainSpec): string {
  const { batch, accumulate, seq, steps, seed, loss, clipNorm, validation, saveEvery } = train;
  const values: readonly (readonly [string, string])[] = [
    ['NAME', JSON.stringify(model.name)],
    ['STEPS', integer(steps)],
    ['BATCH', integer(batch)],
    ['ACCUMULATE', integer(accumulate)],
    ['SEQ', integer(seq)],
    ['SEED', integer(seed)],
    ['CLIP_NORM', clipNorm === null ? 'None' : float(clipNorm)],
    ['IGNORE', loss.ignore === null ? 'None  # every label counts' : `${loss.ignore}  # labels that do not count`],
    ['VALIDATE_EVERY', integer(validation.every)],
    ['VALIDATE_BATCHES', integer(validation.batches)],
    ['SAVE_EVERY', integer(saveEvery)],
  ];
  return values.map(([name, value]) => `${name} = ${value}`).join('\n');
}
