// Takes: work for a device. Gives: its result.
// Promises: the device is named in one line, prepared when it is missing, and closed at the end.
import { type EngineDevice, openDevice } from '../engine/device.ts';
import { notice } from '../terminal.ts';

export async function withDevice<T>(work: (device: EngineDevice) => Promise<T>): Promise<T> {
  const device = await openDevice();
  notice(device.describe());
  try {
    return await work(device);
  } finally {
    device.close();
  }
}
