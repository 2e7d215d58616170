// Takes: which device is wanted, and work for it. Gives: the work's result.
// Promises: the device is named in one line and closed at the end; a driver is got only where the software adapter is asked for.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ensureDevice } from '../driver/ensure-adapter.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { notice } from '../terminal.ts';

const choices = ['auto', 'gpu', 'cpu', 'software'] as const;

/** Adds `--device`, `--no-tune` and `--threads`. */
export function withDeviceOptions(command: Command): Command {
  const device = new Option(
    '--device <name>',
    'auto: a GPU where there is one, else the CPU; software: WebGPU on the CPU',
  );
  return command
    .addOption(device.choices(choices).default('auto'))
    .option('--no-tune', 'of a GPU: do not time kernels to choose among several, as is done once for each kind')
    .option('--threads <n>', 'of the CPU (default: as many as it runs at once)', threads);
}

function threads(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256)
    throw new InvalidArgumentError('give a whole number from 1 to 256.');
  return value;
}

/** @throws DeviceError, DriverError */
export async function withDevice<T>(options: DeviceOptions, work: (device: EngineDevice) => Promise<T>): Promise<T> {
  const device = await ensureDevice(notice, options);
  notice(device.describe());
  try {
    return await work(device);
  } finally {
    device.close();
  }
}
