import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../runtime/data/safetensors.ts';
import type { SafetensorsTensor } from '../../../runtime/data/safetensors.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  path = join(folder, 'file.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true }));

const tensors = new Map<string, SafetensorsTensor>([
  ['a', { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 4, 5, Number.NaN) }],
  ['step', { dtype: 'U32', shape: [], data: Uint32Array.of(0xffffffff) }],
  ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
  // A view into the middle of a buffer.
  ['tokens', { dtype: 'I32', shape: [3], data: Int32Array.of(9, -1, 0, 7, 9).subarray(1, 4) }],
]);

/** A file with this header and so many bytes of data. */
function writeRaw(header: unknown, dataBytes: number): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
}

describe('safetensors', () => {
  it('reads what it wrote', async () => {
    await writeSafetensors(path, tensors, { format: 'test', text: 'ä "quoted"\n' });
    const read = await readSafetensors(path);
    expect(read.metadata).toEqual({ format: 'test', text: 'ä "quoted"\n' });
    expect(read.tensors).toEqual(tensors);
    expect(readdirSync(folder)).toEqual(['file.safetensors']);
  });

  it('lays the file out as the format says', async () => {
    await writeSafetensors(path, new Map([['x', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]));
    const bytes = readFileSync(path);
    const headerBytes = Number(bytes.readBigUInt64LE(0));
    expect(headerBytes % 8).toBe(0);
    expect(JSON.parse(bytes.subarray(8, 8 + headerBytes).toString())).toEqual({
      __metadata__: {},
      x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    });
    expect(bytes.readFloatLE(8 + headerBytes)).toBe(1);
  });

  it('leaves the old file when writing fails', async () => {
    await writeSafetensors(path, tensors, { version: 'old' });
    const wrong = new Map<string, SafetensorsTensor>([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1) }]]);
    await expect(writeSafetensors(path, wrong, {})).rejects.toThrow('tensor a is F32 [2], but has 1 values');
    expect((await readSafetensors(path)).metadata).toEqual({ version: 'old' });
    await expect(writeSafetensors(join(folder, 'none', 'x'), tensors)).rejects.toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual(['file.safetensors']);
  });

  it('says that a file is missing by ENOENT', async () => {
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([1, 7, 9, 100, -1])('refuses a file cut to %i bytes', async (bytes) => {
    await writeSafetensors(path, tensors);
    const size = readFileSync(path).length;
    truncateSync(path, bytes < 0 ? size + bytes : bytes);
    await expect(readSafetensors(path)).rejects.toThrow(/file\.safetensors (is cut off|is no safetensors file)/);
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  it.each([
    ['no JSON', '{"a": ', 0, 'its header is not a JSON object'],
    ['a list', [], 0, 'its header is not a JSON object'],
    [
      'an entry without a shape',
      { a: { ...entry, shape: undefined } },
      8,
      "the header's entry of a has no dtype, shape",
    ],
    ['a negative size', { a: { ...entry, shape: [-2] } }, 8, "the header's entry of a has no dtype, shape"],
    [
      'a type it cannot read',
      { a: { ...entry, dtype: 'BF16', data_offsets: [0, 4] } },
      4,
      'a is of type BF16; F32, I32 and U32 can be read',
    ],
    ['a type nobody knows', { a: { ...entry, dtype: 'F12' } }, 8, 'a is of type F12, which is no known type'],
    ['bytes that do not fit the shape', { a: { ...entry, shape: [3] } }, 8, 'a is F32 [3], but has 8 bytes'],
    ['overlapping tensors', { a: entry, b: entry }, 8, 'b starts at byte 0 of the data, not 8'],
    ['a gap', { a: { ...entry, data_offsets: [4, 12] } }, 12, 'a starts at byte 4 of the data, not 0'],
    ['too little data', { a: entry }, 7, 'its tensors take 8 bytes, 7 are there'],
    ['too much data', { a: entry }, 9, '1 bytes after its last tensor'],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, 'its metadata is not text by name'],
  ])('refuses %s', async (_, header, dataBytes, message) => {
    writeRaw(header, dataBytes);
    await expect(readSafetensors(path)).rejects.toThrow(message);
  });

  it('refuses a foreign file', async () => {
    writeFileSync(path, 'GGUF, or a text that is longer than eight bytes');
    await expect(readSafetensors(path)).rejects.toThrow('is no safetensors file, or cut off in its header');
  });
});
