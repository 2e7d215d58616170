// Takes: a sentence for a person. Gives: an error that ends a command with exit code 1.
// Promises: the message says what is wrong and, where something helps, what to do.

/** The user's fault or the environment's: shown as one sentence, without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
