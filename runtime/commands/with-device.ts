// Takes: work for a device. Gives: its result.
// Promises: the device is named in one line, prepared when it is missing, and closed at the end.
import { ensureDevice } from '../driver/ensure-adapter.ts';
import type { EngineDevice } from '../engine/device.ts';
import { notice } from '../terminal.ts';

export async function withDevice<T>(work: (device: EngineDevice) => Promise<T>): Promise<T> {
  const device = await ensureDevice(notice);
  notice(device.describe());
  try {
    return await work(device);
  } finally {
    device.close();
  }
}
