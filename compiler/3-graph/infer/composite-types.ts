// Takes: a composite op, its attributes and the types of its inputs. Gives: the type of its result.
// Promises: total over `CompositeName`; ill-typed use throws InvariantError.
import { invariant } from '../../diagnostics.ts';
import { attentionDims, hasBias } from './attention-dims.ts';
import type { AttentionDims } from './attention-dims.ts';
import { dimOf, elementCount, formatType, hasDim, numericSize, sameDims, sameType, without } from './dims.ts';
import { checkExpr } from '../expr/check-expr.ts';
import { isFloat } from '../expr-build.ts';
import type { AttentionAttrs, Attrs, CompositeName } from '../ops.ts';
import type { Dim, ScalarType, TensorType } from '../types.ts';

type Rule<K extends CompositeName> = (attrs: Attrs<K>, inputs: readonly TensorType[]) => TensorType;

function nth(inputs: readonly TensorType[], i: number): TensorType {
  const t = inputs[i];
  invariant(t, `input ${i} is missing`);
  return t;
}

function count(inputs: readonly TensorType[], expected: number): void {
  invariant(inputs.length === expected, `${expected} inputs expected, ${inputs.length} given`);
}

function scalar(t: TensorType, type: ScalarType, what: string): void {
  invariant(t.type === type && t.dims.length === 0, `${what} is ${formatType(t)}, it should be a ${type} scalar`);
}

function float(t: TensorType, what: string): void {
  invariant(isFloat(t.type), `${what} is ${formatType(t)}, not of a float type`);
}

/** `t` broadcasts to `to`: same type, its dims among those of `to`. */
function within(t: TensorType, to: TensorType, what: string): void {
  const fits = t.type === to.type && t.dims.every((d) => hasDim(to, d.name) && dimOf(to, d.name).size === d.size);
  invariant(fits, `${what} is ${formatType(t)}, which does not broadcast to ${formatType(to)}`);
}

function checkRate(rate: number): void {
  invariant(rate >= 0 && rate < 1, `a dropout rate of ${rate}`);
}

const scoreVariables: ReadonlyMap<string, ScalarType> = new Map([
  ['score', 'f32'],
  ['bias', 'f32'],
  ['query', 'i32'],
  ['key', 'i32'],
]);
const maskVariables: ReadonlyMap<string, ScalarType> = new Map([
  ['query', 'i32'],
  ['key', 'i32'],
]);

/** (q, k, v, offset, ...extra, [bias], [seed]) */
function attention(attrs: AttentionAttrs, inputs: readonly TensorType[], extra: number): AttentionDims {
  count(inputs, 4 + extra + (hasBias(attrs) ? 1 : 0) + (attrs.dropout ? 1 : 0));
  const [q, k, v] = [nth(inputs, 0), nth(inputs, 1), nth(inputs, 2)];
  float(q, 'q of attention');
  invariant(q.type === k.type && q.type === v.type, 'q, k and v of attention are of one type');
  scalar(nth(inputs, 3), 'i32', 'the offset of attention');
  if (attrs.dropout) {
    scalar(nth(inputs, inputs.length - 1), 'u32', 'the seed of attention');
    checkRate(attrs.dropout.rate);
  }
  checkExpr(attrs.score, scoreVariables, 'score of attention');
  checkExpr(attrs.mask, maskVariables, 'mask of attention');
  invariant(attrs.score.type === 'f32', `a score of type ${attrs.score.type}`);
  invariant(attrs.mask.type === 'bool', `a mask of type ${attrs.mask.type}`);
  const dims = attentionDims(attrs, q, k, v);
  if (hasBias(attrs)) {
    const pairs: TensorType = { type: 'f32', dims: [...dims.batch, ...dims.heads, dims.key] };
    within(nth(inputs, 4 + extra), pairs, 'the bias of attention');
  }
  return dims;
}

const lseDims = (attrs: AttentionAttrs, q: TensorType): Dim[] => without(q, [attrs.depth]);

const outDims = (q: TensorType, depth: string, valueDepth: Dim): Dim[] =>
  q.dims.map((d) => (d.name === depth ? valueDepth : d));

export const compositeTypes: { readonly [K in CompositeName]: Rule<K> } = {
  norm: ({ dims, gain, bias }, inputs) => {
    count(inputs, 1 + (gain === 'none' ? 0 : 1) + (bias ? 1 : 0));
    const x = nth(inputs, 0);
    float(x, 'the input of norm');
    invariant(dims.length > 0, 'norm over no dim');
    elementCount(x, dims);
    inputs
      .slice(1)
      .forEach((t, i) => within(t, x, i === 0 && gain !== 'none' ? 'the gain of norm' : 'the bias of norm'));
    return x;
  },
  rope: ({ dim }, inputs) => {
    count(inputs, 3);
    const x = nth(inputs, 0);
    float(x, 'the input of rope');
    invariant(numericSize(x, dim) % 2 === 0, `rope along '${dim}' of odd size`);
    within(nth(inputs, 1), x, 'cos of rope');
    within(nth(inputs, 2), x, 'sin of rope');
    return x;
  },
  logsumexp: ({ dim }, inputs) => {
    count(inputs, 1);
    const x = nth(inputs, 0);
    float(x, 'the input of logsumexp');
    dimOf(x, dim);
    return { type: x.type, dims: without(x, [dim]) };
  },
  cross_entropy: ({ dim }, inputs) => {
    count(inputs, 2);
    const [logits, labels] = [nth(inputs, 0), nth(inputs, 1)];
    float(logits, 'the logits of cross_entropy');
    invariant(labels.type === 'i32', `labels of type ${labels.type}`);
    dimOf(logits, dim);
    const dims = without(logits, [dim]);
    invariant(sameDims(labels.dims, dims), `labels ${formatType(labels)} of logits ${formatType(logits)}`);
    return { type: logits.type, dims };
  },
  dropout: ({ rate }, inputs) => {
    count(inputs, 2);
    const x = nth(inputs, 0);
    float(x, 'the input of dropout');
    scalar(nth(inputs, 1), 'u32', 'the seed of dropout');
    checkRate(rate);
    return x;
  },
  attention: (attrs, inputs) => {
    const { valueDepth } = attention(attrs, inputs, 0);
    const q = nth(inputs, 0);
    return attrs.part === 'lse'
      ? { type: 'f32', dims: lseDims(attrs, q) }
      : { type: q.type, dims: outDims(q, attrs.depth, valueDepth) };
  },
  attention_grad: (attrs, inputs) => {
    const { valueDepth } = attention(attrs, inputs, 3);
    const q = nth(inputs, 0);
    const row: TensorType = { type: 'f32', dims: lseDims(attrs, q) };
    const out: TensorType = { type: q.type, dims: outDims(q, attrs.depth, valueDepth) };
    invariant(sameType(nth(inputs, 4), out), `dout is ${formatType(nth(inputs, 4))}, the output ${formatType(out)}`);
    for (const i of [5, 6])
      invariant(sameType(nth(inputs, i), row), `lse or delta is ${formatType(nth(inputs, i))}, not ${formatType(row)}`);
    return { type: 'f32', dims: nth(inputs, { q: 0, k: 1, v: 2 }[attrs.part]).dims };
  },
};
