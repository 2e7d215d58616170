// Takes: numbers and scalar types of the compiler. Gives: WGSL literals and type names.
// Promises: a literal has exactly the value a tensor of its type would hold, and is valid whatever the number.
import { invariant } from '../../../diagnostics.ts';
import type { ScalarType } from '../../../3-graph/types.ts';

/** The greatest finite numbers; WGSL has no literal for infinity. */
const F32_MAX = 3.4028234663852886e38;
const F16_MAX = 65504;

/** How a tensor's elements are stored: a bool takes a u32. */
export function storageType(type: ScalarType): Exclude<ScalarType, 'bool'> {
  return type === 'bool' ? 'u32' : type;
}

const clamp = (value: number, limit: number): number => Math.min(limit, Math.max(-limit, value));

function floatLiteral(value: number, suffix: 'f' | 'h'): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return `${/[.e]/.test(text) ? text : `${text}.0`}${suffix}`;
}

/** Total over scalar types. Infinities become the greatest finite number of their sign. */
const rules: { readonly [T in ScalarType]: (value: number) => string } = {
  f32: (value) => floatLiteral(Math.fround(clamp(value, F32_MAX)), 'f'),
  f16: (value) => floatLiteral(Math.fround(clamp(value, F16_MAX)), 'h'),
  // The least i32 has no literal of its own: its magnitude is out of range.
  i32: (value) => (value === -2147483648 ? 'i32(-2147483648)' : String(Math.trunc(value))),
  u32: (value) => `${Math.trunc(value)}u`,
  bool: (value) => (value === 0 ? 'false' : 'true'),
};

export function literal(value: number, type: ScalarType): string {
  invariant(!Number.isNaN(value), 'NaN has no WGSL literal');
  const text = rules[type](value);
  return text.startsWith('-') ? `(${text})` : text;
}
