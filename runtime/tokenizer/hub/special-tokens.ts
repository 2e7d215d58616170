// Takes: tokenizer.json, tokenizer_config.json, special_tokens_map.json, generation_config.json and config.json, as read.
// Gives: the tokens that were added to the vocabulary, those that have a name, those that end a text.
// Promises: as transformers joins these files; what is not there is not there.
import { UserError } from '../../user-error.ts';
import { isRecord } from './parts.ts';

type Json = Readonly<Record<string, unknown>>;

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Not shown when a text is decoded. */
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

const names = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** By name, `bos_token` and so on: its text. */
export function namedTokens(config: Json, special: Json): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const name of names) {
    const text = contentOf(config[name] ?? special[name]);
    if (text !== null) tokens.set(name, text);
  }
  return tokens;
}

/** A token is a text or an object with its `content`. */
function contentOf(token: unknown): string | null {
  const text = isRecord(token) ? token['content'] : token;
  return typeof text === 'string' ? text : null;
}

/** `vocab` gives the token of a text. @throws UserError where one is no token */
export function addedTokens(
  json: Json,
  config: Json,
  named: Iterable<string>,
  vocab: ReadonlyMap<string, number>,
  path: string,
): AddedToken[] {
  // prettier-ignore
  const stored = json['added_tokens'] ?? [];
  if (!Array.isArray(stored)) throw new UserError(`${path} is damaged: added_tokens is no list`);
  const added = stored.map((token: unknown) => addedToken(token, path));
  const known = new Set(added.map(({ content }) => content));
  const take = (token: AddedToken): void => {
    if (!known.has(token.content)) added.push(token);
    known.add(token.content);
  };
  for (const [id, token] of Object.entries(
    isRecord(config['added_tokens_decoder']) ? config['added_tokens_decoder'] : {},
  ))
    // prettier-ignore
    take(addedToken({ ...(isRecord(token) ? token : {}), id: Number(id) }, path));
  // A token that ends a text is not shown, even where it is an ordinary token of the vocabulary.
  for (const content of named) {
    const id = vocab.get(content);
    if (id !== undefined) take(addedToken({ id, content, special: true }, path));
  }
  return added;
}

function addedToken(token: unknown, path: string): AddedToken {
  if (!isRecord(token) || typeof token['content'] !== 'string' || !Number.isSafeInteger(token['id']))
    throw new UserError(`${path} is damaged: an added token without id and content`);
  const { content } = token;
  const is = (key: string, otherwise = false): boolean => (typeof token[key] === 'boolean' ? token[key] : otherwise);
  if (is('single_word'))
    throw new UserError(`${path}: the token ${content} is only for single words, which modelc does not know`);
  const special = is('special');
  return {
    id: Number(token['id']),
    content,
    special,
    single_word: false,
    lstrip: is('lstrip'),
    rstrip: is('rstrip'),
    normalized: is('normalized', !special),
  };
}

/** Of generation_config.json, else of config.json; `end`: the tokenizer's own, or null. */
export function stopTokens(generation: Json, model: Json, end: number | null): ReadonlySet<number> {
  const text = isRecord(model['text_config']) ? model['text_config'] : {};
  const stored = [generation['eos_token_id'], model['eos_token_id'], text['eos_token_id']].find((each) => each !== undefined && each !== null); // prettier-ignore
  const list: readonly unknown[] = Array.isArray(stored) ? stored : [stored];
  return new Set([...list, end].filter((token) => typeof token === 'number'));
}
