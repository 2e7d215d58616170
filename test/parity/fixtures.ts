// Takes: the name of a family. Gives: its reference weights and outputs, made by transformers.
// Promises: null when the fixtures are not on this machine; a damaged fixture throws.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { SafetensorsTensor } from '../../runtime/data/safetensors.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';

const shared = resolve(import.meta.dirname, '../../../shared/parity');

/** Families whose references are our own. */
const own: ReadonlySet<string> = new Set(['xglm']);

const folderOf = (family: string): string => join(own.has(family) ? join(import.meta.dirname, 'references') : shared, family); // prettier-ignore

export interface Fixture {
  readonly before: ReadonlyMap<string, SafetensorsTensor>;
  /** After one SGD step with learning rate 1. */
  readonly after: ReadonlyMap<string, SafetensorsTensor>;
  /** [2, 24, vocab] */
  readonly logits: ArrayLike<number>;
  readonly inputIds: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradNorm: number;
  readonly greedyPrompt: readonly number[];
  readonly greedy: readonly number[];
  /** The smallest gap between first and second choice. */
  readonly greedyMinGap: number;
}

interface Expected {
  readonly input_ids: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly grad_norm: number;
  readonly greedy_prompt: number[];
  readonly greedy: number[];
  readonly greedy_min_gap: number;
}

export const hasFixture = (family: string): boolean => existsSync(join(folderOf(family), 'expected.json'));

/** The number of elements of each tensor of a family's checkpoint. */
export async function readSizes(family: string): Promise<ReadonlyMap<string, number>> {
  const { tensors } = await readSafetensors(join(folderOf(family), 'before.safetensors'));
  return new Map([...tensors].map(([name, { data }]) => [name, data.length]));
}

export async function readFixture(family: string): Promise<Fixture> {
  const tensors = async (name: string) =>
    (await readSafetensors(join(folderOf(family), `${name}.safetensors`))).tensors;
  const expected = JSON.parse(readFileSync(join(folderOf(family), 'expected.json'), 'utf8')) as Expected;
  const logits = (await tensors('logits')).get('logits');
  if (!logits) throw new Error(`${family}: no logits`);
  return {
    before: await tensors('before'),
    after: await tensors('after'),
    logits: logits.data,
    inputIds: expected.input_ids,
    labels: expected.labels,
    loss: expected.loss,
    gradNorm: expected.grad_norm,
    greedyPrompt: expected.greedy_prompt,
    greedy: expected.greedy,
    greedyMinGap: expected.greedy_min_gap,
  };
}
