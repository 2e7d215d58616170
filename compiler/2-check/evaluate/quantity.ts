// Takes: numbers with units. Gives: their arithmetic.
// Promises: K, M, B, T only scale; tokens, bytes and percent are kept and must fit; null where units do not fit.
import type { Unit } from '../../1-syntax/ast.ts';

export type Measure = 'token' | 'byte' | 'percent' | null;

/** Percent is held as a fraction: 2% is 0.02. */
export interface Quantity {
  readonly value: number;
  readonly measure: Measure;
}

const scales: { readonly [K in Unit]: { readonly factor: number; readonly measure: Measure } } = {
  '%': { factor: 0.01, measure: 'percent' },
  K: { factor: 1e3, measure: null },
  M: { factor: 1e6, measure: null },
  B: { factor: 1e9, measure: null },
  T: { factor: 1e12, measure: null },
  tok: { factor: 1, measure: 'token' },
  Ktok: { factor: 1e3, measure: 'token' },
  Mtok: { factor: 1e6, measure: 'token' },
  Btok: { factor: 1e9, measure: 'token' },
  Ttok: { factor: 1e12, measure: 'token' },
  KiB: { factor: 1024, measure: 'byte' },
  MiB: { factor: 1024 ** 2, measure: 'byte' },
  GiB: { factor: 1024 ** 3, measure: 'byte' },
};

export function quantity(value: number, unit: Unit | null = null): Quantity {
  if (unit === null) return { value, measure: null };
  const { factor, measure } = scales[unit];
  // 2% must be 0.02 and 0.1M exactly 100000: divide where the factor is below 1, round away the binary tail.
  return { value: unit === '%' ? value / 100 : Number((value * factor).toPrecision(15)), measure };
}

type Arithmetic = '+' | '-' | '*' | '/' | '%' | '^';

const apply: { readonly [K in Arithmetic]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a - b * Math.floor(a / b),
  '^': (a, b) => a ** b,
};

export function isArithmetic(operator: string): operator is Arithmetic {
  return Object.hasOwn(apply, operator);
}

export function combine(operator: Arithmetic, a: Quantity, b: Quantity): Quantity | null {
  const measure = combineMeasures(operator, a.measure, b.measure);
  return measure === undefined ? null : { value: apply[operator](a.value, b.value), measure };
}

/** undefined: the units do not fit. A percent beside a plain number is its fraction. */
function combineMeasures(operator: Arithmetic, a: Measure, b: Measure): Measure | undefined {
  if (a === b) {
    if (a === null) return null;
    if (operator === '+' || operator === '-' || operator === '%') return a;
    return operator === '/' || a === 'percent' ? null : undefined;
  }
  const plain = (measure: Measure): Measure => (measure === 'percent' ? null : measure);
  const [left, right] = [plain(a), plain(b)];
  if (left === right) return left;
  if (operator === '*' && (left === null || right === null)) return left ?? right;
  if ((operator === '/' || operator === '%') && right === null) return left;
  return undefined;
}

function digits(x: number): string {
  return String(Number(x.toPrecision(6)));
}

export function show({ value, measure }: Quantity): string {
  if (measure === 'percent') return `${digits(value * 100)}%`;
  return measure === null ? digits(value) : `${digits(value)} ${measure}s`;
}
