// Takes: the facts of a run and the tokenizer of its model. Gives: its batches, from text or from a file of them.
// Promises: a file of batches is read through once before the first step, so that no fault of it comes late.
import { type BatchSource, heldOutText, nothingHeldOut, textBatches } from '../../data/batch-source.ts';
import { type Corpus, readCorpus } from '../../data/corpus.ts';
import { fileBatches, TokenFile } from '../../data/token-file.ts';
import { statusLine } from '../../terminal.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { UserError } from '../../user-error.ts';
import type { CheckpointFacts, TokenPaths } from '../checkpoint.ts';

export interface RunData {
  readonly source: BatchSource;
  /** SHA-256 of all that the run learns from and validates on. */
  readonly fingerprint: string;
  /** For people: `1,003,854 tokens in 1 files`. */
  readonly description: string;
}

type DataFacts = Pick<CheckpointFacts, 'train' | 'dataFolder' | 'tokens'>;

/** `vocab`: of the model. @throws UserError */
export async function openRunData(facts: DataFacts, vocab: number, tokenizer: Tokenizer): Promise<RunData> {
  const { train, tokens = null } = facts;
  const readText = (): Promise<Corpus> => readTokens(facts, vocab, tokenizer);
  if (tokens !== null) return openTokens(facts, tokens, vocab, readText);
  if (train.data.length === 0) {
    throw new UserError('the train block names no data; pass --data with text files, or --tokens with a file of batches'); // prettier-ignore
  }
  const corpus = await readText();
  const description = `${corpus.train.length.toLocaleString('en')} tokens in ${corpus.files} files`;
  return { source: textBatches(corpus, train), fingerprint: corpus.fingerprint, description };
}

async function readTokens({ train, dataFolder }: DataFacts, vocab: number, tokenizer: Tokenizer): Promise<Corpus> {
  const line = statusLine();
  const onProgress = (done: number, total: number): void => line.show(`reading text: ${Math.round((100 * done) / total)} %`); // prettier-ignore
  try {
    return await readCorpus(train.data, dataFolder, train.validation.fraction, { vocab, tokenizer, onProgress });
  } finally {
    line.clear();
  }
}

async function openTokens(
  { train }: DataFacts,
  paths: TokenPaths,
  vocab: number,
  readText: () => Promise<Corpus>,
): Promise<RunData> {
  const file = await TokenFile.open(paths.train);
  let held: TokenFile | null = null;
  try {
    requireSizes(file, train.batch, train.seq, train.steps);
    const fingerprints = [await file.scan(vocab)];
    let heldOut: TokenFile | BatchSource['heldOut'] = nothingHeldOut;
    if (paths.held !== null) {
      heldOut = held = await TokenFile.open(paths.held);
      requireSizes(held, train.batch, train.seq);
      fingerprints.push(await held.scan(vocab));
    } else if (train.data.length > 0) {
      const corpus = await readText();
      heldOut = heldOutText(corpus.held, train);
      fingerprints.push(corpus.fingerprint);
    }
    return { source: fileBatches(file, heldOut), fingerprint: fingerprints.join('+'), description: `batches of ${paths.train}` }; // prettier-ignore
  } catch (error) {
    await held?.close();
    await file.close();
    throw error;
  }
}

/** The held-out file has as many steps as it likes. */
function requireSizes(file: TokenFile, batch: number, seq: number, steps = file.steps): void {
  const differ = (holds: string, run: string): UserError => new UserError(`${file.path} holds ${holds}, but the run has ${run}`); // prettier-ignore
  if (file.batch !== batch || file.seq !== seq)
    throw differ(`batches of ${file.batch} x ${file.seq} tokens`, `${batch} x ${seq}`);
  if (file.steps !== steps) throw differ(`${file.steps} steps`, String(steps));
}
