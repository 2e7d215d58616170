// Takes: a checked file, a model of it, and what the command line says. Gives: how the run is trained.
// Promises: the command line has the last word over the train block; with a file of batches its sizes have it, and what
// contradicts them is one sentence.
import type { Model, TrainBlock } from '../../../compiler/2-check/model.ts';
import { chooseTrain, type LoadedFile } from '../../model-file.ts';
import { UserError } from '../../user-error.ts';
import type { TrainSettings } from '../checkpoint.ts';

export interface SettingsRequest {
  /** The train block. */
  readonly train?: string;
  readonly data?: readonly string[];
  readonly steps?: number;
  readonly batch?: number;
  readonly seq?: number;
  readonly seed?: number;
  readonly saveEvery?: number;
}

/** Of a file of batches. */
export interface TokenSizes {
  readonly path: string;
  readonly steps: number;
  readonly batch: number;
  readonly seq: number;
}

/** @throws UserError, UnbuiltError */
export function settingsOf(
  loaded: LoadedFile,
  model: Model,
  request: SettingsRequest,
  sizes: TokenSizes | null,
): TrainSettings {
  const { path } = loaded.source;
  const { span: _, ...train } = chooseTrain(loaded, model, request.train, (block) =>
    sizes === null ? block : sized(block, sizes, path),
  );
  if (sizes !== null) requireFlags(request, sizes);
  const { seed = train.seed, saveEvery = train.saveEvery, data = train.data } = request;
  const { steps = train.steps, batch = train.batch, seq = train.seq } = request;
  const settings: TrainSettings = { ...train, data, steps, batch, seq, seed, saveEvery };
  if (settings.batch % settings.accumulate !== 0) {
    throw new UserError(`batch ${settings.batch} is not divisible by accumulate ${settings.accumulate}`);
  }
  if (settings.seq > model.context) {
    throw new UserError(`seq ${settings.seq} is longer than the context of ${model.name}, ${model.context} tokens`);
  }
  return settings;
}

/** The block with the sizes of the file; its own data has no say. */
function sized(block: TrainBlock, sizes: TokenSizes, path: string): TrainBlock {
  const { steps, batch, seq } = sizes;
  const isSet = (...keys: readonly string[]): boolean => keys.some((key) => block.spans[key] !== undefined);
  const refuse = (says: string, there: string): never => {
    throw new UserError(`${path}: the train block says ${says}, but ${sizes.path} holds ${there}; take the key out`);
  };
  if (isSet('steps', 'tokens', 'epochs') && block.steps !== steps)
    refuse(block.steps === null ? 'epochs' : `${block.steps} steps`, `${steps} steps`);
  if (isSet('batch') && !(block.batch.kind === 'constant' && block.batch.sequences === batch))
    refuse(block.batch.kind === 'constant' ? `batch = ${block.batch.sequences}` : 'a batch that changes', `${batch} sequences per step`); // prettier-ignore
  if (isSet('seq') && block.seq !== seq) refuse(`seq = ${block.seq}`, `sequences of ${seq} tokens and one label`);
  return {
    ...block,
    data: { kind: 'files', globs: [] },
    tokenizer: null,
    epochs: null,
    steps,
    batch: { kind: 'constant', sequences: batch },
    seq,
  };
}

/** @throws UserError */
export function requireFlags(request: SettingsRequest, sizes: TokenSizes): void {
  for (const key of ['steps', 'batch', 'seq'] as const) {
    const asked = request[key];
    if (asked === undefined || asked === sizes[key]) continue;
    throw new UserError(`--${key} ${asked} contradicts ${sizes.path}, which holds ${sizes.steps} steps of ${sizes.batch} x ${sizes.seq} tokens; leave --${key} out`); // prettier-ignore
  }
}
