// Takes: tokens and a seed. Gives: batches of sequences with their next tokens as labels.
// Promises: batch n is a function of (seed, n) alone, so a resumed run sees what an uninterrupted one sees.
import { UserError } from '../user-error.ts';
import { hashOf, uniform } from './random.ts';

/** As narrow as their largest needs. */
export type Tokens = Uint8Array | Uint16Array | Uint32Array;

export interface Batch {
  /** [batch, seq] */
  readonly tokens: Int32Array;
  /** [batch, seq]: the token after each token. */
  readonly labels: Int32Array;
}

/** @throws UserError when `tokens` is shorter than one sequence and its last label. */
export function requireLength(tokens: Tokens, seq: number, part: string): void {
  if (tokens.length >= seq + 1) return;
  throw new UserError(
    `the ${part} data has ${tokens.length} tokens, a sequence needs ${seq + 1} (seq ${seq} and one label); ` +
      `give more data or a shorter seq`,
  );
}

/** Sequences at random places. */
export function randomBatch(tokens: Tokens, batch: number, seq: number, seed: number, index: number): Batch {
  const stream = hashOf(seed, index, 0xba7c4);
  const places = tokens.length - seq;
  const starts = Array.from({ length: batch }, (_, row) => Math.floor(uniform(stream, row) * places));
  return batchAt(tokens, starts, seq);
}

/** `parts` batches of equal size, in order. */
export function splitBatch({ tokens, labels }: Batch, parts: number): Batch[] {
  const size = tokens.length / parts;
  return Array.from({ length: parts }, (_, i) => ({
    tokens: tokens.slice(i * size, (i + 1) * size),
    labels: labels.slice(i * size, (i + 1) * size),
  }));
}

/** The same `count` batches every time, spread evenly over the tokens. */
export function evenBatches(tokens: Tokens, batch: number, seq: number, count: number): Batch[] {
  const places = tokens.length - seq;
  const total = batch * count;
  const starts = Array.from({ length: total }, (_, i) => Math.floor((i * (places - 1)) / Math.max(1, total - 1)));
  return Array.from({ length: count }, (_, i) => batchAt(tokens, starts.slice(i * batch, (i + 1) * batch), seq));
}

function batchAt(tokens: Tokens, starts: readonly number[], seq: number): Batch {
  const batch: Batch = { tokens: new Int32Array(starts.length * seq), labels: new Int32Array(starts.length * seq) };
  starts.forEach((start, row) => {
    for (let i = 0; i < seq; i++) {
      batch.tokens[row * seq + i] = tokens[start + i] ?? 0;
      batch.labels[row * seq + i] = tokens[start + i + 1] ?? 0;
    }
  });
  return batch;
}
