// Takes: bytes as they are generated and texts to stop at. Gives: the bytes that may be shown.
// Promises: never shows a part of a stop text; shows everything else as soon as it is certain.

export class StopFilter {
  readonly #stops: readonly Uint8Array[];
  #held: number[] = [];
  stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0).map((stop) => new TextEncoder().encode(stop));
  }

  /** Bytes that are now certain to be shown. Sets `stopped` when a stop text is complete. */
  push(byte: number): number[] {
    this.#held.push(byte);
    for (const stop of this.#stops) {
      if (endsWith(this.#held, stop, stop.length)) {
        this.stopped = true;
        return this.#held.splice(0).slice(0, -stop.length);
      }
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => longestOverlap(this.#held, stop)));
    return this.#held.splice(0, this.#held.length - keep);
  }

  /** What was held back and turned out to be no stop text. */
  finish(): number[] {
    return this.#held.splice(0);
  }
}

/** Length of the longest proper prefix of `stop` that `bytes` ends with. */
function longestOverlap(bytes: readonly number[], stop: Uint8Array): number {
  for (let length = Math.min(bytes.length, stop.length - 1); length > 0; length--) {
    if (endsWith(bytes, stop, length)) return length;
  }
  return 0;
}

function endsWith(bytes: readonly number[], stop: Uint8Array, length: number): boolean {
  if (bytes.length < length) return false;
  const start = bytes.length - length;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== stop[i]) return false;
  return true;
}
