// Takes: a number of threads.
// Gives: the CPU of the machine that the browser runs on, open.
// Promises: the page's main thread is never made to wait: it is refused.
import { browserThreads, requireBrowserThreads } from './cpu/browser-threads.ts';
import { openCpu as openOn } from './cpu/device.ts';
import type { EngineDevice } from './engine-device.ts';

export interface CpuOptions {
  /** As many as the machine runs at once, where it is not given. */
  readonly threads?: number;
}

/** To be called in a dedicated worker of a cross-origin isolated page. @throws DeviceError when it is called elsewhere. */
export async function openCpu({ threads = browserThreads.parallelism }: CpuOptions = {}): Promise<EngineDevice> {
  requireBrowserThreads();
  return openOn(browserThreads, threads);
}
