// Takes: a sentence for a person. Gives: an error that ends a command with exit code 1.
// Promises: the message says what is wrong and, where something helps, what to do.

/** The user's fault or the environment's: shown as one sentence, without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Errors whose message is all that a person needs, by name: those of the compiler and of devices are their own classes. */
const faults = new Set(['UserError', 'DeviceError', 'PlanError', 'DriverError', 'UnbuiltError', 'ConfigError']);

/** Whether an error is the user's or the environment's fault; otherwise it is a bug of modelc. */
export const isUserFault = (error: unknown): error is Error => error instanceof Error && faults.has(error.name);
