// Takes: why a driver could not be got. Gives: the error that says it.
// Promises: the message ends with what to run by hand.

export class DriverError extends Error {
  override readonly name = 'DriverError';
}
