import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { DeviceChoice } from '../../../runtime/engine/open-device.ts';
import { describeAdapter, summarize } from '../../../runtime/engine/gpu/adapter.ts';

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

/** Opens a device in a process of its own, which ends by itself after its garbage has been collected. */
function open(device: DeviceChoice, env: Record<string, string> = {}): { status: number | null; output: string } {
  const module = fileURLToPath(new URL('../../../runtime/engine/open-device.ts', import.meta.url));
  const script = `
    const { openDevice } = await import(${JSON.stringify(module)});
    async function open() {
      const device = await openDevice({ device: ${JSON.stringify(device)} });
      console.log(device.describe());
      device.close();
    }
    await open().catch((error) => console.log(error.name + ': ' + error.message));
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
    }`;
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const done = spawnSync(process.execPath, ['--expose-gc', '--import', tsx, '--input-type=module', '--eval', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: done.status, output: done.stdout.trim() };
}

const noVulkan = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' };
const noDawn = { DAWN_NODE: '/nonexistent/dawn.node' };

type Case = [DeviceChoice, Record<string, string>, RegExp];
const cases: Case[] = [
  ['software', {}, /^adapter: /],
  ['cpu', {}, /^cpu: \S.*, \d+ threads? \(WebAssembly SIMD.*\)$/],
  ['cpu', { MODELC_THREADS: '3' }, /^cpu: .*, 3 threads /],
  ['cpu', { MODELC_THREADS: 'many' }, /^DeviceError: MODELC_THREADS is many; give a whole number from 1 to 256$/],
  ['auto', {}, /^(adapter|cpu): /],
  ['auto', noDawn, /^cpu: /],
  ['software', noDawn, /^DeviceError: the file DAWN_NODE names, \/nonexistent\/dawn.node, cannot be loaded/],
];
const onLinux: Case[] = [
  ['auto', noVulkan, /^cpu: /],
  ['gpu', noVulkan, /^DeviceError: there is no hardware WebGPU adapter\.\n.*`--device cpu`/],
  ['software', noVulkan, /^DeviceError: there is no software WebGPU adapter\.\n.*`modelc doctor --fix`/],
];

test.each(process.platform === 'linux' ? [...cases, ...onLinux] : cases)('--device %s with %j', (device, env, line) => {
  const { status, output } = open(device, env);
  expect(output).toMatch(line);
  expect(status).toBe(0);
});
