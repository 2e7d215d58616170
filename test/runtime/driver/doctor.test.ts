import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { doctor, type DoctorReport, formatDoctor } from '../../../runtime/commands/doctor.ts';

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

test('a machine with a software adapter', async () => {
  const report = await doctor({ seconds: 0.05 });
  expect(report).toMatchObject({ ok: true, node: process.version, missing: [], advice: [] });
  expect(report.dawn).toMatch(/^webgpu \d|dawn\.node$/);
  const software = report.devices.find(({ device }) => device === 'software');
  expect(software?.limits['maxStorageBindings']).toBeGreaterThanOrEqual(8);
  expect(report.devices.map(({ device }) => device)).toContain('cpu');
  for (const { matmulGflops } of report.devices) expect(matmulGflops).toBeGreaterThan(0.1);
  expect(formatDoctor(report)).toMatch(/^(gpu|cpu) .*<- --device auto takes this one$/m);
});

const hidden = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' };

test.runIf(process.platform === 'linux')('a machine without an adapter: the CPU, and how to get one', () => {
  const { status, output } = runDoctor('{ seconds: 0.05 }', hidden);
  expect(status).toBe(0);
  expect(output).toMatch(/^cpu .*<- --device auto takes this one$/m);
  expect(output).toMatch(/^no GPU {3}no Vulkan driver is installed$/m);
  expect(output).toMatch(/VK_ICD_FILENAMES names \/nonexistent: unset it/);
});

test.runIf(process.platform === 'linux')('as JSON; --fix does not install what would not be looked at', () => {
  const report = JSON.parse(runDoctor('{ json: true, seconds: 0.05 }', hidden).output) as DoctorReport;
  expect(report).toMatchObject({ ok: true, auto: 'cpu', devices: [{ device: 'cpu', fault: null }] });
  const { status, output } = runDoctor('{ fix: true }', hidden);
  expect(status).toBe(1);
  expect(output).toMatch(/^DeviceError: there is no software WebGPU adapter/);
});
