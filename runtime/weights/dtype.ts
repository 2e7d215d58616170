// Takes: numbers as they lie in a safetensors file. Gives: f32, and back.
// Promises: widening is exact, subnormals and infinities too; narrowing rounds to the nearest, ties to even.
import type { WeightDtype } from './weight-source.ts';

export const weightDtypes: readonly WeightDtype[] = ['F32', 'F16', 'BF16'];

export function isWeightDtype(dtype: string): dtype is WeightDtype {
  return weightDtypes.some((each) => each === dtype);
}

export const bytesOfWeight = (dtype: WeightDtype): number => (dtype === 'F32' ? 4 : 2);

/** Of every f16, its f32: 65,536 of them. */
let halves: Float32Array | null = null;

function halfTable(): Float32Array {
  if (halves !== null) return halves;
  const table = new Float32Array(2 ** 16);
  for (let bits = 0; bits < table.length; bits++) {
    const [sign, exponent, fraction] = [bits >> 15 === 1 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else table[bits] = sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  }
  halves = table;
  return table;
}

/** A copy that starts at an address typed arrays can have, where the bytes do not. */
function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}

export function widen(dtype: WeightDtype, bytes: Uint8Array): Float32Array {
  const from = aligned(bytes, bytesOfWeight(dtype));
  if (dtype === 'F32') return new Float32Array(from.buffer, from.byteOffset, from.byteLength / 4);
  const bits = new Uint16Array(from.buffer, from.byteOffset, from.byteLength / 2);
  const floats = new Float32Array(bits.length);
  if (dtype === 'BF16') {
    const words = new Uint32Array(floats.buffer);
    for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16;
    return floats;
  }
  const table = halfTable();
  for (let i = 0; i < bits.length; i++) floats[i] = table[bits[i] ?? 0] ?? 0;
  return floats;
}

export function narrow(dtype: WeightDtype, floats: Float32Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const bits = new Uint16Array(floats.length);
  const round = dtype === 'BF16' ? brainBits : halfBits;
  for (let i = 0; i < words.length; i++) bits[i] = round(words[i] ?? 0);
  return new Uint8Array(bits.buffer);
}

/** The same bytes where the type stays. */
export function convert(bytes: Uint8Array, from: WeightDtype, to: WeightDtype): Uint8Array {
  return from === to ? bytes : narrow(to, widen(from, bytes));
}

/** The upper half of the word, rounded. */
function brainBits(word: number): number {
  if ((word & 0x7fff_ffff) > 0x7f80_0000) return (word >>> 16) | 0x40;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

function halfBits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  if (magnitude >= 0x3880_0000) {
    const rebased = magnitude - 0x3800_0000; // the exponent from bias 127 to bias 15
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Below 2^-14 in steps of 2^-24; what is subnormal in f32 is far less than one.
  return sign | roundToEven(((magnitude & 0x7f_ffff) | 0x80_0000) * 2 ** ((magnitude >>> 23) - 126));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
