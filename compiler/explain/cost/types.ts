// Takes: nothing. Gives: how wide a number is in memory.
// Promises: scales of quantised numbers are left out.

/** Bytes. */
export const numberBytes = { f32: 4, bf16: 2, fp8: 1, int4: 0.5 } as const;
export type NumberType = keyof typeof numberBytes;
