// Takes: numbers from the host, and bytes from the device.
// Gives: the bytes to write for a storage type, and typed arrays from bytes read.
// Promises: f32, i32 and u32 are copied as they are; f16 is rounded to nearest even from f32.
import type { PlanTensor, StorageType } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';

export type TensorData = Float32Array | Int32Array | Uint32Array;

type Described = Pick<PlanTensor, 'name' | 'type' | 'shape'>;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** The tensor's bytes, padded to a multiple of 4. @throws DeviceError when type or length do not fit the tensor. */
export function toBytes(tensor: Described, data: TensorData): Uint8Array {
  const count = elementCount(tensor.shape);
  if (data.length !== count) {
    throw new DeviceError(`tensor ${tensor.name} [${tensor.shape.join(', ')}] holds ${count} numbers; ${data.length} were written`); // prettier-ignore
  }
  if (hostType[tensor.type] !== typeOf(data)) {
    throw new DeviceError(`tensor ${tensor.name} is ${tensor.type}; ${typeOf(data)} numbers were written`);
  }
  if (tensor.type !== 'f16') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const halves = new Uint16Array(count + (count % 2));
  const bits = new Uint32Array(data.buffer, data.byteOffset, count);
  for (let i = 0; i < count; i++) halves[i] = halfOf(bits[i] ?? 0);
  return new Uint8Array(halves.buffer);
}

/** f16 comes back as f32. */
export function fromBytes(tensor: Described, bytes: ArrayBuffer): TensorData {
  const count = elementCount(tensor.shape);
  if (tensor.type === 'i32') return new Int32Array(bytes, 0, count);
  if (tensor.type === 'u32') return new Uint32Array(bytes, 0, count);
  if (tensor.type === 'f32') return new Float32Array(bytes, 0, count);
  return Float32Array.from(new Uint16Array(bytes, 0, count), fromHalf);
}

/** Numbers as a tensor's type wants them. */
export function dataOf(type: StorageType, values: readonly number[]): TensorData {
  if (type === 'i32') return Int32Array.from(values);
  if (type === 'u32') return Uint32Array.from(values);
  return Float32Array.from(values);
}

const hostType: Readonly<Record<StorageType, 'f32' | 'i32' | 'u32'>> = { f32: 'f32', f16: 'f32', i32: 'i32', u32: 'u32' }; // prettier-ignore

function typeOf(data: TensorData): 'f32' | 'i32' | 'u32' {
  if (data instanceof Float32Array) return 'f32';
  return data instanceof Int32Array ? 'i32' : 'u32';
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** IEEE 754 binary16 of an f32, rounded to nearest, ties to even. */
export function toHalf(value: number): number {
  word[0] = value;
  return halfOf(wordBits[0] ?? 0);
}

/** Of the bits of an f32. A carry out of the mantissa is the next exponent, out of the last one infinity. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and beyond
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  wordBits[0] = magnitude;
  return sign | roundEven((word[0] ?? 0) * 2 ** 24); // subnormal: units of 2^-24
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest === 0.5) return low + (low % 2);
  return rest > 0.5 ? low + 1 : low;
}
