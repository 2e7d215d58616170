// Takes: the tensors of a program and how many bytes of one a kernel may see. Gives: windows of those that are larger.
// Promises: a window is whole rows of the slowest dim that has more than one, and starts where a binding may.
import type { Axis, ProgramTensor } from '../../5-optimize/groups.ts';
import { invariant } from '../../diagnostics.ts';
import { alignment } from '../memory/arena.ts';
import { elementBytes, tensorBytes } from '../storage.ts';

export class WindowTable {
  /** Those of the program, then the windows. */
  readonly tensors: ProgramTensor[];
  /** Tensors one group may bind. */
  readonly maxTensors: number;
  private readonly most: number;
  private readonly known = new Map<string, number>();

  constructor(tensors: readonly ProgramTensor[], most: number, maxTensors: number) {
    this.tensors = [...tensors];
    this.maxTensors = maxTensors;
    this.most = most;
  }

  tensor(id: number): ProgramTensor {
    const tensor = this.tensors[id];
    invariant(tensor, `no tensor ${id}`);
    return tensor;
  }

  isLarge(id: number): boolean {
    return tensorBytes(this.tensor(id)) > this.most;
  }

  /** Whether a kernel may see all of an f32 tensor of such dims. */
  fits(dims: readonly Axis[]): boolean {
    return dims.reduce((bytes, { size }) => bytes * size, 4) <= this.most;
  }

  /** A temporary, f32. */
  add(name: string, dims: readonly Axis[]): number {
    const id = this.tensors.length;
    this.tensors.push({ id, name, role: 'temporary', type: 'f32', dims });
    return id;
  }

  /** The place of the dim that windows cut: the slowest that has rows to cut. */
  dimOf(id: number): number {
    return this.tensor(id).dims.findIndex(({ size }) => size > 1);
  }

  /** Rows of a window, of which whole multiples are `unit`; 0 rows where none may start at a multiple of 256 bytes. */
  rowsOf(id: number): { readonly rows: number; readonly unit: number } {
    const tensor = this.tensor(id);
    const row = tensor.dims.slice(this.dimOf(id) + 1).reduce((bytes, { size }) => bytes * size, elementBytes(tensor));
    const unit = alignment / greatestCommonDivisor(alignment, row);
    // A row that is too large itself is cut again, along the next dim.
    return { rows: row > this.most && unit === 1 ? 1 : Math.floor(this.most / (row * unit)) * unit, unit };
  }

  /** Rows [start, start + rows) of a tensor, or of a window. */
  windowOf(id: number, start: number, rows: number): number {
    const key = `${id} ${start} ${rows}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { window, name, type, dims } = this.tensor(id);
    const at = this.dimOf(id);
    const row = dims.slice(at + 1).reduce((count, { size }) => count * size, 1);
    const made = this.tensors.length;
    this.tensors.push({
      id: made,
      name: `${name}[${start}..${start + rows})`,
      role: 'temporary',
      type,
      dims: dims.map((dim, i) => (i === at ? { ...dim, size: rows } : dim)),
      window: { of: window?.of ?? id, start: (window?.start ?? 0) + start * row },
    });
    this.known.set(key, made);
    return made;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
