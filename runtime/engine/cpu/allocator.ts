// Takes: sizes in bytes.
// Gives: places in one memory that grows at its end.
// Promises: places are disjoint and start at multiples of 256; what is given back is joined with its free neighbours and
// is taken first, the smallest place that fits.

export const alignment = 256;

interface Block {
  readonly start: number;
  readonly size: number;
}

export class Allocator {
  /** By address, no two adjacent. */
  readonly #free: Block[] = [];
  readonly #taken = new Map<number, number>();
  readonly #start: number;
  #end: number;

  /** Places lie from `start` on. */
  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** All places lie below. */
  get end(): number {
    return this.#end;
  }

  /** Bytes in places that are taken. */
  get used(): number {
    return this.#end - this.#start - this.#free.reduce((sum, { size }) => sum + size, 0);
  }

  /** The address, or null when the end would come to lie above `limit`. */
  take(bytes: number, limit: number): number | null {
    const size = Math.ceil(Math.max(bytes, 1) / alignment) * alignment;
    const place = this.#takeFree(size) ?? this.#takeEnd(size, limit);
    if (place !== null) this.#taken.set(place, size);
    return place;
  }

  /** Does nothing where no place is taken. */
  give(address: number): void {
    const size = this.#taken.get(address);
    if (size === undefined) return;
    this.#taken.delete(address);
    const after = this.#free.findIndex(({ start }) => start > address);
    const at = after < 0 ? this.#free.length : after;
    const before = this.#free[at - 1];
    const behind = this.#free[at];
    const joinBefore = before !== undefined && before.start + before.size === address;
    const joinBehind = behind !== undefined && address + size === behind.start;
    const start = joinBefore ? before.start : address;
    const end = joinBehind ? behind.start + behind.size : address + size;
    const first = joinBefore ? at - 1 : at;
    this.#free.splice(first, (joinBefore ? 1 : 0) + (joinBehind ? 1 : 0), { start, size: end - start });
    this.#shrink();
  }

  #takeFree(size: number): number | null {
    let best = -1;
    this.#free.forEach((block, index) => {
      if (block.size >= size && block.size < (this.#free[best]?.size ?? Infinity)) best = index;
    });
    const block = this.#free[best];
    if (!block) return null;
    const rest = block.size - size;
    this.#free.splice(best, 1, ...(rest > 0 ? [{ start: block.start + size, size: rest }] : []));
    return block.start;
  }

  #takeEnd(size: number, limit: number): number | null {
    const start = this.#end;
    if (start + size > limit) return null;
    this.#end = start + size;
    return start;
  }

  /** A free block at the end is no longer a place. */
  #shrink(): void {
    const last = this.#free.at(-1);
    if (last === undefined || last.start + last.size !== this.#end) return;
    this.#free.pop();
    this.#end = last.start;
  }
}
