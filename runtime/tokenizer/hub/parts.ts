// Takes: the parts of a tokenizer.json. Gives: their lists and patterns.
// Promises: patterns mean what the `tokenizers` library means by them.
import { regexOf } from './library.ts';

/** A step of a normalizer, pre-tokenizer, post-processor or decoder. */
export interface Part {
  readonly type: string;
  readonly [key: string]: unknown;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isPart = (value: unknown): value is Part => isRecord(value) && typeof value['type'] === 'string';

/** A part, or the parts of a Sequence, all the way down; `key`: where a Sequence has them. */
export function partsOf(part: Part, key: string): Part[] {
  const list = part[key];
  if (part.type !== 'Sequence' || !Array.isArray(list)) return [part];
  return list.filter(isPart).flatMap((each) => partsOf(each, key));
}

/** A setting that is a text. */
export function textAt(part: Part, key: string, otherwise: string): string {
  const value = part[key];
  return typeof value === 'string' ? value : otherwise;
}

/** `{ String }` or `{ Regex }` under `pattern`. @throws SyntaxError where the regular expression cannot be translated */
export function patternOf(part: Part): RegExp {
  const { pattern } = part;
  const text = isRecord(pattern) ? pattern['String'] : pattern;
  if (typeof text === 'string') return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`), 'gu');
  const regex = isRecord(pattern) ? pattern['Regex'] : undefined;
  if (typeof regex !== 'string') throw new SyntaxError(`${part.type} has no pattern`);
  return regexOf(regex);
}
