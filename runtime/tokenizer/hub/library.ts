// Takes: nothing. Gives: the `tokenizers` library as it is used here, with types.
// Promises: nothing else imports it: its own declarations name modules in a way that nodenext does not resolve.
import { Tokenizer } from '@huggingface/tokenizers';

export interface Library {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly (number | undefined)[]; readonly tokens: readonly string[] };
  token_to_id(token: string): number | undefined;
  /** `vocab`: by token; `cache`: of words, where the model is BPE. */
  readonly model: { readonly vocab: readonly (string | undefined)[]; cache?: WordCache };
  /** Called with each piece of text between added tokens; `section_index` counts both. */
  pre_tokenizer: ((text: string, options: { readonly section_index: number }) => readonly string[]) | null;
}

/** The words of a text are few and come again and again. The library's own cache moves a word with every look at it, which takes longer than the merges. */
class WordCache {
  readonly #words = new Map<string, string[]>();

  get(word: string): string[] | undefined {
    return this.#words.get(word);
  }

  put(word: string, tokens: string[]): void {
    if (this.#words.size >= MOST_WORDS) this.#words.clear();
    this.#words.set(word, tokens);
  }
}

const MOST_WORDS = 1 << 17;

/** `parts`: a tokenizer.json; `config`: its tokenizer_config.json. @throws Error where they cannot be read */
export function openLibrary(parts: object, config: object): Library {
  const library: Library = new Tokenizer(parts, config);
  if (library.model.cache !== undefined) library.model.cache = new WordCache();
  return library;
}

/** Of a regular expression of Oniguruma, which tokenizer.json has. @throws SyntaxError where it cannot be translated */
export function regexOf(regex: string): RegExp {
  const split = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  const model = { type: 'BPE', vocab: {}, merges: [] };
  const parts = {
    model,
    pre_tokenizer: split,
    normalizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
  };
  const { pre_tokenizer: opened }: { pre_tokenizer: { readonly pattern: RegExp | null } } = new Tokenizer(parts, {});
  if (opened.pattern === null) throw new SyntaxError(`internal: no pattern for ${regex}`);
  return opened.pattern;
}
