// Takes: heads of queries or keys. Gives: the same, the leading dims of each head rotated by position.
// Promises: one pair of tables per rope, shared by all layers that have it.
import type { RopeSpec } from '../../2-check/model.ts';
import { add, cast, cos, exp, gt, log, max, mul, neg, select, sin, sub } from '../expr-build.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { positions, SEQ } from './lowering.ts';
import type { Lowering } from './lowering.ts';
import { ropeFrequencies, type ByLength } from './rope-frequencies.ts';

type Waves = 'cos' | 'sin';

/** cos or sin of the angle of each (position, rotated dim), for the tokens of this run: [seq, head_dim]. */
function table(l: Lowering, spec: RopeSpec, fn: Waves): Node {
  const { inverse, factor, byLength } = ropeFrequencies(spec);
  if (byLength?.kind === 'grow') return grown(l, spec, fn, byLength);
  const own = fixedTable(l, spec, fn, inverse, factor);
  if (byLength === null) return own;
  const long = fixedTable(l, spec, fn, byLength.inverse, factor);
  return elementwise(l.builder, [runLength(l), long, own], (n, y, z) => select(gt(n, byLength.original), y, z));
}

function fixedTable(l: Lowering, spec: RopeSpec, fn: Waves, inverse: readonly number[], factor: number): Node {
  const { context } = l.model;
  const dims = [
    { name: 'position', size: context },
    { name: 'head_dim', size: spec.dim },
  ];
  const data = { kind: 'rope_table', fn, positions: context, inverseFrequencies: inPairs(spec, inverse), factor } as const; // prettier-ignore
  const all = l.builder.add('constant', { data, type: { type: 'f32', dims } }, []);
  return l.builder.add('gather', { dim: 'position' }, [all, positions(l, context)]);
}

/** Both elements of a pair turn by the same angle. */
function inPairs({ pairing }: RopeSpec, values: readonly number[]): readonly number[] {
  return pairing === 'half' ? [...values, ...values] : values.flatMap((value) => [value, value]);
}

/** Frequencies that depend on the length of the run, so that angles are computed in it. */
function grown(l: Lowering, spec: RopeSpec, fn: Waves, { original, growth, exponents }: Grow): Node {
  const { builder } = l;
  const perDim = (values: readonly number[]): Node => {
    const data = { kind: 'values', values: inPairs(spec, values) } as const;
    return builder.add('constant', { data, type: { type: 'f32', dims: [{ name: 'head_dim', size: spec.dim }] } }, []);
  };
  const base = elementwise(builder, [runLength(l)], (n) => log(max(sub(mul(growth / original, n), growth - 1), 1)));
  const inverse = perDim(ropeFrequencies(spec).inverse);
  const slowed = elementwise(builder, [inverse, perDim(exponents), base], (w, e, g) => mul(w, exp(neg(mul(e, g)))));
  const wave = { cos, sin }[fn];
  return elementwise(builder, [positions(l, l.model.context), slowed], (p, w) => wave(mul(cast(p, 'f32'), w)));
}

type Grow = Extract<ByLength, { readonly kind: 'grow' }>;

/** The length that a run is made for, of its sequences or of its cache: f32 []. */
function runLength(l: Lowering): Node {
  const dim = l.cached ? ({ name: 'past', size: 'past' } as const) : SEQ;
  const index = elementwise(l.builder, [l.builder.add('iota', { dim }, [])], (i) => cast(i, 'f32'));
  const last = l.builder.add('reduce', { fn: 'max', dims: [dim.name] }, [index]);
  return elementwise(l.builder, [last], (i) => add(i, 1));
}

/** x: [batch, seq, .., head_dim]; the first `spec.dim` of head_dim turn, the rest stays. */
export function lowerRope(l: Lowering, spec: RopeSpec, headDim: number, x: Node): Node {
  const { builder } = l;
  const part = (start: number, size: number) => builder.add('slice', { dim: 'head_dim', start, size }, [x]);
  const rotate = (y: Node) =>
    builder.add('rope', { dim: 'head_dim', pairing: spec.pairing }, [y, table(l, spec, 'cos'), table(l, spec, 'sin')]);
  if (spec.dim === headDim) return rotate(x);
  const rest = part(spec.dim, headDim - spec.dim);
  return builder.add('concat', { dim: 'head_dim' }, [rotate(part(0, spec.dim)), rest]);
}
