// Takes: the name of a reference run. Gives: its model, train block, initial weights, batches and curve.
// Promises: null when the run is not on this machine; settings as in its config.json and curve.json.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import { glu, gqa, init, layerNorm, makeModel, makeTrain, mlp, rms } from '../compiler/3-graph/model/model-builder.ts';
import { gpt2, standard } from './weight-maps.ts';
import { takeParameter } from './weights.ts';
import type { WeightMap } from './weights.ts';

const root = resolve(import.meta.dirname, '../../../shared/curves');

export interface Curve {
  readonly model: Model;
  readonly train: TrainSpec;
  readonly weights: ReadonlyMap<string, ArrayLike<number>>;
  /** Per step: tokens and labels, i32 [batch, seq]. */
  readonly batches: readonly { readonly tokens: readonly number[]; readonly labels: readonly number[] }[];
  /** Per step: the loss before it, the norm before clipping, and the learning rate as a fraction of the peak. */
  readonly steps: readonly { readonly loss: number; readonly gradNorm: number; readonly lrScale: number }[];
}

interface Run {
  readonly model: Model;
  readonly train: TrainSpec;
  readonly map: WeightMap;
}

const adamw = { kind: 'adamw', params: ['all'], lr: 1e-3, eps: 1e-8 } as const;

const runs: Readonly<Record<string, () => Run>> = {
  llama_shakespeare: () => ({
    map: standard,
    model: makeModel({
      vocab: 256,
      context: 64,
      dModel: 128,
      norm: { ...rms, eps: 1e-5 },
      mixers: Array.from({ length: 4 }, () => gqa({ headDim: 32 })),
      ffn: glu(344),
    }),
    train: makeTrain({
      batch: 8,
      seq: 64,
      steps: 200,
      optimizers: [{ ...adamw, betas: [0.9, 0.95], weightDecay: 0.1, noDecay: ['vector', 'embed'] }],
      schedule: { kind: 'cosine', warmup: 20, floor: 0.1 },
      clipNorm: 1,
    }),
  }),
  gpt2_shakespeare: () => ({
    map: gpt2(96),
    model: makeModel({
      vocab: 256,
      context: 64,
      dModel: 96,
      norm: layerNorm,
      embed: { tied: true, positions: { length: 64, offset: 0, init } },
      mixers: Array.from({ length: 3 }, () => gqa({ heads: 3, kvHeads: 3, headDim: 32, biases: 'qkvo', rope: null })),
      ffn: mlp(384, 'gelu_tanh'),
    }),
    train: makeTrain({
      batch: 8,
      seq: 64,
      steps: 120,
      optimizers: [{ ...adamw, betas: [0.9, 0.999], weightDecay: 0.01, noDecay: [] }],
      schedule: { kind: 'cosine', warmup: 10, floor: 0 },
    }),
  }),
};

export const curveNames: readonly string[] = Object.keys(runs);

export const hasCurve = (name: string): boolean => existsSync(join(root, name, 'curve.json'));

interface Recorded {
  readonly optimizer: { readonly lr: number };
  readonly curve: readonly { readonly lr: number; readonly loss: number; readonly grad_norm: number }[];
}

/** tokens [steps, batch, context + 1]: the labels are the tokens one later. */
function cut(tokens: readonly number[], steps: number, batch: number, seq: number): Curve['batches'] {
  const window = (step: number, row: number) => {
    const start = (step * batch + row) * (seq + 1);
    return tokens.slice(start, start + seq + 1);
  };
  return Array.from({ length: steps }, (_, step) => {
    const rows = Array.from({ length: batch }, (__, row) => window(step, row));
    return { tokens: rows.flatMap((row) => row.slice(0, -1)), labels: rows.flatMap((row) => row.slice(1)) };
  });
}

export async function readCurve(name: string): Promise<Curve> {
  const run = runs[name]?.();
  if (!run) throw new Error(`no run ${name}`);
  const { model, train, map } = run;
  const stored = (await readSafetensors(join(root, name, 'model.safetensors'))).tensors;
  const tokens = (await readSafetensors(join(root, name, 'tokens.safetensors'))).tensors.get('tokens');
  const recorded = JSON.parse(readFileSync(join(root, name, 'curve.json'), 'utf8')) as Recorded;
  return {
    model,
    train,
    weights: new Map(parameters(model).map((p) => [p.name, takeParameter(map, p, stored)])),
    batches: cut(Array.from(tokens?.data ?? []), train.steps, train.batch, train.seq),
    steps: recorded.curve.map(({ lr, loss, grad_norm: gradNorm }) => ({
      loss,
      gradNorm,
      lrScale: lr / recorded.optimizer.lr,
    })),
  };
}
