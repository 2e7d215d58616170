// Takes: programs of one group and inputs. Gives: nothing.
// Promises: WebAssembly with and without relaxed SIMD gives what the float64 oracle gives, and the same bits in any ranges.
import { expect } from 'vitest';
import type { Program } from '../../../../compiler/5-optimize/groups.ts';
import { oracleOf, worst } from '../oracle.ts';
import { plainTarget, relaxedTarget, runOnWasm } from './run-program.ts';
import type { WasmRunOptions } from './run-program.ts';

export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

/** |kernel - oracle| <= absolute + relative * |oracle|; integers exactly, f16 to its own precision. */
export function expectOracle(
  program: Program,
  values: ReadonlyMap<string, ArrayLike<number>>,
  tolerance: Tolerance = {},
  options: Pick<WasmRunOptions, 'lower'> = {},
): void {
  const types = new Map(program.tensors.map(({ name, type }) => [name, type]));
  const { rounded, expected } = oracleOf(program, values);
  for (const target of [relaxedTarget, plainTarget]) {
    const whole = runOnWasm(program, rounded, { ...options, target });
    for (const range of [1, 3]) {
      const parts = runOnWasm(program, rounded, { ...options, target, range });
      for (const [name, all] of whole) expect(sameBits(parts.get(name), all), `${name}, ${range} workgroups a call`).toBe(true); // prettier-ignore
    }
    for (const [name, oracle] of expected) {
      const type = types.get(name);
      const exact = type !== 'f32' && type !== 'f16';
      const { relative = 1e-6, absolute = 1e-7 } = exact ? { relative: 0, absolute: 0 } : tolerance;
      const found = whole.get(name) ?? new Float64Array();
      expect(worst(found, oracle, type === 'f16' ? Math.max(relative, 2 ** -10) : relative, absolute), name).toBe('equal'); // prettier-ignore
    }
  }
}

/** `toEqual` takes seconds on 10^6 elements. */
const sameBits = (x: Float64Array | undefined, y: Float64Array): boolean => x !== undefined && Buffer.from(x.buffer).equals(Buffer.from(y.buffer)); // prettier-ignore
