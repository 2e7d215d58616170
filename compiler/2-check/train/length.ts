// Takes: what was written of batch, length and tokens. Gives: sequences per step, steps and tokens of the run.
// Promises: steps = tokens / (batch * seq), rounded up; a batch in tokens is the nearest number of sequences, at least 1.
import type { BatchBlock } from '../model.ts';
import type { WrittenBatch } from '../schema/train/values.ts';

/** `seq` null: a run without sequences; a batch in tokens is null then. */
export function batchOf(written: WrittenBatch, seq: number | null): BatchBlock | null {
  if (written.kind === 'ramp') return written;
  if (written.kind === 'pieces') return written;
  if (written.kind === 'sequences') return { kind: 'constant', sequences: written.value };
  return seq === null ? null : { kind: 'constant', sequences: Math.max(1, Math.round(written.value / seq)) };
}

/** Of a run over so many tokens. */
export function stepsFor(tokens: number, batch: BatchBlock, seq: number): number {
  return Math.max(1, Math.ceil(exactSteps(tokens, batch, seq) - 1e-9));
}

/** Not rounded: sum of dt / (batch(t) * seq). */
function exactSteps(tokens: number, batch: BatchBlock, seq: number): number {
  if (batch.kind === 'constant') return tokens / (batch.sequences * seq);
  if (batch.kind === 'pieces') {
    return stretches(batch).reduce((sum, { value, from, until }) => {
      return sum + Math.max(0, Math.min(tokens, until) - from) / (value * seq);
    }, 0);
  }
  const { from, to, over } = batch;
  if (from === to) return tokens / (to * seq);
  const reached = Math.min(tokens, over);
  const slope = (to - from) / over;
  const ramped = Math.log((from + slope * reached) / from) / (slope * seq);
  return ramped + (tokens - reached) / (to * seq);
}

/** That so many steps take. */
export function tokensFor(steps: number, batch: BatchBlock, seq: number): number {
  if (batch.kind === 'constant') return steps * batch.sequences * seq;
  if (batch.kind === 'pieces') {
    let [left, tokens] = [steps, 0];
    for (const { value, from, until } of stretches(batch)) {
      const taken = Math.min(left, (until - from) / (value * seq));
      left -= taken;
      tokens += taken * value * seq;
    }
    return Math.round(tokens);
  }
  const { from, to, over } = batch;
  if (from === to) return steps * to * seq;
  const slope = (to - from) / over;
  const whole = exactSteps(over, batch, seq);
  if (steps >= whole) return Math.round(over + (steps - whole) * to * seq);
  return Math.round((from * Math.exp(steps * slope * seq) - from) / slope);
}

type Pieces = Extract<BatchBlock, { kind: 'pieces' }>;

function stretches({ pieces, last }: Pieces): { value: number; from: number; until: number }[] {
  const starts = [0, ...pieces.map(({ until }) => until)];
  return [...pieces, { value: last, until: Infinity }].map(({ value, until }, index) => ({ value, from: starts[index] ?? 0, until })); // prettier-ignore
}
