// Takes: the tensors of a session and the facts of a run. Gives: one safetensors file, and back.
// Promises: written whole or not at all; holds everything needed to go on bit for bit: weights, optimizer state, step,
// seed and data order (functions of the seed and the step), the model's source and its canonical text.
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { checkSourceFile, requireSound } from '../model-file.ts';
import { readTensor } from '../data/safetensors.ts';
import { SafetensorsFile } from '../data/safetensors-file.ts';
import type { Dtype } from '../data/safetensors-header.ts';
import { type TensorForm, writingSafetensors } from '../data/safetensors-writer.ts';
import type { Session } from '../engine/session.ts';
import { UserError } from '../user-error.ts';

/** A train block without its place in the source: plain data. */
export type TrainSettings = Omit<TrainSpec, 'span'>;

/** Files of batches that take the place of text. */
export interface TokenPaths {
  readonly train: string;
  /** To validate on; null: nothing, or the text of the settings. */
  readonly held: string | null;
}

export interface CheckpointFacts {
  readonly step: number;
  readonly modelName: string;
  /** The .model file as it was. */
  readonly source: { readonly path: string; readonly text: string };
  readonly canonical: string;
  readonly train: TrainSettings;
  /** The folder that the data globs start from, and the data's SHA-256. */
  readonly dataFolder: string;
  readonly dataFingerprint: string;
  /** Absent or null: batches are cut from the text of the settings. */
  readonly tokens?: TokenPaths | null;
  /** The latest, and that of the untrained model; null before the first. */
  readonly validationLoss: number | null;
  readonly firstValidationLoss: number | null;
}

export interface Checkpoint extends CheckpointFacts {
  readonly path: string;
}

const format = 'modelc-checkpoint-1';

/** @throws UserError when the file cannot be written; the file that was there before is left as it was. */
export async function saveCheckpoint(path: string, session: Session, facts: CheckpointFacts): Promise<void> {
  const forms = session.tensors().map(({ name, type, shape }): [string, TensorForm] => [name, { dtype: dtypeOf(type), shape }]); // prettier-ignore
  try {
    await writingSafetensors(path, new Map(forms), { format, facts: JSON.stringify(facts) }, async (writer) => {
      for (const [name] of forms) {
        const { buffer, byteOffset, byteLength } = await session.read(name);
        await writer.write(new Uint8Array(buffer, byteOffset, byteLength));
      }
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot save the checkpoint ${path}: ${reason}; the last saved checkpoint is untouched`);
  }
}

function dtypeOf(type: string): Dtype {
  const dtypes: Record<string, Dtype> = { f32: 'F32', i32: 'I32', u32: 'U32' };
  const dtype = dtypes[type];
  if (dtype === undefined) throw new TypeError(`internal: no checkpoint type for ${type}`);
  return dtype;
}

/** What a checkpoint says of its run; its tensors are read by `restore`. @throws UserError when it is missing, truncated, or not a checkpoint of modelc. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openFile(path);
  try {
    return factsOf(file);
  } finally {
    await file.close();
  }
}

/** @throws UserError when it is none of modelc's */
export function factsOf({ path, header: { metadata } }: SafetensorsFile): Checkpoint {
  if (metadata['format'] !== format || metadata['facts'] === undefined) {
    throw new UserError(`${path} is a safetensors file, but no checkpoint of modelc (its format is ${metadata['format'] ?? 'not said'})`); // prettier-ignore
  }
  return { ...parseFacts(metadata['facts']), path };
}

/** @throws UserError */
export async function openFile(path: string): Promise<SafetensorsFile> {
  try {
    return await SafetensorsFile.open(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new UserError(`there is no checkpoint ${path}`);
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}

function parseFacts(text: string): CheckpointFacts {
  // Written by saveCheckpoint of this format; the canonical text is compared before anything is used.
  return JSON.parse(text) as CheckpointFacts;
}

/** The model a checkpoint was made from. @throws UserError when its source no longer means the same function. */
export function modelOf(checkpoint: Checkpoint, color: boolean): Model {
  const loaded = requireSound(checkSourceFile(checkpoint.source), color);
  const model = loaded.file.models.find(({ name }) => name === checkpoint.modelName);
  if (model === undefined) throw new UserError(`${checkpoint.path}: its source has no model ${checkpoint.modelName}`);
  if (model.canonical !== checkpoint.canonical) {
    throw new UserError(
      `${checkpoint.path} was made from another form of ${model.name}: this version of modelc resolves its source differently; ` +
        `train it again, or use the version that made it`,
    );
  }
  return model;
}

/**
 * Writes tensors of a checkpoint into a session, one at a time. `only` 'parameter' leaves optimizer state out.
 * @throws UserError naming what is missing, foreign or of another shape; nothing is written then.
 */
export async function restore({ path }: Checkpoint, session: Session, only: 'all' | 'parameter'): Promise<void> {
  const file = await openFile(path);
  try {
    const wanted = session.tensors().filter(({ role }) => only === 'all' || role === 'parameter');
    const faults = wanted.flatMap(({ name, shape }) => {
      const tensor = file.header.entries.get(name);
      if (tensor === undefined) return [`${name} is missing`];
      const same = tensor.shape.length === shape.length && tensor.shape.every((size, i) => size === shape[i]);
      return same ? [] : [`${name} is [${tensor.shape.join(', ')}], the model wants [${shape.join(', ')}]`];
    });
    if (faults.length > 0) throw new UserError(`${path} does not fit the model: ${faults.slice(0, 5).join('; ')}`);
    for (const { name } of wanted) session.write(name, (await readTensor(file, name)).data);
  } finally {
    await file.close();
  }
}
