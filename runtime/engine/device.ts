// Takes: a preference for hardware or software.
// Gives: an open device with the target its limits make, and one sentence of what it is.
// Promises: every limit of the adapter is requested; the first fault of the device is kept and thrown by `raise`.
import type { Target } from '../../compiler/7-plan/plan.ts';
import { describeAdapter, findAdapter, summarize } from './adapter.ts';
import type { AdapterPreference, AdapterSummary } from './adapter.ts';
import { acquireDawn, releaseDawn } from './dawn.ts';
import { AdapterMissingError, DeviceError } from './device-error.ts';

export interface EngineDevice {
  readonly gpu: GPUDevice;
  readonly target: Target;
  readonly adapter: AdapterSummary;
  /** e.g. `adapter: llvmpipe (software, Mesa 25.0.7, LLVM 15)`. */
  describe(): string;
  /** @throws DeviceError when the device has failed since it was opened: an uncaptured error, or its loss. */
  raise(): void;
  /** The device is gone afterwards; Node can end. */
  close(): void;
}

export interface DeviceOptions {
  readonly prefer?: AdapterPreference;
}

const usefulFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

/** @throws DeviceError when there is no adapter, or it gives no device. */
export async function openDevice(options: DeviceOptions = {}): Promise<EngineDevice> {
  const dawn = await acquireDawn();
  try {
    const adapter = await findAdapter(dawn, options.prefer ?? 'auto');
    if (!adapter) throw new AdapterMissingError(noAdapter(options.prefer ?? 'auto'));
    const features = usefulFeatures.filter((feature) => adapter.features.has(feature));
    const gpu = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: allLimits(adapter.limits) });
    const summary = summarize(adapter.info);
    return watch(gpu, summary, { ...targetOf(gpu.limits, features, summary), ...subgroups(adapter.info) });
  } catch (cause) {
    releaseDawn();
    if (cause instanceof DeviceError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`the adapter refuses to open a device: ${reason}`, { cause });
  }
}

function watch(gpu: GPUDevice, adapter: AdapterSummary, target: Target): EngineDevice {
  let fault: DeviceError | undefined;
  let closed = false;
  gpu.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // Dawn would print it
    const kind = event.error instanceof Error ? event.error.name : event.error.constructor.name;
    fault ??= new DeviceError(
      /OutOfMemory/i.test(kind)
        ? `the device ran out of memory: ${event.error.message}`
        : `the device refused a command: ${event.error.message}`,
    );
  });
  void gpu.lost.then((info) => {
    if (!closed) fault ??= new DeviceError(`the device was lost (${info.reason}): ${info.message}`);
  });
  return {
    gpu,
    target,
    adapter,
    describe: () => describeAdapter(adapter),
    raise() {
      if (closed) throw new DeviceError('the device has been closed');
      if (fault) throw fault;
    },
    close() {
      if (closed) return;
      closed = true;
      gpu.destroy();
      releaseDawn();
    },
  };
}

function allLimits(limits: GPUSupportedLimits): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = Reflect.get(limits, name);
    if (typeof value === 'number') all[name] = value;
  }
  return all;
}

function targetOf(limits: GPUSupportedLimits, features: readonly string[], adapter: AdapterSummary): Target {
  return {
    features,
    maxBindingBytes: whole(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)),
    maxBufferBytes: whole(limits.maxBufferSize),
    maxStorageBindings: Math.min(limits.maxStorageBuffersPerShaderStage, limits.maxBindingsPerBindGroup),
    maxInvocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    software: adapter.kind === 'software',
  };
}

/** Only where every subgroup has the same size. */
function subgroups({ subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo): Pick<Target, 'subgroupSize'> {
  return subgroupMinSize === subgroupMaxSize && subgroupMinSize > 0 ? { subgroupSize: subgroupMinSize } : {};
}

function whole(bytes: number): number {
  return bytes - (bytes % 256);
}

function noAdapter(prefer: AdapterPreference): string {
  const wanted = prefer === 'auto' ? '' : ` ${prefer}`;
  const remedy =
    process.platform === 'linux'
      ? "No Vulkan driver that Dawn accepts was found. `modelc doctor` says what is missing; `modelc doctor --fix` gets Mesa's software driver."
      : 'This platform brings an adapter of its own; check that its graphics driver is installed and up to date.';
  return `there is no${wanted} WebGPU adapter.\n${remedy}`;
}
