// Takes: the JSON header of a safetensors file and the size of its data. Gives: the tensors' places and the metadata.
// Promises: every tensor lies inside the data, has the bytes its shape asks for, and shares none with another.
import { UserError } from '../user-error.ts';

/** Bits of an element, by the name of its type. */
const bits = {
  F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8,
  BOOL: 8, U8: 8, I8: 8, I16: 16, U16: 16, F16: 16, BF16: 16,
  I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64,
} as const; // prettier-ignore

export type Dtype = keyof typeof bits;

export interface HeaderEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes [begin, end) of the data. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function sizesOf(value: unknown): readonly number[] | null {
  if (!Array.isArray(value)) return null;
  return value.every((size) => Number.isSafeInteger(size) && size >= 0) ? (value as readonly number[]) : null;
}

function parseEntry(path: string, name: string, value: unknown): HeaderEntry {
  const fields = fieldsOf(value);
  const shape = sizesOf(fields?.['shape']);
  const [begin, end] = sizesOf(fields?.['data_offsets']) ?? [];
  const dtype = fields?.['dtype'];
  if (!shape || begin === undefined || end === undefined || typeof dtype !== 'string') {
    throw new UserError(`${path} is damaged: the header's entry of ${name} has no dtype, shape and data_offsets`);
  }
  if (!isDtype(dtype)) throw new UserError(`${path}: ${name} is of type ${dtype}, which is no known type`);
  const bytes = shape.reduce((product, size) => product * size, bytesOf(dtype));
  if (end - begin !== bytes) {
    throw new UserError(`${path} is damaged: ${name} is ${dtype} [${shape.join(', ')}], but has ${end - begin} bytes`);
  }
  return { dtype, shape, begin, end };
}

function isDtype(dtype: string): dtype is Dtype {
  return Object.hasOwn(bits, dtype);
}

/** Bytes of an element. */
export function bytesOf(dtype: Dtype): number {
  return bits[dtype] / 8;
}

function parseMetadata(path: string, value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const fields = fieldsOf(value);
  if (!fields || Object.values(fields).some((text) => typeof text !== 'string')) {
    throw new UserError(`${path} is damaged: its metadata is not text by name`);
  }
  return fields as Readonly<Record<string, string>>;
}

function parseJson(path: string, text: string): Fields {
  try {
    const header = fieldsOf(JSON.parse(text));
    if (header) return header;
  } catch {
    // Reported below.
  }
  throw new UserError(`${path} is no safetensors file: its header is not a JSON object`);
}

/** The tensors must fill the data without gap or overlap, as the format asks. */
function checkLayout(path: string, entries: ReadonlyMap<string, HeaderEntry>, dataBytes: number): void {
  let expected = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, x], [, y]) => x.begin - y.begin || x.end - y.end)) {
    if (begin !== expected)
      throw new UserError(`${path} is damaged: ${name} starts at byte ${begin} of the data, not ${expected}`);
    expected = end;
  }
  if (expected > dataBytes) {
    throw new UserError(`${path} is cut off: its tensors take ${expected} bytes, ${dataBytes} are there`);
  }
  if (expected < dataBytes)
    throw new UserError(`${path} is damaged: ${dataBytes - expected} bytes after its last tensor`);
}

/** @throws UserError when the header is not one, or does not fit data of `dataBytes` bytes. */
export function parseHeader(path: string, text: string, dataBytes: number): Header {
  const { __metadata__, ...rest } = parseJson(path, text);
  const metadata = parseMetadata(path, __metadata__);
  const entries = new Map(Object.entries(rest).map(([name, value]) => [name, parseEntry(path, name, value)]));
  checkLayout(path, entries, dataBytes);
  return { entries, metadata };
}
