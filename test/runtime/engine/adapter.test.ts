import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeAdapter, summarize } from '../../../runtime/engine/adapter.ts';

const info = { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false };

test.each([
  [
    {
      vendor: 'mesa',
      architecture: 'software',
      device: 'llvmpipe-llvm-15-0-6-256-bits-',
      description: 'llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6) 0.0.1',
      isFallbackAdapter: true,
    },
    'adapter: llvmpipe (software, Mesa 25.0.7, LLVM 15)',
  ],
  [
    { vendor: 'google', device: 'swiftshader-device-llvm-10-0-0-', description: 'SwiftShader driver: 5.0.0' },
    'adapter: SwiftShader (software, SwiftShader driver 5.0.0)',
  ],
  [
    { vendor: 'nvidia', device: 'nvidia-h100-80gb-hbm3', description: 'NVIDIA: 580.95.05 580.95.05' },
    'adapter: NVIDIA h100 80gb hbm3 (NVIDIA 580.95.05)',
  ],
  [{ vendor: 'apple', architecture: 'metal-3', description: '' }, 'adapter: metal 3'],
])('%j', (told, line) => {
  expect(describeAdapter(summarize({ ...info, ...told }))).toBe(line);
});

/** Runs a script that opens a device in a process of its own. */
function open(env: Record<string, string>): { status: number | null; output: string } {
  const device = fileURLToPath(new URL('../../../runtime/engine/device.ts', import.meta.url));
  const script = `
    const { openDevice } = await import(${JSON.stringify(device)});
    try { const device = await openDevice(); console.log(device.describe()); device.close(); }
    catch (error) { console.log(error.name + ': ' + error.message); process.exitCode = 1; }`;
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const done = spawnSync(process.execPath, ['--import', tsx, '--input-type=module', '--eval', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: done.status, output: done.stdout.trim() };
}

test('a device opens and closes, and the process ends by itself', () => {
  const { status, output } = open({});
  expect(output).toMatch(/^adapter: /);
  expect(status).toBe(0);
});

test.runIf(process.platform === 'linux')('no adapter is one sentence, and what to do', () => {
  const { status, output } = open({ VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' });
  expect(status).toBe(1);
  expect(output).toMatch(/^DeviceError: there is no WebGPU adapter\.\n.*`modelc doctor --fix`/);
});

test('a DAWN_NODE that cannot be loaded is named', () => {
  const { status, output } = open({ DAWN_NODE: '/nonexistent/dawn.node' });
  expect(status).toBe(1);
  expect(output).toMatch(/^DeviceError: the file DAWN_NODE names, \/nonexistent\/dawn.node, cannot be loaded/);
});
