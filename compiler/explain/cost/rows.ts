// Takes: the costs of a model. Gives: them as a list of figures, each with its name and unit.
// Promises: one row is one figure; what explains a model, compares models or draws one reads the same rows.
import type { Costs } from './cost.ts';

export type CostUnit = 'count' | 'bytes' | 'ratio';

export interface CostRow {
  readonly name: string;
  readonly unit: CostUnit;
  readonly read: (costs: Costs) => number;
}

export const costRows: readonly CostRow[] = [
  { name: 'parameters', unit: 'count', read: ({ parameters }) => parameters.total },
  { name: 'active parameters', unit: 'count', read: ({ parameters }) => parameters.active },
  { name: 'MTP parameters', unit: 'count', read: ({ parameters }) => parameters.mtp },
  { name: 'forward FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.forward },
  { name: 'attention FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.attention },
  { name: 'backward FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.backward },
  { name: 'decode FLOPs per token', unit: 'count', read: ({ flopsPerToken }) => flopsPerToken.decode },
  { name: 'weights, bf16', unit: 'bytes', read: ({ bytes }) => bytes.weights.bf16 },
  { name: 'KV cache per token', unit: 'bytes', read: ({ bytes }) => bytes.kvPerToken },
  { name: 'KV cache, full context', unit: 'bytes', read: ({ bytes }) => bytes.kvFull },
  { name: 'state per sequence', unit: 'bytes', read: ({ bytes }) => bytes.state },
  { name: 'KV and state, full context', unit: 'bytes', read: ({ bytes }) => bytes.kvFull + bytes.state },
  { name: 'activations per sequence', unit: 'bytes', read: ({ training }) => training.activationsPerSequence },
  {
    name: 'training state',
    unit: 'bytes',
    read: ({ training: { weights, gradients, moments } }) => weights + gradients + moments,
  },
  { name: 'FLOPs per byte, prefill', unit: 'ratio', read: ({ intensity }) => intensity.prefill },
  { name: 'FLOPs per byte, decode', unit: 'ratio', read: ({ intensity }) => intensity.decode },
];
