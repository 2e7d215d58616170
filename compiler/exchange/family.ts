// Takes: nothing. Gives: what a family of checkpoints is: its config.json in terms of the language, both ways.
// Promises: nothing else hangs on a family's name; its tensor names are a `weights` block of specs/std/hf.model.
import type { Config, Json } from './config.ts';
import type { ModelFacts } from './model-facts.ts';

/** The names of the tensors on disk, where spellings of one family differ by them. */
export type TensorNames = ReadonlySet<string>;

export type TokenKey = 'bos_token_id' | 'eos_token_id' | 'pad_token_id';

export interface Family {
  /** `model_type` of config.json. */
  readonly modelType: string;
  /** `architectures` of config.json: the class that loads it with its head. */
  readonly architecture: string;
  /** Other names of keys in its files, and what `defaults` and `read` call them: its config class maps `n_embd` and `hidden_size` to one. */
  readonly spellings?: Readonly<Record<string, string>>;
  /** What its config class has where config.json is silent; null stands for itself. */
  readonly defaults?: Json;
  /** Keys of its config that do not change the function, beside those of harmless.ts. */
  readonly harmless?: readonly string[];
  /** Tensors of its checkpoints that hold no weights: masks, tables of positions. */
  readonly dropped?: readonly RegExp[];
  /** Tokens that its config class must have: the last of the vocabulary, where nothing says which. */
  readonly needsTokens?: readonly TokenKey[];
  /** Statements of the body of a `model` block, from a config with `defaults`. @throws ConfigError */
  readonly read: (config: Config, tensors: TensorNames) => readonly string[];
  /** The keys of config.json that `read` reads. It may assume what it likes: what it writes is read back and compared. @throws ConfigError */
  readonly write: (facts: ModelFacts) => Json;
}
