// Takes: tokens of text, and how a run cuts them. Gives: what a trainer takes its batches from.
// Promises: batch n is a function of the data, the settings and n alone.
import { type Batch, evenBatches, randomBatch, requireLength } from './batches.ts';
import type { Corpus } from './corpus.ts';

/** Batches to validate on: the same every time. */
export interface HeldOut {
  /** 0: the run has no validation. */
  readonly count: number;
  /** 0-based. */
  batch(index: number): Promise<Batch>;
}

export interface BatchSource {
  /** What 0-based `step` learns from: [batch, seq] as the settings of the run. @throws UserError when the data is damaged */
  batch(step: number): Promise<Batch>;
  /** In batches of so many sequences. */
  heldOut(sequences: number): HeldOut;
  close(): Promise<void>;
}

export type TrainingTokens = Pick<Corpus, 'train' | 'held'>;

/** What `textBatches` needs of the settings of a run. */
export interface TextSettings {
  readonly batch: number;
  readonly seq: number;
  readonly seed: number;
  readonly validation: { readonly batches: number };
}

/** Sequences at random places; validation at even ones. @throws UserError when a part is shorter than one sequence */
export function textBatches(tokens: TrainingTokens, settings: TextSettings): BatchSource {
  const { batch, seq, seed } = settings;
  requireLength(tokens.train, seq, 'training');
  return {
    batch: (step) => Promise.resolve(randomBatch(tokens.train, batch, seq, seed, step)),
    heldOut: heldOutText(tokens.held, settings),
    close: () => Promise.resolve(),
  };
}

/** @throws UserError when it is shorter than one sequence */
export function heldOutText(held: TrainingTokens['held'], { seq, validation }: TextSettings): BatchSource['heldOut'] {
  requireLength(held, seq, 'held-out');
  return (sequences) => heldOutBatches(evenBatches(held, sequences, seq, validation.batches));
}

export const nothingHeldOut: BatchSource['heldOut'] = () => heldOutBatches([]);

function heldOutBatches(batches: readonly Batch[]): HeldOut {
  return {
    count: batches.length,
    batch: (index) => {
      const batch = batches[index];
      return batch === undefined ? Promise.reject(new RangeError(`internal: no held-out batch ${index}`)) : Promise.resolve(batch); // prettier-ignore
    },
  };
}
