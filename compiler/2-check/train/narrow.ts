// Takes: a train block of the language. Gives: the run that can be made of it today, or what of it is not built yet.
// Promises: every key that such a run does not heed is told, with its place, unless it is at its default.
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import type { Span } from '../../../grammar/source.ts';
import type { Duration, MixedPrecision, OptimizerBlock, OptimizerSpec, ParameterClass, ParameterSelector, RecomputeSpec, ScheduleBlock, ScheduleSpec, TrainBlock, TrainSpec } from '../model.ts'; // prettier-ignore
import { selectorText } from './applied.ts';

export type Narrowed<T> = { readonly spec: T; readonly missing?: never } | { readonly spec?: never; readonly missing: readonly Diagnostic[] }; // prettier-ignore

interface Missing {
  readonly list: Diagnostic[];
  readonly key: (key: string) => void;
  readonly value: (key: string, value: string, span?: Span) => void;
}

function missingOf({ span, spans }: TrainBlock): Missing {
  const list: Diagnostic[] = [];
  const at = (key: string): Span => spans[key.replace(/^train\./, '').split('.')[0] ?? key] ?? span;
  return {
    list,
    key: (key) => void list.push(diagnostic('todo-key', at(key), { key, owner: 'train' })),
    value: (key, value, place) => void list.push(diagnostic('todo-value', place ?? at(key), { key, value })),
  };
}

export function trainSpecOf(block: TrainBlock): Narrowed<TrainSpec> {
  const missing = missingOf(block);
  const { name, model, accumulate, seq, steps, seed, clip, dropout, saveEvery, span } = block;
  const data = filesOf(block, missing);
  const batch = batchOf(block, missing);
  const loss = lossOf(block, missing);
  const optimizers = block.optimizers.flatMap((each) => optimizerOf(each, missing));
  const schedule = scheduleOf(block.schedule, steps ?? 0, block, missing);
  const precision = precisionOf(block, missing);
  laterKeys(block, missing);
  if (block.towers) missing.list.push(diagnostic('todo-block', span, { name: `training of towers (${model})` }));
  if (seq === null && !block.towers) missing.key('seq');
  if (steps === null) missing.key('epochs');
  if (missing.list.length > 0 || schedule === null || seq === null || steps === null) return { missing: missing.list };
  const { fraction, every, batches } = block.validation;
  return { spec: { name, model, data, tokenizer: 'bytes', batch, accumulate, seq, steps, seed, loss, optimizers, schedule, clipNorm: clip.norm, dropout, recompute: recomputeOf(block), precision, validation: { fraction, every, batches }, saveEvery, span } }; // prettier-ignore
}

function recomputeOf({ recompute }: TrainBlock): RecomputeSpec {
  switch (recompute.kind) {
    case 'none':
      return { kind: 'none' };
    case 'blocks':
      return { kind: 'blocks', first: null };
    case 'auto':
      return recompute;
  }
}

/** Null: everything in f32. */
function precisionOf({ precision }: TrainBlock, missing: Missing): MixedPrecision | null {
  const { compute, params, softmax, logits, master, keep } = precision;
  const value = (key: string, format: string): void => missing.value(`precision.${key}`, format);
  if (compute.kind !== 'f32' && compute.kind !== 'f16') value('compute', compute.kind);
  const mixed = compute.kind === 'f16';
  if (params === 'bf16' || (params === 'f16' && !mixed)) value('params', params);
  if (logits === 'bf16' || (logits === 'f16' && !mixed)) value('logits', logits);
  if (softmax !== 'f32') value('softmax', softmax);
  if (master !== 'f32') value('master', master);
  return mixed ? { compute: 'f16', logits: logits === 'f16' ? 'f16' : 'f32', keep } : null;
}

function filesOf({ data, tokenizer, validation }: TrainBlock, missing: Missing): readonly string[] {
  if (tokenizer !== null && tokenizer.kind !== 'bytes') missing.value('tokenizer', tokenizer.kind);
  if (validation.data !== null) missing.key('validation.data');
  if (data.kind === 'files') return data.globs;
  missing.value('train.data', data.name);
  return [];
}

function batchOf({ batch }: TrainBlock, missing: Missing): number {
  if (batch.kind === 'constant') return batch.sequences;
  missing.value('train.batch', batch.kind === 'ramp' ? 'ramp(...)' : 'a until t then b');
  return 0;
}

function lossOf({ loss }: TrainBlock, { list, value }: Missing): TrainSpec['loss'] {
  let [ignore, zLoss, entropies]: [number | null, number, number] = [null, 0, 0];
  for (const { loss: each, coefficient, span } of loss) {
    if (coefficient.pieces.length > 0) value('train.loss', 'a factor that changes', span);
    if (each.kind === 'z_loss') zLoss += coefficient.last;
    else if (each.kind === 'ce') {
      entropies += coefficient.last;
      if (each.mask !== null) list.push(diagnostic('todo-loss', span, { name: 'ce(mask = ...)' }));
      if (each.smoothing > 0) list.push(diagnostic('todo-loss', span, { name: 'ce(smoothing = ...)' }));
      if (typeof each.ignore === 'string') value('loss: ce(ignore)', `the token \`${each.ignore}\``, span);
      else ignore = each.ignore;
    } else list.push(diagnostic('todo-loss', span, { name: each.kind }));
  }
  if (entropies !== 1 && list.length === 0) value('train.loss', `${entropies} * ce`, loss[0]?.span);
  return { ignore, zLoss };
}

function optimizerOf({ spec, span }: OptimizerBlock, missing: Missing): OptimizerSpec[] {
  const params = classesOf(spec.params, 'params', span, missing);
  const noDecay = classesOf(spec.noDecay, 'no_decay', span, missing);
  const { lr, weightDecay } = spec;
  if (spec.kind === 'adamw') {
    if (spec.amsgrad) missing.value('adamw.amsgrad', 'true', span);
    return [{ kind: 'adamw', params, lr, weightDecay, noDecay, betas: spec.betas, eps: spec.eps }];
  }
  if (spec.kind === 'sgd') {
    if (spec.nesterov) missing.value('sgd.nesterov', 'true', span);
    return [{ kind: 'sgd', params, lr, weightDecay, noDecay, momentum: spec.momentum }];
  }
  missing.list.push(diagnostic('todo-constructor', span, { kind: 'optimizer', name: spec.kind }));
  return [];
}

function classesOf(
  selectors: readonly ParameterSelector[],
  key: string,
  span: Span,
  missing: Missing,
): ParameterClass[] {
  return selectors.flatMap((each) => {
    if (each.kind === 'class') return [each.name];
    missing.value(key, `a part of the model (${selectorText(each)})`, span);
    return [];
  });
}

/** Counts in steps; a percentage is of all steps, rounded. */
function scheduleOf(
  schedule: ScheduleBlock,
  steps: number,
  { spans, span }: TrainBlock,
  missing: Missing,
): ScheduleSpec | null {
  // prettier-ignore
  const inSteps = ({ value, unit }: Duration, key: string): number => {
    if (unit === 'tokens') missing.value(`schedule.${key}`, 'a number of tokens');
    return Math.round(unit === 'share' ? value * steps : value);
  };
  const warmup = inSteps(schedule.warmup, 'warmup');
  if (schedule.kind === 'constant') return { kind: 'constant', warmup };
  if (schedule.kind === 'cosine') return { kind: 'cosine', warmup, floor: schedule.floor };
  if (schedule.kind === 'wsd') {
    const { decay, shape, floor } = schedule;
    return { kind: 'wsd', warmup, decay: inSteps(decay, 'decay'), shape, floor };
  }
  missing.list.push(
    diagnostic('todo-constructor', spans['schedule'] ?? span, { kind: 'schedule', name: schedule.kind }),
  );
  return null;
}

/** Keys that no run heeds yet. */
function laterKeys(block: TrainBlock, missing: Missing): void {
  const { params } = block;
  const isAll = params.some((each) => each.kind === 'class' && each.name === 'all');
  const later: readonly (readonly [string, boolean])[] = [
    ['from', block.from !== null],
    ['params', !isAll],
    ['lora', block.lora !== null],
    ['init', block.init.some(({ start }) => start.kind === 'copy')],
    ['teacher', block.teacher !== null],
    ['reward', block.reward !== null],
    ['mup', block.mup !== null],
    ['ema', block.ema !== null],
    ['skip', block.skip !== null],
    ['quant', block.quant !== null],
    ['clip.value', block.clip.value !== null],
  ];
  for (const [key, inForce] of later) if (inForce) missing.key(key);
}
