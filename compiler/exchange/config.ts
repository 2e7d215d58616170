// Takes: a config.json as parsed. Gives: its values, each asked for by name and type.
// Promises: knows which keys were asked for, so that a key nobody understands is told instead of overlooked.
import { ConfigError } from './config-error.ts';
import { harmless } from './harmless.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Null counts as absent, as in transformers. */
export class Config {
  readonly #values: Json;
  readonly #path: string;
  readonly #spellings: Readonly<Record<string, string>>;
  readonly #asked = new Set<string>();
  readonly #groups: Config[] = [];

  /** `spellings`: what the file calls a key, for messages. */
  constructor(values: Json, path = '', spellings: Readonly<Record<string, string>> = {}) {
    this.#values = values;
    this.#path = path;
    this.#spellings = spellings;
  }

  /** Whether the key has a value; asking is not understanding. */
  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  /** @throws ConfigError when it is absent and there is no default, or no finite number. */
  number(key: string, fallback?: number): number {
    return this.#read(key, fallback, 'a number', (value) => typeof value === 'number' && Number.isFinite(value));
  }

  /** A whole number from 1 on. */
  count(key: string, fallback?: number): number {
    return this.#read(key, fallback, 'a whole number from 1 on', (value) => Number.isInteger(value) && Number(value) >= 1); // prettier-ignore
  }

  /** A whole number from 1 on; null where it is absent. */
  countOrNull(key: string): number | null {
    return this.has(key) ? this.count(key) : this.#nothing(key);
  }

  /** Null where it is absent. */
  numberOrNull(key: string): number | null {
    return this.has(key) ? this.number(key) : this.#nothing(key);
  }

  flag(key: string, fallback?: boolean): boolean {
    return this.#read(key, fallback, 'true or false', (value) => typeof value === 'boolean');
  }

  text(key: string, fallback?: string): string {
    return this.#read(key, fallback, 'a text', (value) => typeof value === 'string');
  }

  /** Null where it is absent. */
  numbers(key: string): readonly number[] | null {
    const isList = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'number');
    return this.has(key) ? this.#read<readonly number[]>(key, undefined, 'a list of numbers', isList) : null;
  }

  /** Null where it is absent. */
  texts(key: string): readonly string[] | null {
    const isList = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');
    return this.has(key) ? this.#read<readonly string[]>(key, undefined, 'a list of texts', isList) : null;
  }

  /** What the text of `key` stands for. @throws ConfigError naming the value and what is understood */
  word<T>(key: string, meanings: Readonly<Record<string, T>>, fallback?: string): T {
    const word = this.text(key, fallback);
    const meaning = Object.hasOwn(meanings, word) ? meanings[word] : undefined;
    if (meaning !== undefined) return meaning;
    throw new ConfigError(`${this.name(key)} = "${word}" is not understood; ${Object.keys(meanings).join(', ')} are`);
  }

  /** For keys that are understood at some values only; absent is one of them. */
  only(key: string, ...understood: readonly (number | boolean | string)[]): void {
    this.#asked.add(key);
    const value = this.#values[key];
    if (!this.has(key) || understood.some((each) => each === value)) return;
    const shown = understood.map((each) => JSON.stringify(each)).join(' or ');
    throw new ConfigError(`${this.name(key)} = ${JSON.stringify(value)} changes the function and is not understood; ${shown} is`); // prettier-ignore
  }

  /** Marks keys as read: what they say follows from others, or only other settings would use it. */
  passOver(...keys: readonly string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** The same of every key there is, within groups too. */
  passOverAll(): void {
    this.passOver(...Object.keys(this.#values));
    for (const group of this.#groups) group.passOverAll();
  }

  /** An object within; null where it is absent. */
  group(key: string): Config | null {
    this.#asked.add(key);
    const value = this.#values[key];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#wrong(key, 'an object');
    const known = this.#groups.find((each) => each.#path === `${this.name(key)}.`);
    if (known !== undefined) return known;
    const group = new Config(value as Json, `${this.name(key)}.`);
    this.#groups.push(group);
    return group;
  }

  /** Keys with a value that nobody asked for and that are not known to be harmless, by full name. */
  unread(familyHarmless: ReadonlySet<string>): string[] {
    const own = Object.keys(this.#values).filter(
      (key) => this.has(key) && !this.#asked.has(key) && !harmless.has(key) && !familyHarmless.has(key),
    );
    return [...own.map((key) => this.name(key)), ...this.#groups.flatMap((group) => group.unread(familyHarmless))];
  }

  /** `rope_parameters.factor`: for messages. */
  name(key: string): string {
    return `${this.#path}${this.#spellings[key] ?? key}`;
  }

  #nothing(key: string): null {
    this.#asked.add(key);
    return null;
  }

  #read<T>(key: string, fallback: T | undefined, expects: string, fits: (value: unknown) => boolean): T {
    this.#asked.add(key);
    const value = this.#values[key] ?? fallback;
    if (value === undefined) throw new ConfigError(`${this.name(key)} is missing`);
    if (!fits(value)) throw this.#wrong(key, expects);
    return value as T;
  }

  #wrong(key: string, expects: string): ConfigError {
    return new ConfigError(`${this.name(key)} = ${JSON.stringify(this.#values[key])} is not ${expects}`);
  }
}
