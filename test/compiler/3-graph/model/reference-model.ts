// Takes: a Model, its weights by name, the tokens of one sequence. Gives: the logits, by plain loops.
// Promises: shares no code with the compiler; written from the formulas of the architectures, one token at a time.
import type {
  Activation,
  BlockExpr,
  FfnSpec,
  GqaSpec,
  MaskSpec,
  Model,
  NormSpec,
  PlainActivation,
  RopeSpec,
  SinusoidalSpec,
} from '../../../../compiler/2-check/model.ts';

export type Weights = ReadonlyMap<string, ArrayLike<number>>;
type Row = number[];

const dot = (x: Row, y: Row): number => x.reduce((sum, value, i) => sum + value * (y[i] ?? NaN), 0);
const zip = (x: Row, y: Row, f: (a: number, b: number) => number): Row => x.map((value, i) => f(value, y[i] ?? NaN));

class Reference {
  readonly model: Model;
  readonly weights: Weights;

  constructor(model: Model, weights: Weights) {
    this.model = model;
    this.weights = weights;
  }

  vector(name: string): Row {
    const values = this.weights.get(name);
    if (!values) throw new Error(`no weight ${name}`);
    return Array.from(values);
  }

  /** Row `i` of a matrix with rows of `length`. */
  row(name: string, i: number, length: number): Row {
    return this.vector(name).slice(i * length, (i + 1) * length);
  }

  linear(name: string, x: Row): Row {
    const w = this.vector(`${name}.weight`);
    const bias = this.weights.get(`${name}.bias`);
    return Array.from({ length: w.length / x.length }, (_, o) => {
      return dot(w.slice(o * x.length, (o + 1) * x.length), x) + (bias?.[o] ?? 0);
    });
  }

  norm(name: string, spec: NormSpec, x: Row, cut: (weights: Row) => Row = (weights) => weights): Row {
    const mean = spec.kind === 'layer' ? x.reduce((a, b) => a + b, 0) / x.length : 0;
    const centred = x.map((value) => value - mean);
    const root = Math.sqrt(dot(centred, centred) / x.length + spec.eps);
    let y = centred.map((value) => value / root);
    if (spec.gain === 'weight') y = zip(y, cut(this.vector(`${name}.gain`)), (a, g) => a * g);
    if (spec.gain === 'one_plus') y = zip(y, cut(this.vector(`${name}.gain`)), (a, g) => a * (1 + g));
    return spec.bias ? zip(y, cut(this.vector(`${name}.bias`)), (a, b) => a + b) : y;
  }

  /** Unscaled RoPE of one head at one position. */
  rotate(spec: RopeSpec, x: Row, position: number): Row {
    const y = [...x];
    for (let j = 0; j < spec.dim / 2; j++) {
      const angle = position / spec.theta ** ((2 * j) / spec.dim);
      const [a, b] = spec.pairing === 'half' ? [j, j + spec.dim / 2] : [2 * j, 2 * j + 1];
      const [xa, xb] = [x[a] ?? NaN, x[b] ?? NaN];
      y[a] = xa * Math.cos(angle) - xb * Math.sin(angle);
      y[b] = xb * Math.cos(angle) + xa * Math.sin(angle);
    }
    return y;
  }

  /** The heads of the queries or keys of one token. */
  heads(name: string, part: 'q' | 'k', spec: GqaSpec, x: Row, position: number): Row[] {
    const d = spec.headDim;
    let flat = clipped(spec, this.linear(`${name}.${part}`, x));
    const perHead = (f: (head: Row, h: number) => Row) => {
      flat = Array.from({ length: flat.length / d }, (_, h) => f(flat.slice(h * d, (h + 1) * d), h)).flat();
    };
    const { qkNorm, rope } = spec;
    const norm = () => {
      if (!qkNorm) return;
      const normed = (y: Row) => this.norm(`${name}.${part}_norm`, qkNorm, y);
      if (qkNorm.per === 'head') perHead(normed);
      else if (qkNorm.per === 'each_head')
        perHead((y, h) => this.norm(`${name}.${part}_norm`, qkNorm, y, (weights) => weights.slice(h * d, (h + 1) * d)));
      else flat = normed(flat);
    };
    if (qkNorm?.order === 'before_rope') norm();
    if (rope) perHead((head) => this.rotate(rope, head, position));
    if (qkNorm?.order === 'after_rope') norm();
    return Array.from({ length: flat.length / d }, (_, h) => flat.slice(h * d, (h + 1) * d));
  }

  attention(name: string, spec: GqaSpec, xs: Row[]): Row[] {
    const d = spec.headDim;
    const q = xs.map((x, t) => this.heads(name, 'q', spec, x, t));
    const k = xs.map((x, t) => this.heads(name, 'k', spec, x, t));
    const v = xs.map((x) => clipped(spec, this.linear(`${name}.v`, x)));
    return xs.map((_, t) => {
      const out: Row = [];
      for (let h = 0; h < spec.heads; h++) {
        const kv = Math.floor((h * spec.kvHeads) / spec.heads);
        const scores = xs.map((__, s) => {
          const bias = positionBias(spec, h, s - t, s);
          const score = (dot(q[t]?.[h] ?? [], k[s]?.[kv] ?? []) + (spec.alibi?.scaled ? bias : 0)) * spec.scale;
          const capped = spec.softcap === null ? score : spec.softcap * Math.tanh(score / spec.softcap);
          return sees(spec.mask, t, s) ? Math.exp(capped + (spec.alibi?.scaled ? 0 : bias)) : 0;
        });
        const total = scores.reduce((a, b) => a + b, 0);
        for (const from of valueHeads(spec, kv))
          for (let i = 0; i < d; i++)
            out.push(
              total === 0 ? 0 : scores.reduce((sum, p, s) => sum + p * (v[s]?.[from * d + i] ?? NaN), 0) / total,
            );
      }
      return this.output(name, spec, spec.diff ? this.difference(name, spec.diff, spec, out) : out);
    });
  }

  /** The second half of the heads times lambda is taken off the first, pair by pair; then a norm of each pair. */
  difference(name: string, diff: NonNullable<GqaSpec['diff']>, { heads, headDim }: GqaSpec, out: Row): Row {
    const e = (i: number) => Math.exp(dot(this.vector(`${name}.lambda_q${i}`), this.vector(`${name}.lambda_k${i}`)));
    const lambda = e(1) - e(2) + diff.init;
    return Array.from({ length: heads / 2 }, (_, h) => {
      const of = (head: number) => out.slice(2 * head * headDim, 2 * (head + 1) * headDim);
      const left = zip(of(h), of(h + heads / 2), (a, b) => a - lambda * b);
      const root = Math.sqrt(dot(left, left) / left.length + diff.eps);
      return left.map((value) => ((1 - diff.init) * value) / root);
    }).flat();
  }

  output(name: string, spec: GqaSpec, out: Row): Row {
    return this.linear(`${name}.o`, spec.outNorm ? this.norm(`${name}.out_norm`, spec.outNorm, out) : out);
  }

  /** The activation of the part called `name`; xIELU as its paper has it, arXiv 2411.13010. */
  activation(name: string, act: Activation): (x: number) => number {
    if (typeof act === 'string') return activation(act);
    const softplus = (part: string) => Math.log1p(Math.exp(this.vector(`${name}.act.${part}`)[0] ?? NaN));
    const [p, n] = [softplus('alpha_p'), act.beta + softplus('alpha_n')];
    return (x) => act.beta * x + (x > 0 ? p * x * x : n * (Math.expm1(Math.min(x, act.eps)) - x));
  }

  ffn(name: string, spec: FfnSpec, x: Row): Row {
    if (spec.kind !== 'glu' && spec.kind !== 'mlp') throw new Error(`no reference for ${spec.kind}`);
    const act = this.activation(name, spec.act);
    const up = this.linear(`${name}.up`, x);
    const hidden = spec.kind === 'mlp' ? up.map(act) : zip(this.linear(`${name}.gate`, x), up, (g, u) => act(g) * u);
    return this.linear(`${name}.down`, spec.norm ? this.norm(`${name}.norm`, spec.norm, hidden) : hidden);
  }

  evaluate(layer: string, scope: ReadonlyMap<string, Row[]>, e: BlockExpr): Row[] {
    const x = scope.get('x') ?? [];
    const inner = (of: BlockExpr) => this.evaluate(layer, scope, of);
    switch (e.kind) {
      case 'ref':
        return scope.get(e.name) ?? [];
      case 'number':
        return x.map((row) => row.map(() => e.value));
      case 'arithmetic': {
        const f = { '+': (a: number, b: number) => a + b, '-': (a: number, b: number) => a - b, '*': (a: number, b: number) => a * b, '/': (a: number, b: number) => a / b }[e.operator]; // prettier-ignore
        const right = inner(e.right);
        return inner(e.left).map((row, t) => zip(row, right[t] ?? [], f));
      }
      case 'norm':
        return inner(e.input).map((row) => this.norm(`${layer}.${e.instance}`, e.spec, row));
      case 'mixer':
        if (e.spec.kind !== 'gqa') throw new Error(`no reference for ${e.spec.kind}`);
        return this.attention(`${layer}.${e.name}`, e.spec, inner(e.input));
      case 'ffn':
        break;
    }
    return inner(e.input).map((row) => this.ffn(`${layer}.${e.name}`, e.spec, row));
  }

  logits(tokens: readonly number[]): Row[] {
    const { embed, head, dModel, layers } = this.model;
    let xs = tokens.map((token, t) => {
      let x = this.row('embed.weight', token, embed.factor?.dim ?? dModel).map((value) => value * embed.scale);
      if (embed.factor) x = this.linear('embed.project', x);
      if (embed.positions) x = zip(x, this.row('embed.positions', t + embed.positions.offset, dModel), (a, b) => a + b);
      if (embed.sinusoidal) x = zip(x, wavesAt(embed.sinusoidal, t, dModel), (a, b) => a + b);
      return embed.norm ? this.norm('embed.norm', embed.norm, x) : x;
    });
    for (const { index, equations } of layers) {
      const scope = new Map([['x', xs]]);
      for (const { name, value } of equations) {
        xs = this.evaluate(`layers.${index}`, scope, value);
        scope.set(name, xs);
      }
    }
    const bias = head.bias ? this.vector('head.bias') : [];
    const matrix = this.vector(embed.tied ? 'embed.weight' : 'head.weight');
    return xs.map((x) => {
      let y = head.norm ? this.norm('head.norm', head.norm, x) : x;
      if (head.transform) {
        const { act, norm } = head.transform;
        y = this.linear('head.transform', y).map(this.activation('head.transform', act));
        if (norm) y = this.norm('head.transform.norm', norm, y);
      }
      if (head.factor) y = this.linear('head.project', y);
      return Array.from({ length: this.model.vocab }, (_, o) => {
        const z = (dot(matrix.slice(o * y.length, (o + 1) * y.length), y) + (bias[o] ?? 0)) * head.scale;
        return head.softcap === null ? z : head.softcap * Math.tanh(z / head.softcap);
      });
    });
  }
}

function clipped({ clipQkv }: GqaSpec, x: Row): Row {
  return clipQkv === null ? x : x.map((value) => (value > clipQkv ? clipQkv : value < -clipQkv ? -clipQkv : value));
}

/** The key heads whose values head `kv` gives: its own, or of differences one of each half. */
function valueHeads({ diff, kvHeads }: GqaSpec, kv: number): number[] {
  return diff ? [kv % (kvHeads / 2), (kv % (kvHeads / 2)) + kvHeads / 2] : [kv];
}

/** ALiBi for any number of heads, as github.com/ofirpress/attention_with_linear_biases says it. */
function slopesOf(heads: number, maxBias: number): number[] {
  if (Math.log2(heads) % 1 === 0) return Array.from({ length: heads }, (_, h) => 2 ** ((-maxBias / heads) * (h + 1)));
  const below = 2 ** Math.floor(Math.log2(heads));
  const between = slopesOf(2 * below, maxBias).filter((_, h) => h % 2 === 0);
  return [...slopesOf(below, maxBias), ...between.slice(0, heads - below)];
}

const bf16 = (x: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  const bits = view.getUint32(0);
  view.setUint32(0, bits + 0x7fff + ((bits >>> 16) & 1));
  view.setUint16(2, 0);
  return view.getFloat32(0);
};

function positionBias({ alibi, heads }: GqaSpec, head: number, distance: number, key: number): number {
  if (!alibi) return 0;
  const slope = slopesOf(heads, alibi.maxBias)[head] ?? NaN;
  return alibi.round === null ? slope * distance : bf16(bf16(slope) * bf16(key));
}

function sees(mask: MaskSpec, query: number, key: number): boolean {
  switch (mask.kind) {
    case 'full':
      return true;
    case 'causal':
      return key <= query;
    case 'window':
      return query - key < mask.size;
    case 'chunk':
      return Math.floor(query / mask.size) === Math.floor(key / mask.size);
    case 'all':
      break;
  }
  return mask.parts.every((part) => sees(part, query, key));
}

/** Phi(x) = 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ..): all terms of one sign. */
function normalCdf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Sines, then cosines. */
function wavesAt({ theta, offset, spacing }: SinusoidalSpec, position: number, width: number): Row {
  return Array.from({ length: width }, (_, j) => {
    const i = j % (width / 2);
    const speed = spacing === 'open' ? theta ** ((-2 * i) / width) : Math.exp((-Math.log(theta) * i) / (width / 2 - 1));
    return (j < width / 2 ? Math.sin : Math.cos)((position + offset) * speed);
  });
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function activation(act: PlainActivation): (x: number) => number {
  return {
    silu: (x: number) => x / (1 + Math.exp(-x)),
    gelu: (x: number) => x * normalCdf(x),
    gelu_tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    quick_gelu: (x: number) => x * sigmoid(1.702 * x),
    relu: (x: number) => (x > 0 ? x : 0),
    relu2: (x: number) => (x > 0 ? x * x : 0),
    sigmoid,
    tanh: Math.tanh,
    identity: (x: number) => x,
  }[act];
}

/** logits [seq][vocab] of one sequence. RoPE must be unscaled. */
export function referenceLogits(model: Model, weights: Weights, tokens: readonly number[]): number[][] {
  return new Reference(model, weights).logits(tokens);
}
