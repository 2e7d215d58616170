// Takes: a tokenizer and the size of a model's vocabulary. Gives: nothing, or why they do not belong together.
// Promises: tokens that were added to a tokenizer may lie above the vocabulary, as long as no text has them.
import { UserError } from '../user-error.ts';
import type { Tokenizer } from './tokenizer.ts';

/** @throws UserError where the vocabulary itself is larger than the model's */
export function requireFit({ name, baseSize }: Tokenizer, vocab: number): void {
  if (name === 'bytes' && vocab < baseSize)
    throw new UserError(`text is cut into bytes, ${baseSize} tokens, but the model's vocabulary has ${vocab}; put the tokenizer.json of the model beside its weights`); // prettier-ignore
  if (baseSize > vocab)
    throw new UserError(`${name} has ${baseSize} tokens, but the model's vocabulary has ${vocab}: it is the tokenizer of another model`); // prettier-ignore
}

/** @throws UserError where a text has a token that the model has no row for */
export function requireTokens(tokens: readonly number[], tokenizer: Tokenizer, vocab: number): void {
  const token = tokens.find((each) => each >= vocab);
  if (token === undefined) return;
  const text = tokenizer.textOf(token) ?? '';
  throw new UserError(`the text has the token ${text} (${token}) of ${tokenizer.name}, but the model's vocabulary ends at ${vocab - 1}; leave it out of the text`); // prettier-ignore
}
