// Takes: nothing. Gives: what named devices can do at best.
// Promises: dense figures, without sparsity, from the vendors' data sheets; a device of one's own is two or three numbers.

/** Types of the inputs of a matrix product; sums are f32. */
export interface PeakFlops {
  readonly f32: number;
  readonly bf16: number;
  readonly fp8: number;
}

export interface DeviceFigures {
  readonly name: string;
  /** FLOP/s. Where a device has no faster path for a type, the next wider one's. */
  readonly flops: PeakFlops;
  /** Bytes per second of its memory. */
  readonly bandwidth: number;
  /** Bytes of its memory; null: not told. */
  readonly memory: number | null;
}

const [T, GB] = [1e12, 1e9];

function device(name: string, [f32, bf16, fp8]: readonly [number, number, number], bandwidth: number, memory: number): DeviceFigures {
  return { name, flops: { f32: f32 * T, bf16: bf16 * T, fp8: fp8 * T }, bandwidth: bandwidth * T, memory: memory * GB };
} // prettier-ignore

/** TFLOP/s of f32, bf16 (f16 where there is no bf16) and fp8; TB/s; GB. The first whose name starts so is meant. */
export const devices: readonly DeviceFigures[] = [
  // NVIDIA H100 Tensor Core GPU datasheet: halves of the figures with sparsity.
  device('h100-sxm', [66.9, 989.4, 1978.9], 3.35, 80),
  device('h100-pcie', [51.2, 756, 1513], 2.0, 80),
  // NVIDIA H200 datasheet.
  device('h200', [66.9, 989.4, 1978.9], 4.8, 141),
  // An H200 through Dawn's WebGPU, measured: f16 product with subgroup matrices, plain f32 tiles, copy.
  device('h200-webgpu', [37, 284, 284], 4.1, 141),
  // NVIDIA HGX B200: an eighth of the board.
  device('b200', [75, 2250, 4500], 7.7, 180),
  // NVIDIA A100 datasheet.
  device('a100-80', [19.5, 312, 312], 2.039, 80),
  device('a100-40', [19.5, 312, 312], 1.555, 40),
  // NVIDIA L40S, L4, T4, V100 datasheets; T4 and V100 have f16, no bf16.
  device('l40s', [91.6, 362, 733], 0.864, 48),
  device('l4', [30.3, 121, 242.5], 0.3, 24),
  device('t4', [8.1, 65, 65], 0.32, 16),
  device('v100', [15.7, 125, 125], 0.9, 32),
  // NVIDIA Ada, Ampere and Blackwell GeForce white papers: f16 with f32 sums.
  device('rtx5090', [104.8, 209.5, 419], 1.792, 32),
  device('rtx4090', [82.6, 165.2, 330.3], 1.008, 24),
  device('rtx3090', [35.6, 71, 71], 0.936, 24),
  // AMD Instinct MI300X data sheet.
  device('mi300x', [163.4, 1307.4, 2614.9], 5.3, 192),
  // Apple: bandwidth and memory of the largest; 40 cores * 128 lanes * 2 at 1.8 GHz.
  device('m4-max', [18.4, 18.4, 18.4], 0.546, 128),
];

/** `h100`, or `FLOPS,BANDWIDTH[,MEMORY]` in FLOP/s, bytes per second, bytes: `100T,1T,24G`. Null: neither. */
export function deviceNamed(text: string): DeviceFigures | null {
  const known = devices.find(({ name }) => name === text.toLowerCase());
  const begun = known ?? (text === '' ? undefined : devices.find(({ name }) => name.startsWith(text.toLowerCase())));
  if (begun !== undefined) return begun;
  const parts = text.split(',').map(quantity);
  const [flops, bandwidth, memory] = parts;
  if (parts.length > 3 || !flops || !bandwidth || memory === null) return null;
  return { name: text, flops: { f32: flops, bf16: flops, fp8: flops }, bandwidth, memory: memory ?? null };
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

/** `3.35T`, `80e9`; null: no positive number. */
function quantity(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)([KMGTP]?)\s*$/i.exec(text);
  const value = Number(match?.[1]) * (units[(match?.[2] ?? '').toUpperCase()] ?? NaN);
  return value > 0 ? value : null;
}
