// Takes: a preference for hardware or software.
// Gives: an open adapter with the target its limits make, and one sentence of what it is.
// Promises: every limit of the adapter is requested; the first fault of the device is kept and thrown by `raise`.
import type { Plan, WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { AdapterMissingError, DeviceError } from '../device-error.ts';
import type { EngineDevice, PreparedPlan } from '../engine-device.ts';
import { describeAdapter, findAdapter, summarize } from './adapter.ts';
import type { AdapterKind, AdapterSummary } from './adapter.ts';
import { dawn } from './dawn.ts';
import { PipelineCache } from './pipelines.ts';
import { preparePlan } from './prepare-plan.ts';
import { StagingPool, usage, writeBuffer } from './transfer.ts';
import { waitFor, type Wait } from './wait.ts';

const matrixFeature = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;
const usefulFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query', matrixFeature];

/** @throws DeviceError when there is no such adapter, or it gives no device. */
export async function openGpu(kind: AdapterKind, tune = false): Promise<GpuDevice> {
  const adapter = await findAdapter(await dawn(), kind);
  if (!adapter) throw new AdapterMissingError(noAdapter(kind));
  try {
    const features = usefulFeatures.filter((feature) => adapter.features.has(feature));
    const gpu = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: allLimits(adapter.limits) });
    const summary = summarize(adapter.info);
    const target = { ...targetOf(gpu.limits, features, summary), ...subgroups(adapter.info) };
    return new GpuDevice(gpu, summary, { ...target, ...matrices(adapter.info, target) }, tune);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`the adapter refuses to open a device: ${reason}`, { cause });
  }
}

export class GpuDevice implements EngineDevice {
  readonly kind = 'gpu';
  readonly gpu: GPUDevice;
  readonly adapter: AdapterSummary;
  readonly target: WebGpuTarget;
  readonly tune: boolean;
  readonly #pipelines: PipelineCache;
  readonly #staging: StagingPool;
  readonly #wait: Wait;
  #fault: DeviceError | undefined;
  #closed = false;

  constructor(gpu: GPUDevice, adapter: AdapterSummary, target: WebGpuTarget, tune: boolean) {
    this.gpu = gpu;
    this.adapter = adapter;
    this.target = target;
    this.tune = tune;
    this.#wait = waitFor(target.software);
    this.#pipelines = new PipelineCache(gpu, this.#wait);
    this.#staging = new StagingPool(gpu, () => this.raise(), this.#wait);
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // Dawn would print it
      this.#fault ??= faultOf(event.error);
    });
    void gpu.lost.then((info) => {
      if (!this.#closed) this.#fault ??= new DeviceError(`the device was lost (${info.reason}): ${info.message}`);
    });
  }

  describe(): string {
    return describeAdapter(this.adapter);
  }

  raise(): void {
    if (this.#closed) throw new DeviceError('the device has been closed');
    if (this.#fault) throw this.#fault;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#staging.destroy();
    this.gpu.destroy();
  }

  createBuffer(bytes: number): GPUBuffer {
    return this.gpu.createBuffer({ size: bytes, usage: usage.storage | usage.copySource | usage.copyTarget });
  }

  write(buffer: GPUBuffer, bytes: Uint8Array): void {
    writeBuffer(this.gpu, buffer, bytes);
  }

  read(buffer: GPUBuffer): Promise<ArrayBuffer> {
    return this.#staging.read(buffer);
  }

  readTogether(buffers: readonly GPUBuffer[]): Promise<readonly ArrayBuffer[]> {
    return this.#staging.readTogether(buffers);
  }

  async prepare(plan: Plan, allocate: () => readonly GPUBuffer[]): Promise<PreparedPlan> {
    const prepared = await preparePlan(this.gpu, this.#pipelines, plan, allocate, () => this.raise(), this.#wait);
    this.raise();
    return prepared;
  }
}

function faultOf(error: GPUError): DeviceError {
  const kind = error instanceof Error ? error.name : error.constructor.name;
  return new DeviceError(
    /OutOfMemory/i.test(kind)
      ? `the device ran out of memory: ${error.message}`
      : `the device refused a command: ${error.message}`,
  );
}

function allLimits(limits: GPUSupportedLimits): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = Reflect.get(limits, name);
    if (typeof value === 'number') all[name] = value;
  }
  return all;
}

function targetOf(limits: GPUSupportedLimits, features: readonly string[], adapter: AdapterSummary): WebGpuTarget {
  return {
    kind: 'webgpu',
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
function subgroups({ subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo): Pick<WebGpuTarget, 'subgroupSize'> {
  return subgroupMinSize === subgroupMaxSize && subgroupMinSize > 0 ? { subgroupSize: subgroupMinSize } : {};
}

/** Where the device multiplies matrices that a subgroup holds: the sizes it can, as Dawn lists them. */
function matrices(info: GPUAdapterInfo, target: WebGpuTarget): Pick<WebGpuTarget, 'subgroupMatrices'> {
  if (!target.features.includes(matrixFeature) || target.subgroupSize === undefined) return {};
  const listed: unknown = Reflect.get(info, 'subgroupMatrixConfigs');
  if (!isIterable(listed)) return {};
  const configs = [...listed] as readonly MatrixConfig[];
  const sizes = configs.map(({ componentType, resultComponentType, M, N, K }) => ({ component: componentType, result: resultComponentType, M, N, K })); // prettier-ignore
  return sizes.length > 0 ? { subgroupMatrices: sizes } : {};
}

/** An entry of `subgroupMatrixConfigs`, which is not in the types of WebGPU yet. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function whole(bytes: number): number {
  return bytes - (bytes % 256);
}

function noAdapter(kind: AdapterKind): string {
  const cpu = 'The CPU needs none: `--device cpu` runs on it.';
  if (kind === 'hardware') {
    return `there is no hardware WebGPU adapter.\nIf this machine has a GPU, check that its graphics driver is installed and up to date. ${cpu}`;
  }
  const remedy =
    process.platform === 'linux'
      ? "No Vulkan driver that Dawn accepts was found. `modelc doctor` says what is missing; `modelc doctor --fix` gets Mesa's software driver."
      : 'This platform brings one of its own; check that its graphics driver is installed and up to date.';
  return `there is no software WebGPU adapter.\n${remedy} ${cpu}`;
}
