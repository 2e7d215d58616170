// Takes: sentences. Gives: the error of a config.json that cannot be said, or of a model that no family says.
// Promises: the message names the key and its value, and what would help.

/** The user's fault or the file's, never a bug: its message is all that is shown. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
