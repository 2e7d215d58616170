// Takes: a machine. Gives: one on which a device can be opened.
// Promises: nothing is changed where the device is there, or is not the software adapter; otherwise one line per step; a failure says what to run by hand.
import { AdapterMissingError } from '../engine/device-error.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { type DeviceOptions, openDevice } from '../engine/open-device.ts';
import { byHand, missing } from './advice.ts';
import { cachedDriver } from './cached-driver.ts';
import { DriverError } from './driver-error.ts';
import { type Report, installForAll, unpackForUser } from './install.ts';
import { type Machine, inspectMachine } from './machine.ts';
import { adapterFound } from './probe.ts';

/**
 * Opens a device; where the software adapter is asked for and is not there, gets Mesa's driver first (Linux).
 * @throws DeviceError for every other fault of a device, DriverError when the driver cannot be got.
 */
export async function ensureDevice(report: Report, options: DeviceOptions = {}): Promise<EngineDevice> {
  if (!mayInstall(options)) return openDevice(options);
  if (await lacksDriver()) await installDriver(report);
  else {
    try {
      return await openDevice(options);
    } catch (error) {
      if (!(error instanceof AdapterMissingError)) throw error;
    }
    await installDriver(report);
  }
  try {
    return await openDevice(options);
  } catch (error) {
    if (!(error instanceof AdapterMissingError)) throw error;
    const message = 'the software driver is there now, but this process began without it. Run the same command again.';
    throw new DriverError(message, { cause: error });
  }
}

/** Leaves a machine that has a software adapter. */
export async function ensureAdapter(report: Report): Promise<void> {
  const device = await ensureDevice(report, { device: 'software' });
  device.close();
}

/** Where the user names drivers, one of ours would not be looked at. */
function mayInstall({ device }: DeviceOptions): boolean {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  return process.platform === 'linux' && named === undefined && device === 'software';
}

/** Seen without loading a driver. False where the files look well: then Dawn itself is asked. */
async function lacksDriver(): Promise<boolean> {
  if (cachedDriver() !== null) return false;
  const faults = missing(await inspectMachine());
  return faults.length > 0 && !(await adapterFound());
}

/** @throws DriverError with what to run by hand. */
async function installDriver(report: Report): Promise<void> {
  const machine = await inspectMachine();
  report("driver: this machine has no software WebGPU adapter; getting Mesa's software Vulkan driver");
  try {
    await install(machine, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = byHand(machine).map((line) => `  ${line}`);
    const message = `Mesa's software Vulkan driver could not be got: ${reason}\nBy hand:\n${hint.join('\n')}`;
    throw new DriverError(message, { cause });
  }
}

async function install(machine: Machine, report: Report): Promise<void> {
  if (!machine.apt) throw new DriverError('there is no apt-get here');
  if (machine.root) await installForAll(machine, report);
  else await unpackForUser(machine, report);
}
