// Takes: the text of operands. Gives: WGSL for every function of the expression language; the helpers some of them call.
// Promises: total over functions; finite for every finite argument where the function's value is finite.
import type { BinaryFn, UnaryFn } from '../../../3-graph/expr.ts';
import type { ScalarType } from '../../../3-graph/types.ts';

/** Module-scope functions, each declared once in a module that uses it. */
export type HelperName = 'erf_f32' | 'tanh_f32' | 'sigmoid_f32' | 'pow_f32' | 'pcg' | 'stream_key' | 'random_f32';

export const helpers: { readonly [H in HelperName]: string } = {
  // Two minimax polynomials, split at 0.93; greatest error 8e-8.
  erf_f32: `fn erf_f32(x: f32) -> f32 {
  let t = min(abs(x), 4.0);
  let s = t * t;
  var q = fma(fma(-1.72853470e-5, t, 3.83197126e-4), s, fma(-3.88396438e-3, t, 2.42546219e-2));
  q = fma(fma(fma(fma(q, t, -1.06777877e-1), t, -6.34846687e-1), t, -1.28717512e-1), t, -t);
  var r = fma(fma(-5.96761703e-4, s, 4.99119423e-3), s, -2.67681349e-2);
  r = fma(fma(fma(r, s, 1.12819925e-1), s, -3.76125336e-1), s, 1.28379166e-1);
  return select(fma(r, x, x), sign(x) * (1.0 - exp(q)), t > 0.927734375);
}`,
  // Some drivers compute it as a quotient of exponentials, which overflow.
  tanh_f32: `fn tanh_f32(x: f32) -> f32 {
  return tanh(clamp(x, -10.0, 10.0));
}`,
  sigmoid_f32: `fn sigmoid_f32(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 88.0)));
}`,
  // |x|^y = e^(y log |x|), with a logarithm exact near 1 (fdlibm's logf): beta^step must not drift. Signed for whole y.
  pow_f32: `fn pow_f32(x: f32, y: f32) -> f32 {
  let a = max(abs(x), 1.1754944e-38);
  let bits = bitcast<u32>(a) + 0x3f800000u - 0x3f3504f3u;
  let k = f32(i32(bits >> 23u) - 127);
  let f = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let r = z * (0.66666662693 + w * 0.28498786688) + w * (0.40000972152 + w * 0.24279078841);
  let h = 0.5 * f * f;
  let log_a = (s * (h + r) + k * 9.0580006145e-6 - h + f) + k * 6.9313812256e-1;
  let magnitude = select(exp(min(y * log_a, 88.72)), 0.0, x == 0.0 && y > 0.0);
  let odd = y - 2.0 * floor(0.5 * y) == 1.0;
  return select(magnitude, -magnitude, x < 0.0 && odd);
}`,
  // PCG-RXS-M-XS, as a hash: Jarzynski and Olano, Hash Functions for GPU Rendering, JCGT 9(3), 2020.
  pcg: `fn pcg(x: u32) -> u32 {
  let s = x * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}`,
  stream_key: `fn stream_key(seed: u32, stream: u32) -> u32 {
  return pcg(stream ^ pcg(seed));
}`,
  random_f32: `fn random_f32(key: u32, counter: u32) -> f32 {
  return f32(pcg(counter ^ key) >> 8u) * 5.9604644775390625e-8;
}`,
};

export interface Rule<Operands extends readonly string[]> {
  readonly text: (...operands: [...Operands, ScalarType]) => string;
  readonly helper?: HelperName;
  /** Computed in f32 when the operands are f16. */
  readonly wide?: boolean;
}

const float = (type: ScalarType): boolean => type === 'f32' || type === 'f16';

/** `type` is the operand's. */
export const unaryRules: { readonly [F in UnaryFn]: Rule<[string]> } = {
  neg: { text: (x, type) => (type === 'u32' ? `(0u - ${x})` : `(-${x})`) },
  exp: { text: (x) => `exp(min(${x}, 88.72f))`, wide: true },
  log: { text: (x) => `log(${x})`, wide: true },
  sqrt: { text: (x) => `sqrt(${x})`, wide: true },
  rsqrt: { text: (x) => `inverseSqrt(${x})`, wide: true },
  tanh: { text: (x) => `tanh_f32(${x})`, helper: 'tanh_f32', wide: true },
  sigmoid: { text: (x) => `sigmoid_f32(${x})`, helper: 'sigmoid_f32', wide: true },
  erf: { text: (x) => `erf_f32(${x})`, helper: 'erf_f32', wide: true },
  sin: { text: (x) => `sin(${x})`, wide: true },
  cos: { text: (x) => `cos(${x})`, wide: true },
  abs: { text: (x) => `abs(${x})` },
  sign: { text: (x, type) => (type === 'u32' ? `min(${x}, 1u)` : `sign(${x})`) },
  floor: { text: (x, type) => (float(type) ? `floor(${x})` : x) },
  not: { text: (x) => `(!${x})` },
};

const infix = (operator: string): Rule<[string, string]> => ({ text: (x, y) => `(${x} ${operator} ${y})` });

/** `type` is the operands'. Integers divide towards zero; `and` and `or` of bools evaluate both sides, without a branch. */
export const binaryRules: { readonly [F in BinaryFn]: Rule<[string, string]> } = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  mod: infix('%'),
  min: { text: (x, y) => `min(${x}, ${y})` },
  max: { text: (x, y) => `max(${x}, ${y})` },
  pow: { text: (x, y) => `pow_f32(${x}, ${y})`, helper: 'pow_f32', wide: true },
  lt: infix('<'),
  le: infix('<='),
  eq: infix('=='),
  and: infix('&'),
  or: infix('|'),
};
