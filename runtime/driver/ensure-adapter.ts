// Takes: a machine. Gives: one on which a device can be opened.
// Promises: nothing is changed where an adapter is there; otherwise one line per step; a failure says what to run by hand.
import { AdapterMissingError } from '../engine/device-error.ts';
import { type DeviceOptions, type EngineDevice, openDevice } from '../engine/device.ts';
import { byHand } from './advice.ts';
import { DriverError } from './driver-error.ts';
import { type Report, installForAll, unpackForUser } from './install.ts';
import { type Machine, inspectMachine } from './machine.ts';

/**
 * Opens a device; where there is no adapter on Linux, gets Mesa's software driver first.
 * @throws DeviceError for every other fault of a device, DriverError when the driver cannot be got.
 */
export async function ensureDevice(report: Report, options: DeviceOptions = {}): Promise<EngineDevice> {
  try {
    return await openDevice(options);
  } catch (error) {
    const fixable =
      error instanceof AdapterMissingError && process.platform === 'linux' && options.prefer !== 'hardware';
    if (!fixable || namedByUser()) throw error;
  }
  await installDriver(await inspectMachine(), report);
  return openDevice(options);
}

/** Leaves a machine on which `openDevice` works. */
export async function ensureAdapter(report: Report): Promise<void> {
  const device = await ensureDevice(report);
  device.close();
}

/** @throws DriverError with what to run by hand. */
export async function installDriver(machine: Machine, report: Report): Promise<void> {
  report(`driver: this machine has no WebGPU adapter; getting Mesa's software Vulkan driver`);
  try {
    if (!machine.apt) throw new DriverError('there is no apt-get here');
    if (machine.root) await installForAll(machine, report);
    else await unpackForUser(machine, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = byHand(machine).map((line) => `  ${line}`);
    throw new DriverError(`Mesa's software Vulkan driver could not be got: ${reason}\nBy hand:\n${hint.join('\n')}`, {
      cause,
    });
  }
}

/** A driver of the cache is not looked at then, so getting one would not help. */
function namedByUser(): boolean {
  return process.env['VK_DRIVER_FILES'] !== undefined || process.env['VK_ICD_FILENAMES'] !== undefined;
}
