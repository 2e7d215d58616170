// Takes: random tensors and steps of weight maps. Gives: parameters, and the tensors again.
// Promises: reading agrees with the definition element by element; writing what was read changes no byte.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightEntry, WeightStep } from '../../../compiler/2-check/model.ts';
import { bytesOfWeight } from '../../../runtime/weights/dtype.ts';
import { type RawTensor, readEntry, writeTensor } from '../../../runtime/weights/steps.ts';
import type { WeightDtype } from '../../../runtime/weights/weight-source.ts';

type Step<K extends WeightStep['kind']> = Extract<WeightStep, { kind: K }>;

const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);

/** A tensor whose elements are told apart by their bits. */
function numbered(dtype: WeightDtype, shape: readonly number[], first = 0): RawTensor {
  const size = bytesOfWeight(dtype);
  const bytes = new Uint8Array(product(shape) * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < product(shape); i++) {
    // Among them NaNs with a payload, infinities, subnormals.
    if (size === 2) view.setUint16(2 * i, (0x7bfe + first + i) & 0xffff, true);
    else view.setUint32(4 * i, (0x7f7f_fffe + 977 * (first + i)) >>> 0, true);
  }
  return { dtype, shape, bytes };
}

const element = ({ dtype, bytes }: RawTensor, i: number): string => {
  const size = bytesOfWeight(dtype);
  return Buffer.from(bytes.buffer, bytes.byteOffset + i * size, size).toString('hex');
};

const elements = (tensor: RawTensor): string[] => Array.from({ length: product(tensor.shape) }, (_, i) => element(tensor, i)); // prettier-ignore

/** Element [i, j] of a matrix, or [i] of a vector. */
const rowsOf = (tensor: RawTensor): string[][] => {
  const [rows = 1] = tensor.shape;
  const all = elements(tensor);
  const width = all.length / rows;
  return Array.from({ length: rows }, (_, i) => all.slice(i * width, (i + 1) * width));
};

/** Definitions of the steps on rows, as the language has them. */
const defined: { readonly [K in 'transpose' | 'deinterleave' | 'permute_rope' | 'split' | 'squeeze']: (rows: string[][], step: Step<K>) => string[][] } = {
  // Of a vector nothing moves.
  transpose: (rows) => (rows[0] ?? []).map((_, j) => rows.map((row) => row[j] ?? '')),
  deinterleave(rows, { blocks }) {
    const parts: string[][][] = blocks.map(() => []);
    for (let at = 0; at < rows.length; ) {
      for (const [part, block] of blocks.entries()) {
        parts[part]?.push(...rows.slice(at, at + block));
        at += block;
      }
    }
    return parts.flat();
  },
  permute_rope(rows, { headDim, dim, to }) {
    const result = [...rows];
    for (let head = 0; head < rows.length; head += headDim) {
      for (let pair = 0; pair < dim / 2; pair++) {
        const [half, turned] = [[pair, pair + dim / 2], [2 * pair, 2 * pair + 1]] as [[number, number], [number, number]];
        const [from, into] = to === 'half' ? [turned, half] : [half, turned];
        for (const i of [0, 1] as const) result[head + into[i]] = rows[head + from[i]] ?? [];
      }
    }
    return result;
  },
  split: (rows, { from, rows: count }) => rows.slice(from, from + count),
  squeeze: (rows) => rows,
}; // prettier-ignore

const dtype = fc.constantFrom<WeightDtype>('F32', 'F16', 'BF16');
const small = fc.integer({ min: 1, max: 5 });
const width = fc.oneof(fc.constant(null), small);
const shaped = (rows: number, columns: number | null): number[] => (columns === null ? [rows] : [rows, columns]);

interface Case {
  readonly steps: readonly WeightStep[];
  readonly shape: readonly number[];
}

const cases: Record<string, fc.Arbitrary<Case>> = {
  transpose: fc.tuple(fc.integer({ min: 1, max: 70 }), width).map(([rows, columns]) => ({ steps: [{ kind: 'transpose' }], shape: shaped(rows, columns) })),
  deinterleave: fc.tuple(fc.array(small, { minLength: 1, maxLength: 4 }), small, width).map(([blocks, times, columns]) => ({
    steps: [{ kind: 'deinterleave', blocks }],
    shape: shaped(times * blocks.reduce((sum, block) => sum + block, 0), columns),
  })),
  permute_rope: fc.tuple(small, small, fc.nat(3), width, fc.constantFrom('half', 'interleaved')).map(([heads, half, rest, columns, to]) => ({
    steps: [{ kind: 'permute_rope', headDim: 2 * half + rest, dim: 2 * half, to }],
    shape: shaped(heads * (2 * half + rest), columns),
  })),
  squeeze: fc.tuple(small, small, fc.constantFrom(0, 1, 2)).map(([rows, columns, dim]) => ({
    steps: [{ kind: 'squeeze', dim }],
    shape: [rows, columns].toSpliced(dim, 0, 1),
  })),
}; // prettier-ignore

describe('steps of weight maps', () => {
  it.each(Object.keys(cases))('%s: as defined, and back', (kind) => {
    fc.assert(
      fc.property(cases[kind] as fc.Arbitrary<Case>, dtype, ({ steps, shape }, type) => {
        const [disk, [step]] = [numbered(type, shape), steps];
        const parameter = readEntry({ steps }, [disk]);
        const rule = defined[kind as keyof typeof defined] as (rows: string[][], step: WeightStep | undefined) => string[][]; // prettier-ignore
        expect(elements(parameter)).toEqual(rule(rowsOf(disk), step).flat());
        const written = writeTensor([{ entry: { steps }, parameter }], 0);
        expect([written.shape, Buffer.from(written.bytes).equals(disk.bytes)]).toEqual([shape, true]);
      }),
    );
  });

  it('split: every part, then the parts in any order, with steps on both sides', () => {
    const sizes = fc.array(small, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, small, fc.boolean(), dtype, fc.infiniteStream(fc.nat()), (parts, columns, turned, type, order) => {
        const rows = parts.reduce((sum, size) => sum + size, 0);
        const disk = numbered(type, turned ? [columns, rows] : [rows, columns]);
        const before: WeightStep[] = turned ? [{ kind: 'transpose' }] : [];
        const entries = parts.map((count, part): Pick<WeightEntry, 'steps'> => {
          const from = parts.slice(0, part).reduce((sum, size) => sum + size, 0);
          return { steps: [...before, { kind: 'split', part, parts: parts.length, from, rows: count }, { kind: 'transpose' }] };
        });
        const read = entries.map((entry) => ({ entry, parameter: readEntry(entry, [disk]) }));
        const whole = defined.split(turned ? defined.transpose(rowsOf(disk), { kind: 'transpose' }) : rowsOf(disk), { kind: 'split', part: 0, parts: 1, from: 0, rows });
        const pieces = read.flatMap(({ parameter }) => defined.transpose(rowsOf(parameter), { kind: 'transpose' }));
        expect(pieces.flat()).toEqual(whole.flat());
        const shuffled = read.toSorted(() => ((order.next().value ?? 0) % 2 === 0 ? 1 : -1));
        const written = writeTensor(shuffled, 0);
        expect([written.shape, Buffer.from(written.bytes).equals(disk.bytes)]).toEqual([disk.shape, true]);
      }),
    ); // prettier-ignore
  });

  it('stack: tensors in their order, after steps of each, and each of them again', () => {
    fc.assert(
      fc.property(small, small, small, dtype, (count, rows, columns, type) => {
        const steps: WeightStep[] = [{ kind: 'transpose' }, { kind: 'stack', over: 'expert' }];
        const disks = Array.from({ length: count }, (_, i) => numbered(type, [rows, columns], i * rows * columns));
        const parameter = readEntry({ steps }, disks);
        expect(parameter.shape).toEqual([count, columns, rows]);
        const expected = disks.flatMap((disk) => Array.from({ length: columns }, (_, j) => rowsOf(disk).map((row) => row[j]))); // prettier-ignore
        expect(elements(parameter)).toEqual(expected.flat());
        for (const [i, disk] of disks.entries()) {
          const written = writeTensor([{ entry: { steps }, parameter }], i);
          expect([written.shape, Buffer.from(written.bytes).equals(disk.bytes)]).toEqual([disk.shape, true]);
        }
      }),
    );
  });

  it('add: on numbers, rounded to their type', () => {
    const values = Float32Array.of(0.5, -1.25, 3);
    const disk: RawTensor = { dtype: 'F32', shape: [3], bytes: new Uint8Array(values.buffer) };
    const steps: WeightStep[] = [{ kind: 'add', value: 1 }];
    const parameter = readEntry({ steps }, [disk]);
    expect(new Float32Array(parameter.bytes.slice().buffer)).toEqual(Float32Array.of(1.5, -0.25, 4));
    expect(new Float32Array(writeTensor([{ entry: { steps }, parameter }], 0).bytes.slice().buffer)).toEqual(values);
    // 1 + 2^-8 lies halfway between two numbers of bf16 and goes to the even one.
    const brain: RawTensor = { dtype: 'BF16', shape: [1], bytes: Uint8Array.of(0x80, 0x3b) };
    expect(readEntry({ steps }, [brain]).bytes).toEqual(Uint8Array.of(0x80, 0x3f));
  });

  it('takes bytes that start anywhere', () => {
    const disk = numbered('F32', [3, 2]);
    const shifted = new Uint8Array(25);
    shifted.set(disk.bytes, 1);
    const steps: WeightStep[] = [{ kind: 'transpose' }];
    const read = readEntry({ steps }, [{ ...disk, bytes: shifted.subarray(1) }]);
    expect(elements(read)).toEqual(elements(readEntry({ steps }, [disk])));
  });
});
