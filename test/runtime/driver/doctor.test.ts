import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { doctor, formatDoctor } from '../../../runtime/commands/doctor.ts';

function runDoctor(options: string, env: Record<string, string>): { status: number | null; output: string } {
  const file = fileURLToPath(new URL('../../../runtime/commands/doctor.ts', import.meta.url));
  const script = `
    const { runDoctor } = await import(${JSON.stringify(file)});
    try { process.exitCode = await runDoctor(${options}); }
    catch (error) { console.log(error.name + ': ' + error.message); process.exitCode = 1; }`;
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const done = spawnSync(process.execPath, ['--import', tsx, '--input-type=module', '--eval', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: done.status, output: done.stdout };
}

test('a machine with an adapter', async () => {
  const report = await doctor();
  expect(report).toMatchObject({ ok: true, node: process.version, missing: [], advice: [] });
  expect(report.dawn).toMatch(/^webgpu \d|dawn\.node$/);
  expect(report.adapters[0]?.limits['maxStorageBindings']).toBeGreaterThanOrEqual(8);
  expect(formatDoctor(report)).toMatch(/^adapter {2}\S+.* \((hardware|software)/m);
});

const hidden = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' };

test.runIf(process.platform === 'linux')('a machine without one: what is missing, what to do, exit code 1', () => {
  const { status, output } = runDoctor('{}', hidden);
  expect(status).toBe(1);
  expect(output).toMatch(/^adapter {2}none$/m);
  expect(output).toMatch(/^missing {2}no Vulkan driver is installed$/m);
  expect(output).toMatch(/VK_ICD_FILENAMES names \/nonexistent: unset it/);
});

test.runIf(process.platform === 'linux')('as JSON; --fix does not install what would not be looked at', () => {
  const report = JSON.parse(runDoctor('{ json: true }', hidden).output) as { ok: boolean; adapters: unknown[] };
  expect(report).toMatchObject({ ok: false, adapters: [] });
  const { status, output } = runDoctor('{ fix: true }', hidden);
  expect(status).toBe(1);
  expect(output).toMatch(/^DeviceError: there is no WebGPU adapter/);
});
