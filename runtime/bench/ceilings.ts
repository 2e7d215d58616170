// Takes: a device. Gives: the bandwidth and the products it reaches at best.
// Promises: measured by kernels of the compiler itself, on tensors that no cache holds where memory is meant.
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { Executable } from '../engine/executable.ts';
import { Session } from '../engine/session.ts';
import type { Graph } from '../../compiler/3-graph/ops.ts';
import { copyGraph, type ElementType, matmulGraph, type MatmulSize } from './graphs.ts';
import { fillInputs } from './random-data.ts';
import type { Ceilings, MatmulResult } from './result.ts';
import { simdCeiling } from './simd-ceiling.ts';
import { kernelMs, openFence, timeRuns, type Timing } from './timing.ts';

export interface Settings {
  readonly device: EngineDevice;
  readonly type: ElementType;
  /** Of every measurement, about. */
  readonly seconds: number;
  readonly report: (line: string) => void;
}

/** What is large for the device: a GPU, the CPU, or WebGPU on the CPU. */
export type Scale = 'hardware' | 'cpu' | 'software';

export function scaleOf({ target }: EngineDevice): Scale {
  if (target.kind === 'wasm') return 'cpu';
  return target.software ? 'software' : 'hardware';
}

const mebibyte = 2 ** 20;
const copyBytes: Readonly<Record<Scale, number>> = { hardware: 512 * mebibyte, cpu: 64 * mebibyte, software: 16 * mebibyte }; // prettier-ignore
const squares: Readonly<Record<Scale, readonly number[]>> = { hardware: [2048, 4096, 8192], cpu: [512, 1024], software: [256, 512] }; // prettier-ignore

/** `also`: one more product that may be the best. @throws DeviceError */
export async function measureCeilings(settings: Settings, also: MatmulResult | null): Promise<Ceilings> {
  const { device, report } = settings;
  report('ceilings: copy bandwidth');
  const copy = await measureCopy(settings);
  const products = also ? [also] : [];
  for (const n of squares[scaleOf(device)]) {
    if (products.some(({ size }) => size.m === n && size.n === n && size.k === n)) continue;
    report(`ceilings: product of ${n} x ${n}, ${settings.type}`);
    // oxlint-disable-next-line no-await-in-loop -- one after another is the point
    products.push(await measureMatmul(settings, { m: n, n, k: n }));
  }
  const matmul = products.reduce((best, each) => (each.flopsPerSecond > best.flopsPerSecond ? each : best));
  const { target } = device;
  return { copy, matmul, simdFlopsPerSecond: target.kind === 'wasm' ? simdCeiling() * 1e9 * target.threads : null };
}

async function measureCopy(settings: Settings): Promise<Ceilings['copy']> {
  const { target } = settings.device;
  const most = copyBytes[scaleOf(settings.device)];
  const half = Math.floor(Math.min(most, target.maxBindingBytes, target.maxBufferBytes ?? Infinity) / 4096) * 4096;
  const { ms } = await measureGraph(settings, copyGraph(half / 4));
  return { bytes: 2 * half, ms, bytesPerSecond: (2 * half * 1000) / ms };
}

export async function measureMatmul(settings: Settings, size: MatmulSize): Promise<MatmulResult> {
  const { type } = settings;
  const timed = await measureGraph(settings, matmulGraph(size, type));
  const flops = 2 * size.m * size.n * size.k;
  return { type, size, flops, flopsPerSecond: (flops * 1000) / timed.ms, ...timed };
}

/** The whole of a graph with its inputs filled; `look` sees the plan before it is freed. */
export async function measureGraph(
  { device, seconds }: Settings,
  graph: Graph,
  look: (executable: Executable) => Promise<void> = () => Promise.resolve(),
): Promise<Timing & { readonly kernelMs: number | null }> {
  const session = new Session(device);
  try {
    const fence = await openFence(session);
    const executable = await session.load(compileGraph(graph, {}, { target: device.target }));
    fillInputs(executable);
    const timing = await timeRuns(() => executable.run(), fence, { seconds, repeats: 5 });
    const kernels = await kernelMs(executable, device);
    await look(executable);
    return { ...timing, kernelMs: kernels };
  } finally {
    session.destroy();
  }
}
