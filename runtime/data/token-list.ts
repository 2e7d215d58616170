// Takes: tokens, some at a time. Gives: all of them, in one array.
// Promises: as narrow as the vocabulary allows; grows by doubling.
import type { Tokens } from './batches.ts';

export class TokenList {
  #array: Tokens;
  length = 0;

  /** `vocab`: one above the largest token. */
  constructor(vocab: number) {
    this.#array = vocab <= 0x100 ? new Uint8Array(1 << 12) : vocab <= 0x10000 ? new Uint16Array(1 << 12) : new Uint32Array(1 << 12); // prettier-ignore
  }

  push(tokens: ArrayLike<number>): void {
    const needed = this.length + tokens.length;
    if (needed > this.#array.length) this.#grow(Math.max(needed, this.#array.length * 2));
    this.#array.set(tokens, this.length);
    this.length = needed;
  }

  get tokens(): Tokens {
    return this.#array.subarray(0, this.length);
  }

  #grow(length: number): void {
    const { tokens } = this;
    const larger = tokens instanceof Uint8Array ? new Uint8Array(length) : tokens instanceof Uint16Array ? new Uint16Array(length) : new Uint32Array(length); // prettier-ignore
    larger.set(tokens);
    this.#array = larger;
  }
}
