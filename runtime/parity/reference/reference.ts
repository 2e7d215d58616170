// Takes: a folder of a reference: expected.json and logits.safetensors beside config.json and two checkpoints.
// Gives: what a model must give. Promises: what is missing or of another form is one sentence.
import { join } from 'node:path';
import { readTensor, type SafetensorsTensor } from '../../data/safetensors.ts';
import { UserError } from '../../user-error.ts';
import { openStored, readJson } from '../folder.ts';

export interface Reference {
  /** [batch][seq] */
  readonly inputIds: readonly (readonly number[])[];
  /** Aligned with the input, not shifted. */
  readonly labels: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradNorm: number;
  readonly greedyPrompt: readonly number[];
  readonly greedy: readonly number[];
  /** The smallest gap between first and second choice. */
  readonly greedyMinGap: number;
}

/** @throws UserError */
export function readReference(folder: string): Reference {
  const path = join(folder, 'expected.json');
  const fields = readJson(path);
  const number = (key: string): number => {
    const value = fields[key];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new UserError(`${path}: ${key} is ${JSON.stringify(value)}, not a number`);
  };
  const tokens = (key: string, value: unknown = fields[key]): number[] => {
    const isToken = (each: unknown): each is number => Number.isInteger(each) && Number(each) >= 0;
    if (Array.isArray(value) && value.length > 0 && value.every(isToken)) return value;
    throw new UserError(`${path}: ${key} is not a list of tokens`);
  };
  const rows = (key: string): number[][] => {
    const value = fields[key];
    const list = Array.isArray(value) ? value.map((row) => tokens(key, row)) : [];
    if (list.length > 0 && list.every((row) => row.length === list[0]?.length)) return list;
    throw new UserError(`${path}: ${key} is not a list of sequences of one length`);
  };
  const [inputIds, labels] = [rows('input_ids'), rows('labels')];
  if (inputIds.length !== labels.length || inputIds[0]?.length !== labels[0]?.length)
    throw new UserError(`${path}: labels has another size than input_ids`);
  return {
    inputIds,
    labels,
    loss: number('loss'),
    gradNorm: number('grad_norm'),
    greedyPrompt: tokens('greedy_prompt'),
    greedy: tokens('greedy'),
    greedyMinGap: number('greedy_min_gap'),
  };
}

/** @throws UserError when it is missing, or not [batch, seq, vocab] in float32 */
export async function readLogits(folder: string, shape: readonly number[]): Promise<SafetensorsTensor['data']> {
  const file = await openStored(join(folder, 'logits.safetensors'));
  try {
    const logits = await readTensor(file, 'logits');
    if (logits.dtype === 'F32' && logits.shape.join() === shape.join()) return logits.data;
    throw new UserError(`${file.path}: logits is ${logits.dtype} [${logits.shape.join(', ')}], the model gives F32 [${shape.join(', ')}]`); // prettier-ignore
  } finally {
    await file.close();
  }
}
