// Takes: the machine. Gives: Chromium, running without a window.
// Promises: as root it is got by apt where it is missing; where it cannot be got the reason is one sentence, not an error.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { inspectMachine } from '../../runtime/driver/machine.ts';
import { CommandError, runCommand } from '../../runtime/driver/run-command.ts';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The executable, or why there is none. */
export async function findChromium(): Promise<{ path: string } | { reason: string }> {
  const named = process.env['CHROME_PATH'];
  if (named !== undefined) return existsSync(named) ? { path: named } : { reason: `CHROME_PATH is ${named}: no such file` }; // prettier-ignore
  const found = [...places, chromium.executablePath()].find((path) => existsSync(path));
  if (found !== undefined) return { path: found };
  const { apt, root } = await inspectMachine();
  if (!apt || !root) return { reason: 'there is no Chromium here; install it, or say where it is by CHROME_PATH' };
  process.stderr.write('browser test: getting Chromium (apt-get install chromium)\n');
  try {
    await install();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { reason: `there is no Chromium here and it could not be got: ${error.message}` };
  }
  const path = places.find((place) => existsSync(place));
  return path === undefined ? { reason: 'the package chromium holds no /usr/bin/chromium' } : { path };
}

async function install(): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=60'];
  const lists = await runCommand('apt-get', ['update', '-q', ...wait], { env }).catch(() => null);
  if (lists === null) process.stderr.write('browser test: apt-get update failed; the lists that are here must do\n');
  await runCommand('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...wait, 'chromium'], { env });
}

export function launch(executablePath: string): Promise<Browser> {
  // Root has no sandbox. /dev/shm is 64 MB in containers, less than a tab may want.
  const root = process.getuid?.() === 0;
  return chromium.launch({ executablePath, args: [...(root ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'] });
}
