// Takes: parameters by modelc's names, tokens and labels. Gives: the model of step.model and its training step in jax-js.
// Promises: the same function as modelc compiles, equation by equation; each line is written in the way that jax-js runs fastest.
// jax-js takes the arrays it is given: whatever is used again is passed as `x.ref`.
import { type Array, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

export type Parameters = Readonly<Record<string, Array>>;

export interface Shape {
  readonly batch: number;
  readonly seq: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly vocab: number;
  readonly eps: number;
}

/** Input of a step, each array taken by it. `cos`, `sin`: [seq, 1, head_dim / 2]. */
export interface StepData {
  /** [batch * seq] */
  readonly tokens: Array;
  readonly labels: Array;
  readonly cos: Array;
  readonly sin: Array;
  /** lr / (1 - beta1^t), sqrt(1 - beta2^t) and lr * weight_decay. */
  readonly rate: Array;
  readonly correction: Array;
  readonly decay: Array;
}

export interface Adam {
  readonly betas: readonly [number, number];
  readonly eps: number;
}

export type Step = (parameters: Parameters, m: Parameters, v: Parameters, data: StepData) => Stepped;
export type Stepped = [loss: Array, parameters: Parameters, m: Parameters, v: Parameters];

/** [n, in] x [out, in] -> [n, out] */
const linear = (x: Array, weight: Array): Array => np.matmul(x, weight.transpose());

/** x / sqrt(mean(x^2) + eps) * gain */
function rms(x: Array, gain: Array, eps: number): Array {
  const inverse = np.reciprocal(np.sqrt(np.mean(np.square(x.ref), -1, { keepdims: true }).add(eps)));
  return x.mul(inverse).mul(gain);
}

/** x: [batch, seq, head, head_dim]; each x_j turns with x_(j + head_dim/2). */
function rope(x: Array, cos: Array, sin: Array): Array {
  const [a, b] = np.split(x, 2, -1);
  const left = a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref));
  return np.concatenate([left, b.mul(cos).add(a.mul(sin))], -1);
}

/** Causal softmax attention, q, k, v: [batch, seq, head, head_dim]. (`nn.dotProductAttention` does not run in Node 20 and is no faster.) */
function attention(q: Array, k: Array, v: Array, { seq, headDim }: Shape): Array {
  const scores = np.matmul(q.transpose([0, 2, 1, 3]), k.transpose([0, 2, 3, 1])).mul(headDim ** -0.5);
  const seen = np.where(np.tri(seq, seq, 0, { dtype: np.bool }), scores, -1e30);
  return np.matmul(nn.softmax(seen, -1), v.transpose([0, 2, 1, 3])).transpose([0, 2, 1, 3]);
}

type LossData = Pick<StepData, 'tokens' | 'labels' | 'cos' | 'sin'>;

/** Mean cross-entropy. */
function lossOf(p: Parameters, { tokens, labels, cos, sin }: LossData, shape: Shape): Array {
  const { batch, seq, heads, headDim, layers, vocab, eps } = shape;
  const get = (name: string): Array => {
    const array = p[name];
    if (array === undefined) throw new Error(`no parameter ${name}`);
    return array;
  };
  const split = (x: Array): Array => x.reshape([batch, seq, heads, headDim]);
  // A gather: a product with one-hot rows is a third slower, as its gradient is fused into one slow loop.
  let x = get('embed.weight').ref.slice(tokens);
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string): Array => get(`layers.${layer}.${name}`);
    const y = rms(x.ref, of('rms.mix.gain'), eps);
    const q = rope(split(linear(y.ref, of('attn.q.weight'))), cos.ref, sin.ref);
    const k = rope(split(linear(y.ref, of('attn.k.weight'))), cos.ref, sin.ref);
    const v = split(linear(y, of('attn.v.weight')));
    const mixed = attention(q, k, v, shape).reshape([batch * seq, heads * headDim]);
    const h = x.add(linear(mixed, of('attn.o.weight')));
    const z = rms(h.ref, of('rms.ffn.gain'), eps);
    const inner = nn.silu(linear(z.ref, of('mlp.gate.weight'))).mul(linear(z, of('mlp.up.weight')));
    x = h.add(linear(inner, of('mlp.down.weight')));
  }
  cos.dispose();
  sin.dispose();
  const logits = linear(rms(x, get('head.norm.gain'), eps), get('embed.weight'));
  const picked = np.sum(logits.ref.mul(nn.oneHot(labels, vocab)), -1);
  return np.mean(nn.logsumexp(logits, -1).sub(picked));
}

/** Forward, backward and AdamW (arXiv 1711.05101) as one compiled function. `decays`: the parameters with weight decay. */
export function compileStep(shape: Shape, { betas: [beta1, beta2], eps }: Adam, decays: ReadonlySet<string>): Step {
  return jit((parameters: Parameters, oldM: Parameters, oldV: Parameters, data: StepData): Stepped => {
    const { rate, correction, decay, ...rest } = data;
    const gradOf = valueAndGrad((p: Parameters, given: LossData) => lossOf(p, given, shape));
    const [loss, gradients] = gradOf(tree.ref(parameters), rest);
    const next: Record<'p' | 'm' | 'v', Record<string, Array>> = { p: {}, m: {}, v: {} };
    for (const [name, weight] of Object.entries(parameters)) {
      const [gradient, first, second] = [gradients[name], oldM[name], oldV[name]];
      if (!gradient || !first || !second) throw new Error(`no gradient or moments of ${name}`);
      const m = first.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const v = second.mul(beta2).add(np.square(gradient).mul(1 - beta2));
      const move = m.ref.div(np.sqrt(v.ref).div(correction.ref).add(eps)).mul(rate.ref);
      next.p[name] = decays.has(name) ? weight.ref.sub(move).sub(weight.mul(decay.ref)) : weight.sub(move);
      next.m[name] = m;
      next.v[name] = v;
    }
    for (const scalar of [rate, correction, decay]) scalar.dispose();
    return [loss, next.p, next.m, next.v];
  });
}
