// Takes: a few knobs. Gives: Model and TrainSpec objects as the checker would make them.
// Promises: what is not said is a small llama-like model.
import type {
  Activation,
  BlockExpr,
  Equation,
  FfnSpec,
  GluSpec,
  GqaSpec,
  Init,
  Layer,
  MixerSpec,
  MlpSpec,
  Model,
  NormSpec,
  TrainSpec,
} from '../../../../compiler/2-check/model.ts';
import type { Span } from '../../../../grammar/source.ts';

export const span: Span = { file: { path: 'test.model', text: '' }, start: 0, end: 0 };
export const init: Init = { kind: 'normal', std: 0.02 };
const plain = { bias: false, init };
const biased = { bias: true, init };

export const rms: NormSpec = {
  kind: 'rms',
  eps: 1e-6,
  gain: 'weight',
  bias: false,
  reduce: 'f32',
  cast: 'before_gain',
};
export const layerNorm: NormSpec = { ...rms, kind: 'layer', eps: 1e-5, bias: true };

export function gqa(knobs: Partial<GqaSpec> & { biases?: string } = {}): GqaSpec {
  const { biases = '', ...rest } = knobs;
  const headDim = rest.headDim ?? 4;
  const projection = (name: string) => (biases.includes(name) ? biased : plain);
  return {
    kind: 'gqa',
    heads: 4,
    kvHeads: 2,
    headDim,
    vDim: headDim,
    scale: headDim ** -0.5,
    mask: { kind: 'causal' },
    qkNorm: null,
    softcap: null,
    rope: { dim: headDim, theta: 10_000, pairing: 'half', scaling: { kind: 'none' } },
    alibi: null,
    kvFrom: null,
    kvShare: false,
    sink: null,
    gate: null,
    diff: null,
    outNorm: null,
    clipQkv: null,
    q: projection('q'),
    k: projection('k'),
    v: projection('v'),
    o: projection('o'),
    ...rest,
  };
}

export function glu(width: number, act: Activation = 'silu', bias = false): GluSpec {
  const projection = bias ? biased : plain;
  return {
    kind: 'glu',
    act,
    width,
    norm: null,
    clamp: null,
    upOffset: 0,
    gate: projection,
    up: projection,
    down: projection,
  };
}

export function mlp(width: number, act: Activation, bias = true): MlpSpec {
  const projection = bias ? biased : plain;
  return { kind: 'mlp', act, width, norm: null, up: projection, down: projection };
}

/** What a block can say, one letter each: `x`, numbers, sums, norms by instance, `attn(..)`, `mlp(..)`. */
export interface Parts {
  readonly norm: NormSpec;
  readonly mixer: MixerSpec;
  readonly ffn: FfnSpec;
}

export const ref = (name: string): BlockExpr => ({ kind: 'ref', name, span });
export const number = (value: number): BlockExpr => ({ kind: 'number', value, span });
export const op = (operator: '+' | '-' | '*' | '/', left: BlockExpr, right: BlockExpr): BlockExpr => ({
  kind: 'arithmetic',
  operator,
  left,
  right,
  span,
});
export const plus = (left: BlockExpr, right: BlockExpr): BlockExpr => op('+', left, right);
export const times = (left: number, right: BlockExpr): BlockExpr => op('*', number(left), right);

export const use = {
  norm: (spec: NormSpec, instance: string, input: BlockExpr): BlockExpr => ({ kind: 'norm', instance, spec, input, span }), // prettier-ignore
  mixer: (spec: MixerSpec, input: BlockExpr): BlockExpr => ({ kind: 'mixer', name: 'attn', spec, input, span }),
  ffn: (spec: FfnSpec, input: BlockExpr): BlockExpr => ({ kind: 'ffn', name: 'mlp', spec, input, span }),
};

export type Wiring = (parts: Parts) => readonly Equation[];

const equation = (name: string, value: BlockExpr): Equation => ({ name, value, span });
const x = ref('x');
const h = ref('h');

/** The wirings of the families, as equations. */
export const wirings = {
  /** h = x + s attn(n1 x); y = h + s mlp(n2 h) */
  pre:
    (scale = 1): Wiring =>
    ({ norm, mixer, ffn }) => [
      equation('h', plus(x, times(scale, use.mixer(mixer, use.norm(norm, 'rms.mix', x))))),
      equation('y', plus(h, times(scale, use.ffn(ffn, use.norm(norm, 'rms.ffn', h))))),
    ],
  /** h = x + n1 attn(x); y = h + n2 mlp(h) */
  reordered: (({ norm, mixer, ffn }) => [
    equation('h', plus(x, use.norm(norm, 'rms.mix', use.mixer(mixer, x)))),
    equation('y', plus(h, use.norm(norm, 'rms.ffn', use.ffn(ffn, h)))),
  ]) as Wiring,
  sandwich: (({ norm, mixer, ffn }) => [
    equation('h', plus(x, use.norm(norm, 'rms.post_mix', use.mixer(mixer, use.norm(norm, 'rms.mix', x))))),
    equation('y', plus(h, use.norm(norm, 'rms.post_ffn', use.ffn(ffn, use.norm(norm, 'rms.ffn', h))))),
  ]) as Wiring,
  /** y = x + attn(n x) + mlp(n x): one norm */
  parallel1: (({ norm, mixer, ffn }) => [
    equation(
      'y',
      plus(plus(x, use.mixer(mixer, use.norm(norm, 'rms.mix', x))), use.ffn(ffn, use.norm(norm, 'rms.mix', x))),
    ),
  ]) as Wiring,
  /** y = x + attn(n1 x) + mlp(n2 x): two norms */
  parallel2: (({ norm, mixer, ffn }) => [
    equation(
      'y',
      plus(plus(x, use.mixer(mixer, use.norm(norm, 'rms.mix', x))), use.ffn(ffn, use.norm(norm, 'rms.ffn', x))),
    ),
  ]) as Wiring,
};

export interface Knobs {
  readonly vocab?: number;
  readonly context?: number;
  readonly dModel?: number;
  readonly embed?: Partial<Model['embed']>;
  readonly head?: Partial<Model['head']>;
  readonly norm?: NormSpec;
  /** One per layer. */
  readonly mixers?: readonly MixerSpec[];
  readonly ffn?: FfnSpec;
  readonly wiring?: Wiring;
}

export function makeModel(knobs: Knobs = {}): Model {
  const norm = knobs.norm ?? rms;
  const ffn = knobs.ffn ?? glu(12);
  const wiring = knobs.wiring ?? wirings.pre();
  const layers: Layer[] = (knobs.mixers ?? [gqa(), gqa()]).map((mixer, index) => ({
    index,
    block: 'main',
    equations: wiring({ norm, mixer, ffn }),
  }));
  return {
    name: 'Test',
    vocab: knobs.vocab ?? 11,
    context: knobs.context ?? 16,
    dModel: knobs.dModel ?? 8,
    nLayers: layers.length,
    embed: {
      tied: false,
      rows: knobs.vocab ?? 11,
      factor: null,
      scale: 1,
      positions: null,
      sinusoidal: null,
      norm: null,
      init,
      ...knobs.embed,
    },
    layers,
    head: { norm, transform: null, factor: null, scale: 1, softcap: null, bias: false, init, ...knobs.head },
    mtp: null,
    weights: [],
    canonical: '',
    span,
  };
}

export function makeTrain(knobs: Partial<TrainSpec> = {}): TrainSpec {
  return {
    name: 'train',
    model: 'Test',
    data: [],
    tokenizer: 'bytes',
    batch: 2,
    accumulate: 1,
    seq: 4,
    steps: 10,
    seed: 0,
    loss: { ignore: null, zLoss: 0 },
    optimizers: [{ kind: 'sgd', params: ['all'], lr: 1, momentum: 0, weightDecay: 0, noDecay: [] }],
    schedule: { kind: 'constant', warmup: 0 },
    clipNorm: null,
    dropout: { embed: 0, residual: 0, attention: 0 },
    validation: { fraction: 0, every: 1, batches: 1 },
    saveEvery: 1,
    span,
    ...knobs,
  };
}
