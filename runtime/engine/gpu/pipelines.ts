// Takes: the kernels of a Plan.
// Gives: compute pipelines, compiled in parallel.
// Promises: one pipeline for one text, however many plans hold it; a refused kernel is a DeviceError with its source line.
import type { PlanKernel } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';
import type { Wait } from './wait.ts';

export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #wait: Wait;
  readonly #layouts = new Map<number, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(gpu: GPUDevice, wait: Wait) {
    this.#gpu = gpu;
    this.#wait = wait;
  }

  /** Explicit layouts: an automatic one drops bindings that the code happens not to use. */
  layout(bindings: number): GPUBindGroupLayout {
    const known = this.#layouts.get(bindings);
    if (known) return known;
    const entries = Array.from({ length: bindings }, (_, binding) => ({
      binding,
      visibility: 4, // GPUShaderStage.COMPUTE
      buffer: { type: 'storage' as const },
    }));
    const made = this.#gpu.createBindGroupLayout({ entries });
    this.#layouts.set(bindings, made);
    return made;
  }

  /** @throws DeviceError when the device refuses the code. */
  pipeline(kernel: PlanKernel, bindings: number): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(kernel.code);
    if (known) return known;
    const made = this.#compile(kernel, bindings);
    this.#pipelines.set(kernel.code, made);
    return made;
  }

  async #compile(kernel: PlanKernel, bindings: number): Promise<GPUComputePipeline> {
    const gpu = this.#gpu;
    const layout = gpu.createPipelineLayout({ bindGroupLayouts: [this.layout(bindings)] });
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ code: kernel.code });
    const refusal = gpu.popErrorScope();
    const created = gpu.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } });
    try {
      const [pipeline] = await this.#wait(Promise.all([created, refusal]));
      return pipeline;
    } catch (cause) {
      const reason = (await refusal)?.message ?? (cause instanceof Error ? cause.message : String(cause));
      throw new DeviceError(`the device refuses kernel ${kernel.name}: ${firstLines(reason)}`, { cause });
    }
  }
}

function firstLines(text: string): string {
  return text.trim().split('\n').slice(0, 12).join('\n');
}
