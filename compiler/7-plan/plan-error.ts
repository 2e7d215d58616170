// Takes: a program that does not fit the target. Gives: the error that says which limit stops it, and what would help.
// Promises: the user's fault or the machine's, never a bug: the numbers are in the sentence.
import type { ProgramTensor } from '../5-optimize/groups.ts';
import type { Target, WasmTarget } from './plan.ts';

export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly code: 'tensor-too-large' | 'too-many-workgroups' | 'too-much-memory' | 'over-limit';
  /** What to do. */
  readonly fix: string;

  constructor(code: PlanError['code'], message: string, fix: string) {
    super(`${message}\n${fix}`);
    this.code = code;
    this.fix = fix;
  }
}

/** `of`: what it is too large for. A kernel that needs all of it at once cannot be cut into parts. */
export function tensorTooLarge(
  tensor: ProgramTensor,
  bytes: number,
  target: Target,
  of: 'binding' | 'buffer',
): PlanError {
  const dims = tensor.dims.map((dim) => `${dim.name} ${dim.size}`).join(', ');
  const { maxBindingBytes, maxBufferBytes = maxBindingBytes } = target;
  const limits = {
    binding: `this adapter lets a kernel see at most ${formatBytes(maxBindingBytes)} of one tensor, and one needs all of it`,
    buffer: `this adapter has buffers of at most ${formatBytes(maxBufferBytes)}`,
    wasm: `the addresses of WebAssembly reach at most ${formatBytes(maxBindingBytes)} of one tensor`,
  };
  const message =
    `tensor ${tensor.name} [${dims}] of ${tensor.type} takes ${formatBytes(bytes)}, ` +
    `but ${limits[target.kind === 'wasm' ? 'wasm' : of]}`;
  const names = new Set(tensor.dims.map((dim) => dim.name));
  const advice = [
    names.has('batch') ? 'a smaller batch' : '',
    names.has('seq') || names.has('key') || names.has('past') ? 'a shorter context' : '',
    names.has('vocab') ? 'a smaller vocabulary' : '',
    target.kind === 'webgpu' && target.software ? 'a hardware adapter (GPUs allow 2 GiB and more)' : '',
  ].filter((one) => one !== '');
  return new PlanError('tensor-too-large', message, `what helps: ${advice.join(', or ') || 'a smaller model'}`);
}

export function tooMuchMemory(plan: string, bytes: number, target: WasmTarget): PlanError {
  return new PlanError(
    'too-much-memory',
    `the plan ${plan} takes ${formatBytes(bytes)}, but the 32-bit addresses of WebAssembly reach ${formatBytes(target.maxTotalBytes)}`,
    'what helps: a smaller batch or a shorter context, `accumulate` in the train block, or a GPU',
  );
}

/** `none`, `all`: bytes of the run with no block computed again, and with all. */
export function overLimit(limit: number, none: number, all: number): PlanError {
  const without = Number.isFinite(none) ? `${formatBytes(none)} without` : 'more than there is without';
  return new PlanError(
    'over-limit',
    `recompute = auto(${formatBytes(limit)}): with every layer computed again the run takes ${formatBytes(all)}, ${without}`,
    `what helps: a limit of at least ${formatBytes(all)}, \`accumulate\` (smaller parts of a batch), a smaller batch, or a shorter seq`,
  );
}

export function tooManyWorkgroups(kernel: string, workgroups: number, target: Target): PlanError {
  const most = target.maxWorkgroupsPerDimension ** 2;
  return new PlanError(
    'too-many-workgroups',
    `kernel ${kernel} needs ${workgroups} workgroups, but this adapter runs at most ${most} in one dispatch`,
    'what helps: a smaller batch, or a shorter context',
  );
}

/** 1536 -> `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(4))} ${units[power] ?? ''}`;
}
