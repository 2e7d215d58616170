// Takes: a model and the run it is meant for. Gives: model.py and train.py, for machines that have PyTorch and many GPUs.
// Promises: the same function, names of weights and updates as here; a pure function.
import type { Model, TrainSpec } from '../../2-check/model.ts';
import { GraphBuilder } from '../../3-graph/builder.ts';
import { lowerHead } from '../../3-graph/model/lower-ends.ts';
import { lowerTrunk } from '../../3-graph/model/lower-model.ts';
import { BATCH, input, SEQ, startLowering } from '../../3-graph/model/lowering.ts';
import { unbuilt } from '../../3-graph/model/unbuilt.ts';
import type { Graph } from '../../3-graph/ops.ts';
import { UnbuiltError } from '../../diagnostics.ts';
import { modelText } from './model-text.ts';
import { defaultTrain } from './train/default-train.ts';
import { trainText } from './train/train-text.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** `train` null: the defaults of a run. @throws UnbuiltError when the model cannot be compiled yet */
export function pytorchFiles(model: Model, train: TrainSpec | null): TextFile[] {
  const missing = unbuilt(model);
  if (missing.length > 0) throw new UnbuiltError(missing);
  const run = train ?? defaultTrain(model);
  return [
    { path: 'model.py', text: modelText(model, forwardOf(model, run), run.loss) },
    { path: 'train.py', text: trainText(model, run) },
  ];
}

/** tokens -> logits, with what the run drops. */
function forwardOf(model: Model, { dropout: rates }: TrainSpec): Graph {
  const builder = new GraphBuilder(`${model.name}.forward`);
  let streams = 0;
  const drops = Object.values(rates).some((rate) => rate > 0);
  const dropout = drops ? { rates, seed: input(builder, 'seed', 'u32', []), stream: () => streams++ } : null;
  const l = startLowering(builder, model, { dropout });
  builder.output('logits', lowerHead(l, lowerTrunk(l, input(builder, 'tokens', 'i32', [BATCH, SEQ]))));
  return builder.finish();
}
