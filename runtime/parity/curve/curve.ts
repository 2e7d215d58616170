// Takes: a folder of a reference curve: curve.json and tokens.safetensors beside config.json and model.safetensors.
// Gives: what each step must give, and the train block that says how it was trained.
// Promises: a rule that the language does not have is one sentence, never left out.
import { join } from 'node:path';
import { UserError } from '../../user-error.ts';
import { readJson } from '../folder.ts';

export interface CurveStep {
  readonly lr: number;
  /** Before the step, with z-loss. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
}

export interface Curve {
  readonly steps: readonly CurveStep[];
  /** A train block called `curve`, without data, steps and sizes, which are those of the file of batches. */
  readonly trainBlock: string;
  /** Of the optimizer. */
  readonly lr: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** What of a model decays, in the words of curve.json: what does not. */
const undecayed: Readonly<Record<string, string>> = {
  'all parameters': '[]',
  'matrices except the embedding': '[vector, embed]',
};

/** @throws UserError */
export function readCurve(folder: string): Curve {
  const path = join(folder, 'curve.json');
  const fields = readJson(path);
  const optimizer = new Reader(path, 'optimizer.', groupOf(fields, 'optimizer'));
  const schedule = new Reader(path, 'schedule.', groupOf(fields, 'schedule'));
  const run = new Reader(path, '', fields);
  const [lr, zLoss, clip] = [optimizer.number('lr'), run.number('z_loss'), run.number('clip_norm')];
  const decays = optimizer.word('decay', Object.keys(undecayed));
  optimizer.word('kind', ['adamw']);
  schedule.word('kind', ['cosine']);
  const trainBlock = `train curve {
  loss = ce${zLoss === 0 ? '' : ` + ${zLoss} * z_loss`}
  optimizer adamw {
    lr = ${lr}
    betas = [${optimizer.numbers('betas').join(', ')}]
    eps = ${optimizer.number('eps')}
    weight_decay = ${optimizer.number('weight_decay')}
    no_decay = ${undecayed[decays]}
  }
  schedule cosine { warmup = ${schedule.number('warmup')}; floor = ${schedule.number('floor')} }
  clip norm = ${clip === 0 ? 'none' : clip}
}
`;
  const steps = run.list('curve').map((each, i): CurveStep => {
    const step = new Reader(path, `curve[${i}].`, fieldsOf(each));
    const loss = step.number('loss') + (zLoss === 0 ? 0 : zLoss * step.number('z'));
    return { lr: step.number('lr'), loss, gradNorm: step.number('grad_norm') };
  });
  return { steps, trainBlock, lr };
}

class Reader {
  readonly #path: string;
  readonly #prefix: string;
  readonly #fields: Fields;

  constructor(path: string, prefix: string, fields: Fields) {
    this.#path = path;
    this.#prefix = prefix;
    this.#fields = fields;
  }

  number(key: string): number {
    const value = this.#fields[key];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#fault(key, 'a number');
  }

  numbers(key: string): readonly number[] {
    return this.list(key).map((value) => {
      if (typeof value === 'number') return value;
      throw this.#fault(key, 'a list of numbers');
    });
  }

  list(key: string): readonly unknown[] {
    const value = this.#fields[key];
    if (Array.isArray(value) && value.length > 0) return value;
    throw this.#fault(key, 'a list');
  }

  word(key: string, known: readonly string[]): string {
    const value = this.#fields[key];
    if (typeof value === 'string' && known.includes(value)) return value;
    throw this.#fault(key, known.map((each) => JSON.stringify(each)).join(' or '));
  }

  #fault(key: string, wanted: string): UserError {
    const value = JSON.stringify(this.#fields[key]) ?? 'missing';
    return new UserError(`${this.#path}: ${this.#prefix}${key} is ${value.slice(0, 60)}, not ${wanted}`);
  }
}

const groupOf = (fields: Fields, key: string): Fields => fieldsOf(fields[key]);

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
