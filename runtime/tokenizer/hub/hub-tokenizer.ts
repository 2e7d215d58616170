// Takes: the files of a tokenizer of the Hugging Face hub, as read. Gives: the tokenizer.
// Promises: encodes and decodes as the `tokenizers` library; a part that is not known is one sentence when it is opened.
import { UserError } from '../../user-error.ts';
import { chooseTemplate, renderChat } from './chat-template.ts';
import { wordCutter } from './cut-words.ts';
import { type DecoderRules, decoderRules, openDecoder } from './decoder.ts';
import { type Library, openLibrary } from './library.ts';
import { isPart, isRecord, type Part, partsOf } from './parts.ts';
import { type Split, splitOf } from './pre-tokenizer.ts';
import { addedTokens, namedTokens, stopTokens } from './special-tokens.ts';
import type { ChatMessage, TokenDecoder, Tokenizer } from '../tokenizer.ts';

type Json = Readonly<Record<string, unknown>>;

export interface HubFiles {
  /** Of tokenizer.json. */
  readonly path: string;
  readonly tokenizer: Json;
  /** tokenizer_config.json; this and the rest are empty where there is no such file. */
  readonly config: Json;
  /** special_tokens_map.json */
  readonly special: Json;
  /** generation_config.json */
  readonly generation: Json;
  /** config.json */
  readonly model: Json;
  /** chat_template.jinja, which goes before the field of tokenizer_config.json. */
  readonly template: string | null;
}

/** @throws UserError where it is damaged, or made of parts that are not known */
export function hubTokenizer(files: HubFiles): Tokenizer {
  try {
    return new HubTokenizer(files);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${files.path} cannot be read as a tokenizer: ${reason}`);
  }
}

class HubTokenizer implements Tokenizer {
  readonly name: string;
  readonly size: number;
  readonly baseSize: number;
  readonly stops: ReadonlySet<number>;
  readonly end: number | null;
  readonly #library: Library;
  readonly #rules: DecoderRules;
  readonly #texts: readonly (string | undefined)[];
  readonly #hidden: ReadonlySet<number>;
  readonly #template: string | null;
  readonly #named: ReadonlyMap<string, string>;

  constructor({ path, tokenizer: json, config, special, generation, model, template }: HubFiles) {
    this.name = path;
    this.#template = template ?? chooseTemplate(config['chat_template'], path);
    this.#named = namedTokens(config, special);
    const vocab = vocabOf(json, path);
    const added = addedTokens(json, config, this.#named.values(), vocab, path);
    const parts = {
      model: json['model'],
      normalizer: normalizerOf(json, path),
      post_processor: partAt(json, 'post_processor'),
      // Both are done here.
      pre_tokenizer: null,
      decoder: null,
      added_tokens: added,
    };
    this.#library = openLibrary(parts, { eos_token: this.#named.get('eos_token') });
    const words = wordsOf(json, vocab, path);
    this.#library.pre_tokenizer = (text, { section_index }) => words(text, section_index === 0);
    this.#rules = decoderRules(partAt(json, 'decoder'), path);
    this.#texts = this.#library.model.vocab;
    this.#hidden = new Set(added.filter((token) => token.special).map(({ id }) => id));
    this.size = this.#texts.length;
    this.baseSize = [...vocab.values()].reduce((most, id) => Math.max(most, id), -1) + 1;
    this.end = this.#library.token_to_id(this.#named.get('eos_token') ?? '') ?? null;
    this.stops = stopTokens(generation, model, this.end);
    this.encode('');
  }

  encode(text: string, options: { readonly special?: boolean } = {}): readonly number[] {
    const { ids, tokens } = this.#library.encode(text, { add_special_tokens: options.special !== false });
    return ids.map((id, i) => {
      if (id !== undefined) return id;
      throw new UserError(`${this.name} is damaged: its vocabulary does not have the token ${tokens[i] ?? ''}`);
    });
  }

  decoder(before: readonly number[] = []): TokenDecoder {
    const shown = (token: number): string | null => (this.#hidden.has(token) ? null : this.textOf(token));
    const decoder = openDecoder(this.#rules, shown);
    for (const token of before) decoder.push(token);
    return decoder;
  }

  textOf(token: number): string | null {
    return this.#texts[token] ?? null;
  }

  chat(messages: readonly ChatMessage[]): string {
    if (this.#template !== null) return renderChat(this.#template, messages, this.#named, this.name);
    throw new UserError(
      `${this.name} has no chat template beside it (chat_template.jinja, or chat_template of tokenizer_config.json): the model is not made for chat; leave --chat out`,
    );
  }
}

function partAt(json: Json, key: string): Part | null {
  const part = json[key];
  return isPart(part) ? part : null;
}

/** @throws UserError where the model is none of BPE and Unigram */
function vocabOf(json: Json, path: string): ReadonlyMap<string, number> {
  const model = json['model'];
  if (!isRecord(model)) throw new UserError(`${path} is damaged: it has no model`);
  const { vocab, merges, type = Array.isArray(merges) ? 'BPE' : 'Unigram' } = model;
  if (type === 'BPE' && isRecord(vocab) && Array.isArray(merges))
    return new Map(Object.entries(vocab).map(([text, id]) => [text, Number(id)]));
  if (type === 'Unigram' && Array.isArray(vocab))
    return new Map(vocab.map((entry: unknown, id) => [Array.isArray(entry) ? String(entry[0]) : '', id]));
  if (type === 'BPE' || type === 'Unigram') throw new UserError(`${path} is damaged: its model has no vocabulary`);
  throw new UserError(`${path}: its model is ${String(type)}; modelc knows BPE and Unigram`);
}

const normalizers = new Set(['BertNormalizer', 'Precompiled', 'Sequence', 'Replace', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Strip', 'StripAccents', 'Lowercase', 'Prepend']); // prettier-ignore

function normalizerOf(json: Json, path: string): Part | null {
  const part = partAt(json, 'normalizer');
  const unknown = part === null ? undefined : partsOf(part, 'normalizers').find(({ type }) => !normalizers.has(type));
  if (unknown === undefined) return part;
  throw new UserError(`${path}: its normalizer has the part ${unknown.type}, which modelc does not know`);
}

/** What the model sees as words; where there is no pre-tokenizer, that is a whole text. */
function wordsOf(json: Json, vocab: ReadonlyMap<string, number>, path: string): Split {
  const part = partAt(json, 'pre_tokenizer');
  const split: Split = part === null ? (text) => [text] : splitOf(part, path);
  const model = json['model'];
  const hasEnds = isRecord(model) && Boolean(model['end_of_word_suffix'] ?? model['continuing_subword_prefix']);
  if (hasEnds) return split;
  const cut = wordCutter(() => vocab.keys());
  return (text, first) => split(text, first).flatMap(cut);
}
