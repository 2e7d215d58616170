// Takes: a train block of a model, std's defaults and a variant's overrides laid over it. Gives: its TrainSpec.
// Promises: E10 to E12 and the sizes: what is given here can be trained.
import { sectionOf, Stop, attempt, fail, tell, type Section } from '../evaluate/section.ts';
import type { Quantity } from '../evaluate/quantity.ts';
import type { Body } from '../draft/draft.ts';
import type { Model, ScheduleSpec, TrainSpec } from '../model.ts';
import { readKeys } from '../schema/key-type.ts';
import { ownersOf, type BuiltBy } from '../schema/register.ts';
import { scheduleKind, trainKind } from '../schema/train-kinds.ts';
import { spanOf } from '../resolve/mixers/place.ts';
import { acausalMixer } from '../resolve/parts.ts';
import { readLoss } from './loss.ts';
import { checkCoverage, readOptimizers } from './optimizer.ts';

export interface BlockOf {
  readonly name: string;
  readonly body: Body;
  readonly span: Section['span'];
}

/** `model` is null when it could not be built: the block is checked all the same. @throws Stop */
export function trainSpec(block: BlockOf, parent: Section, model: Model | null): TrainSpec {
  const { name, body, span } = block;
  const section = sectionOf({ path: 'train', owner: 'train train', parent, body, span }, parent.world);
  const own = trainKind.constructors.train.keys;
  const loss = attempt(() => lossOf(section));
  const optimizers = attempt(() => readOptimizers(section));
  const keys = readKeys(own, section, ownersOf, (draft, key) => key === 'loss' || key === 'model' || draft.role === 'optimizer'); // prettier-ignore
  for (const clause of body.clauses) {
    tell(section, 'todo-key', clause.span, { key: clause.keyword, owner: 'train' });
  }
  if (loss === null || optimizers === null || model === null || body.clauses.length > 0) throw new Stop('train');
  checkSizes(section, keys, model);
  checkCausal(section, model);
  checkCoverage(section, optimizers, model);
  const {
    data,
    tokenizer,
    batch,
    accumulate,
    seq,
    steps,
    seed,
    dropout,
    clip,
    validation,
    save_every: saveEvery,
  } = keys;
  const { fraction, every, batches } = validation.keys;
  return {
    name,
    model: model.name,
    data,
    tokenizer,
    batch,
    accumulate,
    seq,
    steps,
    seed,
    loss,
    optimizers,
    schedule: scheduleSpec(keys.schedule, steps),
    clipNorm: clip.keys.norm,
    dropout,
    validation: { fraction, every, batches },
    saveEvery,
    span,
  };
}

function lossOf(section: Section): TrainSpec['loss'] {
  const draft = section.body.keys.get('loss');
  if (draft === undefined) return fail(section, 'missing-key', section.span, { key: 'loss', owner: 'train' });
  return readLoss({ draft, section, key: 'loss' });
}

interface Sizes {
  readonly batch: number;
  readonly accumulate: number;
  readonly seq: number;
}

function checkSizes(section: Section, { batch, accumulate, seq }: Sizes, model: Model): void {
  const { context, vocab, name } = model;
  if (batch % accumulate !== 0) fail(section, 'batch-split', spanOf(section, 'accumulate'), { batch, accumulate });
  if (seq > context) fail(section, 'seq-context', spanOf(section, 'seq'), { seq, context, model: name });
  if (vocab < 256)
    fail(section, 'vocab-bytes', spanOf(section, 'tokenizer'), { vocab, model: name }, { fix: 'vocab = 256' });
}

/** E10: next-token prediction with a mask that shows the next token. */
function checkCausal(section: Section, model: Model): void {
  const mixer = acausalMixer(model);
  if (mixer === null) return;
  const fix = `${mixer}.mask = causal, or another loss`;
  fail(section, 'loss-mask', spanOf(section, 'loss'), { model: model.name, mixer }, { fix });
}

/** Counts in steps; a percentage is of all steps, rounded. */
function scheduleSpec({ constructor, keys }: BuiltBy<typeof scheduleKind>, steps: number): ScheduleSpec {
  const inSteps = ({ value, measure }: Quantity): number => Math.round(measure === 'percent' ? value * steps : value);
  const warmup = inSteps(keys.warmup);
  if (constructor === 'constant') return { kind: 'constant', warmup };
  if (constructor === 'cosine') return { kind: 'cosine', warmup, floor: keys.floor };
  return { kind: 'wsd', warmup, decay: inSteps(keys.decay), shape: keys.shape, floor: keys.floor };
}
