// Takes: this machine. Gives: what modelc needs of it, what is there, and what to do; with --fix, does it.
// Promises: without --fix nothing is changed; exit code 0 when a device can be opened, else 1.
import { Command } from 'commander';
import { createRequire } from 'node:module';
import { byHand, missing } from '../driver/advice.ts';
import { cachedDriver } from '../driver/cached-driver.ts';
import { ensureAdapter } from '../driver/ensure-adapter.ts';
import { type Machine, inspectMachine } from '../driver/machine.ts';
import { type EngineDevice, openDevice } from '../engine/device.ts';
import { notice, print, printJson } from '../terminal.ts';

export interface DoctorReport {
  /** A device can be opened. */
  readonly ok: boolean;
  readonly node: string;
  readonly platform: string;
  /** Version of the npm package webgpu, or the file DAWN_NODE names. */
  readonly dawn: string;
  /** The first is the one that is used. */
  readonly adapters: readonly AdapterReport[];
  /** Linux only: where Vulkan drivers come from. */
  readonly vulkan: VulkanReport | null;
  readonly missing: readonly string[];
  /** What to do; empty when `ok`. */
  readonly advice: readonly string[];
}

export interface AdapterReport {
  readonly name: string;
  readonly kind: 'hardware' | 'software';
  readonly driver: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
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
  readonly report?: (line: string) => void;
}

/** @throws DriverError when `fix` is asked for and fails. */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  if (options.fix === true) await ensureAdapter(options.report ?? (() => {}));
  const machine = await inspectMachine();
  const { adapters, fault } = await findAdapters();
  const ok = adapters.length > 0;
  const faults = ok ? [] : [...missing(machine), ...(missing(machine).length === 0 && fault !== null ? [fault] : [])];
  return {
    ok,
    node: process.version,
    platform: `${machine.platform}-${machine.arch}`,
    dawn: process.env['DAWN_NODE'] ?? webgpuVersion(),
    adapters,
    vulkan: vulkanOf(machine),
    missing: faults,
    advice: ok ? [] : adviceFor(machine),
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
    .description('say which WebGPU adapter is used, what is missing, and how to get it')
    .option('--fix', "get Mesa's software Vulkan driver where there is no adapter (Linux)")
    .option('--json', 'the report as JSON')
    .addHelpText('after', '\nExamples:\n  modelc doctor\n  modelc doctor --fix\n  modelc doctor --json')
    .action(async (options: { fix?: boolean; json?: boolean }) => {
      process.exitCode = await runDoctor(options);
    });
}

export function formatDoctor(report: DoctorReport): string {
  const { node, platform, dawn, adapters, vulkan } = report;
  const lines = [row('node', node), row('platform', platform), row('dawn', dawn)];
  adapters.forEach((adapter, index) => {
    const details = [adapter.kind, adapter.driver].filter((part) => part !== '').join(', ');
    lines.push(row(index === 0 ? 'adapter' : 'also', `${adapter.name} (${details})`));
    lines.push(row('', `features ${adapter.features.join(', ') || 'none'}`));
    lines.push(row('', Object.entries(adapter.limits).map(([name, value]) => `${name} ${value}`).join(', '))); // prettier-ignore
  });
  if (adapters.length === 0) lines.push(row('adapter', 'none'));
  if (vulkan) {
    lines.push(row('system', vulkan.distribution ?? 'unknown Linux'));
    lines.push(row('loader', vulkan.loader ?? 'none'));
    lines.push(row('drivers', vulkan.drivers.join('\n         ') || 'none'));
    if (vulkan.mesa !== null) lines.push(row('mesa', vulkan.mesa));
    if (vulkan.cached !== null) lines.push(row('cached', vulkan.cached));
  }
  for (const fault of report.missing) lines.push(row('missing', fault));
  if (report.advice.length > 0) lines.push('', 'What to do:', ...report.advice.map((line) => `  ${line}`));
  return lines.join('\n');
}

function row(title: string, text: string): string {
  return `${title.padEnd(8)} ${text}`;
}

async function findAdapters(): Promise<{ adapters: AdapterReport[]; fault: string | null }> {
  const adapters: AdapterReport[] = [];
  let fault: string | null = null;
  for (const prefer of ['auto', 'software'] as const) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one device at a time
      const device = await openDevice({ prefer });
      const found = describe(device);
      device.close();
      if (!adapters.some((other) => other.name === found.name)) adapters.push(found);
    } catch (error) {
      fault ??= error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
  }
  return { adapters, fault: adapters.length > 0 ? null : fault };
}

function describe({ adapter, target }: EngineDevice): AdapterReport {
  const { features, ...rest } = target;
  const limits = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { ...adapter, features, limits: Object.fromEntries(limits) };
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
