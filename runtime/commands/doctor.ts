// Takes: this machine. Gives: what modelc needs of it, what is there, and what to do; with --fix, does it.
// Promises: without --fix nothing is changed; every device that is there is measured; exit code 0 when one can be opened.
import { Command } from 'commander';
import { createRequire } from 'node:module';
import { byHand, missing } from '../driver/advice.ts';
import { cachedDriver } from '../driver/cached-driver.ts';
import { ensureAdapter } from '../driver/ensure-adapter.ts';
import { type Machine, inspectMachine } from '../driver/machine.ts';
import { DeviceError } from '../engine/device-error.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { openDevice } from '../engine/open-device.ts';
import { notice, print, printJson } from '../terminal.ts';
import { measureDevice } from '../device/measure-device.ts';

export interface DoctorReport {
  /** A device can be opened. */
  readonly ok: boolean;
  readonly node: string;
  readonly platform: string;
  /** Version of the npm package webgpu, or the file DAWN_NODE names. */
  readonly dawn: string;
  /** Those that are there. */
  readonly devices: readonly DeviceReport[];
  /** What `--device auto` takes. */
  readonly auto: DeviceReport['device'];
  /** Linux only: where Vulkan drivers come from. */
  readonly vulkan: VulkanReport | null;
  /** Why there is no WebGPU adapter. */
  readonly missing: readonly string[];
  /** How to get one; empty where there is one. */
  readonly advice: readonly string[];
}

export interface DeviceReport {
  readonly device: 'gpu' | 'cpu' | 'software';
  /** e.g. `cpu: AMD EPYC, 2 threads (WebAssembly SIMD)`. */
  readonly description: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** Measured for a second; null where that failed, with the reason in `fault`. */
  readonly matmulGflops: number | null;
  readonly fault: string | null;
}

export interface VulkanReport {
  readonly distribution: string | null;
  readonly loader: string | null;
  readonly drivers: readonly string[];
  readonly mesa: string | null;
  /** Folder of the driver that was unpacked into the user's cache. */
  readonly cached: string | null;
}

export interface DoctorOptions {
  /** Get Mesa's software driver where there is no adapter. */
  readonly fix?: boolean;
  /** How long each device is measured. */
  readonly seconds?: number;
  readonly report?: (line: string) => void;
}

/** @throws DriverError when `fix` is asked for and fails. */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  if (options.fix === true) await ensureAdapter(options.report ?? (() => {}));
  const machine = await inspectMachine();
  const devices = await findDevices(options.seconds ?? 1);
  const adapter = devices.some(({ device }) => device !== 'cpu');
  return {
    ok: devices.length > 0,
    node: process.version,
    platform: `${machine.platform}-${machine.arch}`,
    dawn: process.env['DAWN_NODE'] ?? webgpuVersion(),
    devices,
    auto: devices.some(({ device }) => device === 'gpu') ? 'gpu' : 'cpu',
    vulkan: vulkanOf(machine),
    missing: adapter ? [] : missing(machine),
    advice: adapter ? [] : adviceFor(machine),
  };
}

/** Prints the report; the exit code is its result. */
export async function runDoctor(options: DoctorOptions & { readonly json?: boolean }): Promise<number> {
  const report = await doctor({ report: notice, ...options });
  if (options.json === true) printJson(report);
  else print(formatDoctor(report));
  return report.ok ? 0 : 1;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say which devices there are, how fast each is, and which one is used')
    .option('--fix', "get Mesa's software Vulkan driver where there is no WebGPU adapter (Linux)")
    .option('--json', 'the report as JSON')
    .addHelpText('after', '\nExamples:\n  modelc doctor\n  modelc doctor --fix\n  modelc doctor --json')
    .action(async (options: { fix?: boolean; json?: boolean }) => {
      process.exitCode = await runDoctor(options);
    });
}

export function formatDoctor(report: DoctorReport): string {
  const { node, platform, dawn, devices, auto, vulkan } = report;
  const lines = [row('node', node), row('platform', platform), row('dawn', dawn)];
  for (const { device, description, features, limits, matmulGflops, fault } of devices) {
    lines.push('', row(device, `${description}${device === auto ? '   <- --device auto takes this one' : ''}`));
    lines.push(row('', matmulGflops === null ? (fault ?? '') : `${matmulGflops.toPrecision(3)} GFLOP/s, f32 product of 512 x 512`)); // prettier-ignore
    lines.push(row('', `features ${features.join(', ') || 'none'}`));
    lines.push(row('', Object.entries(limits).map(([name, value]) => `${name} ${value}`).join(', '))); // prettier-ignore
  }
  lines.push('');
  if (vulkan) {
    lines.push(row('system', vulkan.distribution ?? 'unknown Linux'));
    lines.push(row('loader', vulkan.loader ?? 'none'));
    lines.push(row('drivers', vulkan.drivers.join('\n         ') || 'none'));
    if (vulkan.mesa !== null) lines.push(row('mesa', vulkan.mesa));
    if (vulkan.cached !== null) lines.push(row('cached', vulkan.cached));
  }
  for (const fault of report.missing) lines.push(row('no GPU', fault));
  if (report.advice.length > 0) lines.push('', 'The CPU needs nothing. To get a WebGPU adapter:', ...report.advice.map((line) => `  ${line}`)); // prettier-ignore
  return lines.join('\n');
}

function row(title: string, text: string): string {
  return `${title.padEnd(8)} ${text}`;
}

async function findDevices(seconds: number): Promise<DeviceReport[]> {
  const found: DeviceReport[] = [];
  for (const choice of ['gpu', 'cpu', 'software'] as const) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one device at a time
      const device = await openDevice({ device: choice });
      try {
        found.push(await report(choice, device, seconds)); // oxlint-disable-line no-await-in-loop
      } finally {
        device.close();
      }
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
    }
  }
  return found;
}

async function report(device: DeviceReport['device'], opened: EngineDevice, seconds: number): Promise<DeviceReport> {
  const { features, ...rest } = opened.target;
  const limits = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const facts = { device, description: opened.describe(), features, limits: Object.fromEntries(limits) };
  try {
    return { ...facts, ...(await measureDevice(opened, seconds)), fault: null };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { ...facts, matmulGflops: null, fault: error.message };
  }
}

function vulkanOf({ platform, distribution, loader, drivers, mesa }: Machine): VulkanReport | null {
  if (platform !== 'linux') return null;
  return { distribution: distribution?.name ?? null, loader, drivers, mesa, cached: cachedDriver()?.folder ?? null };
}

function adviceFor(machine: Machine): string[] {
  if (machine.platform !== 'linux') return byHand(machine);
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (named !== undefined)
    return [`VK_DRIVER_FILES or VK_ICD_FILENAMES names ${named}: unset it, or name a driver that works`];
  if (!machine.apt) return byHand(machine);
  const how = machine.root ? 'installs it with apt' : 'unpacks it into your cache folder; no rights needed';
  return [`modelc doctor --fix        (gets Mesa's software driver: ${how})`, 'or by hand:', ...byHand(machine)];
}

function webgpuVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
    return `webgpu ${version}`;
  } catch {
    return 'webgpu (version unknown)';
  }
}
