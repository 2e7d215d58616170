// Takes: what went wrong on the device.
// Gives: the error class of the engine, and the cases of it that another device or a driver cures.
// Promises: its message is a sentence a person can act on; further sentences stand on lines of their own.

/** No adapter, a refused kernel, memory that ran out, a lost device. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** No adapter: on Linux, a driver can be got. */
export class AdapterMissingError extends DeviceError {}

/** Dawn cannot be loaded here. */
export class DawnMissingError extends DeviceError {}
