// Takes: a safetensors file with `tokens`, int32 [steps, batch, context + 1]. Gives: its batches, in order.
// Promises: only the batch that is asked for is in memory; what is no such file is one sentence.
import { createHash } from 'node:crypto';
import { UserError } from '../user-error.ts';
import type { BatchSource, HeldOut } from './batch-source.ts';
import type { Batch } from './batches.ts';
import { SafetensorsFile } from './safetensors-file.ts';

const tensor = 'tokens';

export class TokenFile {
  readonly path: string;
  readonly steps: number;
  /** Sequences per step. */
  readonly batch: number;
  /** Tokens per sequence, each with the one after it as its label. */
  readonly seq: number;
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile, [steps, batch, length]: readonly [number, number, number]) {
    this.path = file.path;
    this.steps = steps;
    this.batch = batch;
    this.seq = length - 1;
    this.#file = file;
  }

  /** Reads the header. @throws UserError when it is missing, damaged, or holds no such tokens. */
  static async open(path: string): Promise<TokenFile> {
    const file = await openSafetensors(path);
    try {
      const entry = file.header.entries.get(tensor);
      const wanted = `--tokens takes a safetensors file with ${tensor}, I32 [steps, batch, context + 1]`;
      if (entry === undefined) {
        const names = [...file.header.entries.keys()].slice(0, 5).join(', ');
        throw new UserError(`${path} has no tensor ${tensor}, only ${names === '' ? 'none at all' : names}; ${wanted}`);
      }
      const { dtype, shape } = entry;
      const [steps = 0, batch = 0, length = 0] = shape;
      if (dtype !== 'I32' || shape.length !== 3 || steps < 1 || batch < 1 || length < 2) {
        throw new UserError(`${path}: ${tensor} is ${dtype} [${shape.join(', ')}]; ${wanted}`);
      }
      return new TokenFile(file, [steps, batch, length]);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Reads it all once. Gives the SHA-256 of its shape and tokens. @throws UserError for a token outside the vocabulary */
  async scan(vocab: number): Promise<string> {
    const hash = createHash('sha256').update(`${this.steps} ${this.batch} ${this.seq}\n`);
    let at = 0;
    for await (const bytes of this.#file.pieces(tensor)) {
      hash.update(bytes);
      const tokens = integers(bytes);
      const wrong = tokens.findIndex((token) => token < 0 || token >= vocab);
      if (wrong >= 0) throw this.#outside(at + wrong, tokens[wrong] ?? 0, vocab);
      at += tokens.length;
    }
    return hash.digest('hex');
  }

  /** `count` sequences from `first` on, over all steps. @throws UserError when the file has become shorter since */
  async sequences(first: number, count: number): Promise<Batch> {
    const { seq } = this;
    const row = seq + 1;
    const all = integers(await this.#file.bytes(tensor, first * row * 4, count * row * 4));
    const batch: Batch = { tokens: new Int32Array(count * seq), labels: new Int32Array(count * seq) };
    for (let i = 0; i < count; i++) {
      batch.tokens.set(all.subarray(i * row, i * row + seq), i * seq);
      batch.labels.set(all.subarray(i * row + 1, (i + 1) * row), i * seq);
    }
    return batch;
  }

  /** All of it to validate on; `sequences` must divide the file's. */
  heldOut(sequences: number): HeldOut {
    return {
      count: Math.floor((this.steps * this.batch) / sequences),
      batch: (index) => this.sequences(index * sequences, sequences),
    };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #outside(index: number, token: number, vocab: number): UserError {
    const row = Math.floor(index / (this.seq + 1));
    const [step, sequence] = [Math.floor(row / this.batch), row % this.batch];
    return new UserError(
      `${this.path}: step ${step + 1}, sequence ${sequence + 1} has the token ${token}, the model's vocabulary ends at ${vocab - 1}; ` +
        'the tokens are of another tokenizer',
    );
  }
}

/** Exactly these batches, in order; `close` closes both files. */
export function fileBatches(file: TokenFile, held: TokenFile | BatchSource['heldOut']): BatchSource {
  return {
    batch: (step) => file.sequences(step * file.batch, file.batch),
    heldOut: (sequences) => (held instanceof TokenFile ? held.heldOut(sequences) : held(sequences)),
    close: async () => {
      await file.close();
      if (held instanceof TokenFile) await held.close();
    },
  };
}

function integers(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

async function openSafetensors(path: string): Promise<SafetensorsFile> {
  try {
    return await SafetensorsFile.open(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UserError(`cannot read the tokens ${path}: ${reason === 'ENOENT' ? 'no such file' : reason}`);
  }
}
