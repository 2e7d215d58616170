// Takes: programs of fused groups. Gives: what their kernels leave in the tensors, group by group: WGSL on a WebGPU device, and
// WebAssembly on this thread.
// Promises: one device per test file; every group is one dispatch, every tensor a buffer of its own.
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScalarType } from '../../compiler/3-graph/types.ts';
import { constantValues } from '../../compiler/3-graph/evaluate/constants.ts';
import type { Group, Program, ProgramTensor } from '../../compiler/5-optimize/groups.ts';
import { assembleKernel } from '../../compiler/6-kernels/wgsl/assemble.ts';
import type { AssembledKernel } from '../../compiler/6-kernels/kernel.ts';
import type { WgslPart } from '../../compiler/6-kernels/wgsl/wgsl-part.ts';
import { lowerGroup, withoutUnused } from '../../compiler/6-kernels/wgsl/lower-group.ts';
import type { WebGpuTarget } from '../../compiler/7-plan/plan.ts';
import { oracleOf, worst, type Values } from '../compiler/6-kernels/oracle.ts';
import { plainTarget, runOnWasm } from '../compiler/6-kernels/wasm/run-program.ts';
import type { GpuDevice } from '../../runtime/engine/gpu/device.ts';
import { fromHalf, toHalf } from '../../runtime/engine/data/tensor-data.ts';
import { openTestDevice } from './device.ts';

// Flags of the WebGPU specification: Node has no such globals.
const usages = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, STORAGE: 0x80 } as const;
const READ = 0x1;

export interface TestDevice {
  readonly engine: GpuDevice;
  readonly target: WebGpuTarget;
}

/** Opens the device before the tests of a file, closes it after; `device()` inside tests. */
export function useDevice(): () => TestDevice {
  let engine: GpuDevice | undefined;
  beforeAll(async () => {
    engine = await openTestDevice();
  });
  afterAll(() => engine?.close());
  return () => {
    if (!engine) throw new Error('the device is opened in beforeAll: ask for it inside a test');
    return { engine, target: engine.target };
  };
}

export interface RunOptions {
  /** Schedules for another kind of device than the one at hand. */
  readonly software?: boolean;
  readonly lower?: (program: Program, group: Group, target: WebGpuTarget) => WgslPart;
  /** WGSL to run in place of that of a kernel. */
  readonly rewrite?: (code: string) => string;
}

/** Runs the program once. As `evaluateProgram`: gives every tensor but the temporaries and constants. */
export async function runProgram(
  { engine, target }: TestDevice,
  program: Program,
  values: Values,
  options: RunOptions = {},
): Promise<Map<string, Float64Array>> {
  const { gpu } = engine;
  const aimed = { ...target, software: options.software ?? target.software };
  const buffers = new Map(program.tensors.map((tensor) => [tensor.id, makeBuffer(gpu, tensor, values)]));
  const encoder = gpu.createCommandEncoder();
  for (const group of program.groups) {
    const part = withoutUnused((options.lower ?? lowerGroup)(program, group, aimed));
    const kernel = assembleKernel([part], program, (tensor) => part.tensors.indexOf(tensor), aimed);
    const { rewrite = (code) => code } = options;
    await encode(gpu, encoder, { ...kernel, code: rewrite(kernel.code) }, part, buffers);
  }
  const named = program.tensors.filter(({ role }) => role !== 'temporary' && role !== 'constant');
  const reads = named.map((tensor) => ({ tensor, copy: copyOut(gpu, encoder, buffers.get(tensor.id)) }));
  gpu.queue.submit([encoder.finish()]);
  const results = new Map<string, Float64Array>();
  for (const { tensor, copy } of reads) {
    await copy.mapAsync(READ);
    results.set(tensor.name, decode(tensor, copy.getMappedRange()));
    copy.destroy();
  }
  for (const buffer of buffers.values()) buffer.destroy();
  engine.raise();
  return results;
}

async function encode(
  gpu: GPUDevice,
  encoder: GPUCommandEncoder,
  kernel: AssembledKernel,
  part: WgslPart,
  buffers: ReadonlyMap<number, GPUBuffer>,
): Promise<void> {
  gpu.pushErrorScope('validation');
  const pipeline = pipelineOf(gpu, kernel.code);
  const entries = part.tensors.flatMap((tensor, binding) => {
    const buffer = buffers.get(tensor);
    return buffer ? [{ binding, resource: { buffer } }] : [];
  });
  const bindGroup = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const fault = await gpu.popErrorScope();
  if (fault) throw new Error(`${part.name}: ${fault.message}\n${kernel.code}`);
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...kernel.workgroups);
  pass.end();
}

/** Pipelines are dear on software adapters, and layers of a model share them. */
const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(gpu: GPUDevice, code: string): GPUComputePipeline {
  const known = pipelines.get(gpu) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(gpu, known);
  const found = known.get(code);
  if (found) return found;
  const module = gpu.createShaderModule({ code });
  const made = gpu.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  known.set(code, made);
  return made;
}

const elements = (tensor: ProgramTensor): number => tensor.dims.reduce((count, dim) => count * dim.size, 1);

function makeBuffer(gpu: GPUDevice, tensor: ProgramTensor, values: Values): GPUBuffer {
  const given = tensor.data ? constantValues(tensor.data) : values.get(tensor.name);
  const usage = usages.STORAGE | usages.COPY_DST | usages.COPY_SRC;
  const data = encodeValues(tensor.type, given ?? new Float64Array(elements(tensor)));
  const buffer = gpu.createBuffer({ size: Math.max(4, Math.ceil(data.byteLength / 4) * 4), usage });
  // What nobody writes shows: temporaries and outputs start as NaN, or as a great number.
  if (!given && (tensor.role === 'temporary' || tensor.role === 'output')) data.fill(255);
  gpu.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

function encodeValues(type: ScalarType, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  if (type === 'f16') {
    const halves = new Uint16Array(2 * Math.ceil(values.length / 2));
    halves.set(Array.from(values, toHalf));
    return new Uint8Array(halves.buffer);
  }
  const array = type === 'f32' ? Float32Array.from(values) : type === 'i32' ? Int32Array.from(values) : Uint32Array.from(values); // prettier-ignore
  return new Uint8Array(array.buffer);
}

function copyOut(gpu: GPUDevice, encoder: GPUCommandEncoder, source: GPUBuffer | undefined): GPUBuffer {
  if (!source) throw new Error('a tensor without a buffer');
  const copy = gpu.createBuffer({ size: source.size, usage: usages.MAP_READ | usages.COPY_DST });
  encoder.copyBufferToBuffer(source, 0, copy, 0, source.size);
  return copy;
}

function decode(tensor: ProgramTensor, bytes: ArrayBuffer): Float64Array {
  const { type } = tensor;
  if (type === 'f16') return Float64Array.from(new Uint16Array(bytes, 0, elements(tensor)), fromHalf);
  const array = type === 'f32' ? new Float32Array(bytes) : type === 'i32' ? new Int32Array(bytes) : new Uint32Array(bytes); // prettier-ignore
  return Float64Array.from(array);
}

/**
 * Runs the program on the device, in WebAssembly (unless the options are about WGSL) and by the oracle, which sees the same
 * f32 inputs, and compares every named tensor: |kernel - oracle| <= absolute + relative * |oracle|; integers exactly.
 */
export async function expectMatch(
  device: TestDevice,
  program: Program,
  values: Values,
  tolerance: { readonly relative?: number; readonly absolute?: number } = {},
  options: RunOptions = {},
): Promise<void> {
  const types = new Map(program.tensors.map(({ name, type }) => [name, type]));
  const { rounded, expected } = oracleOf(program, values);
  const results: [string, Map<string, Float64Array>][] = [
    ['WGSL', await runProgram(device, program, rounded, options)],
  ];
  if (options.software === undefined && !options.lower && !options.rewrite) {
    results.push(['WebAssembly', runOnWasm(program, rounded)], ['without relaxed SIMD', runOnWasm(program, rounded, { target: plainTarget, range: 3 })]); // prettier-ignore
  }
  for (const [name, oracle] of expected) {
    const exact = types.get(name) === 'i32' || types.get(name) === 'u32' || types.get(name) === 'bool';
    const { relative = 1e-6, absolute = 1e-7 } = exact ? { relative: 0, absolute: 0 } : tolerance;
    for (const [target, actual] of results)
      expect(worst(actual.get(name) ?? new Float64Array(), oracle, relative, absolute), `${name}, ${target}`).toBe('equal'); // prettier-ignore
  }
}
