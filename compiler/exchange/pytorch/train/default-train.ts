// Takes: a model without a train block. Gives: the run that `train {}` means.
// Promises: the defaults of specs/std/train.model, which a test compares.
import type { Model, TrainSpec } from '../../../2-check/model.ts';

export function defaultTrain({ name, context, span }: Model): TrainSpec {
  return {
    name: 'train',
    model: name,
    data: [],
    tokenizer: 'bytes',
    batch: 16,
    accumulate: 1,
    seq: context,
    steps: 1000,
    seed: 0,
    loss: { ignore: null, zLoss: 0 },
    optimizers: [
      {
        kind: 'adamw',
        params: ['all'],
        lr: 3e-4,
        betas: [0.9, 0.95],
        eps: 1e-8,
        weightDecay: 0.1,
        noDecay: ['vector', 'embed'],
      },
    ],
    schedule: { kind: 'cosine', warmup: 20, floor: 0.1 },
    clipNorm: 1,
    dropout: { embed: 0, residual: 0, attention: 0 },
    validation: { fraction: 0.1, every: 50, batches: 4 },
    saveEvery: 1000,
    span,
  };
}
