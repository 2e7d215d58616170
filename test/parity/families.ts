// Takes: nothing. Gives: the families' fixtures as models, with their weight maps.
// Promises: every knob as in the fixture's config.json; what is not said is the builder's llama.
import type {
  Activation,
  AlibiSpec,
  GqaSpec,
  MaskSpec,
  Model,
  NormSpec,
  RopeSpec,
} from '../../compiler/2-check/model.ts';
import { glu, gqa, init, layerNorm, makeModel, mlp, plus, ref, rms, use, wirings } from '../compiler/3-graph/model/model-builder.ts'; // prettier-ignore
import type { Knobs, Wiring } from '../compiler/3-graph/model/model-builder.ts';
import * as maps from './weight-maps.ts';
import type { WeightMap } from './weights.ts';

export interface Family {
  readonly model: Model;
  readonly weights: WeightMap;
}

const causal: MaskSpec = { kind: 'causal' };
const window8: MaskSpec = { kind: 'all', parts: [causal, { kind: 'window', size: 8 }] };

const rope = (dim: number, theta: number, rest: Partial<RopeSpec> = {}): RopeSpec => ({
  dim,
  theta,
  pairing: 'half',
  scaling: { kind: 'none' },
  ...rest,
});

const attn = (knobs: Parameters<typeof gqa>[0] = {}): GqaSpec => {
  const headDim = knobs.headDim ?? 12;
  return gqa({ headDim, rope: rope(headDim, 10_000), ...knobs });
};

/** `layers` times the same mixer. */
const times = (layers: number, mixer: GqaSpec): GqaSpec[] => Array.from({ length: layers }, () => mixer);

const family = (weights: WeightMap, knobs: Knobs): Family => ({
  weights,
  model: makeModel({ vocab: 128, context: 128, dModel: 48, ffn: glu(80), mixers: times(2, attn()), ...knobs }),
});

const tied = { tied: true };
const rms5: NormSpec = { ...rms, eps: 1e-5 };
const onePlus: NormSpec = { ...rms, gain: 'one_plus', cast: 'after_gain' };
const gainOnly: NormSpec = { ...layerNorm, bias: false };
const learned = { tied: true, positions: { length: 128, offset: 0, init } };
const alibi: AlibiSpec = { maxBias: 8, scaled: false, round: null };
const sqrt48 = Math.sqrt(48);
const full = { per: 'full', order: 'before_rope' } as const;
const head = { per: 'head', order: 'before_rope' } as const;

const llamas: Record<string, Family> = {
  llama: family(maps.standard, {}),
  llama3: family(maps.standard, {
    mixers: times(2, attn({ headDim: 24, rope: rope(24, 500_000, { scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, original: 32 } }) })), // prettier-ignore
  }),
  llama_linear: family(maps.standard, {
    embed: tied,
    mixers: times(2, attn({ biases: 'qkvo', rope: rope(12, 10_000, { scaling: { kind: 'linear', factor: 2 } }) })),
    ffn: glu(80, 'silu', true),
  }),
  llama_yarn: family(maps.standard, {
    mixers: times(2, attn({ rope: rope(12, 10_000, { scaling: { kind: 'yarn', factor: 4, original: 32, betaFast: 32, betaSlow: 1, truncate: true, attentionFactor: null, mscale: null, mscaleAllDim: null } }) })), // prettier-ignore
  }),
  mistral: family(maps.standard, { mixers: times(2, attn({ mask: window8 })) }),
  qwen2: family(maps.standard, { mixers: times(2, attn({ biases: 'qkv' })) }),
  qwen3: family(maps.standard, { embed: tied, mixers: times(2, attn({ headDim: 24, qkNorm: { ...rms, ...head } })) }),
  phi3: family(maps.phi3, { norm: rms5 }),
  granite: family(maps.standard, {
    embed: { scale: 12 },
    mixers: times(2, attn({ scale: 0.0625 })),
    wiring: wirings.pre(0.22),
    head: { scale: 1 / 8 },
  }),
  smollm3: family(maps.standard, {
    embed: tied,
    mixers: [...times(3, attn({ rope: rope(12, 2_000_000) })), attn({ rope: null })],
  }),
  hunyuan: family(maps.hunyuan, {
    norm: rms5,
    mixers: times(2, attn({ headDim: 16, qkNorm: { ...rms5, per: 'head', order: 'after_rope' } })),
  }),
  ernie4_5: family(maps.standard, {
    norm: rms5,
    embed: tied,
    mixers: times(2, attn({ headDim: 16, rope: rope(16, 500_000, { pairing: 'interleaved' }) })),
  }),
};

const gemmas: Record<string, Family> = {
  gemma: family(maps.standard, {
    norm: onePlus,
    embed: { tied: true, scale: sqrt48 },
    mixers: times(2, attn({ headDim: 16 })),
    ffn: glu(80, 'gelu_tanh'),
  }),
  gemma2: family(maps.sandwich, {
    norm: onePlus,
    embed: { tied: true, scale: sqrt48 },
    mixers: [window8, causal, window8, causal].map((mask) =>
      attn({ headDim: 16, scale: 24 ** -0.5, softcap: 50, mask }),
    ),
    ffn: glu(80, 'gelu_tanh'),
    wiring: wirings.sandwich,
    head: { softcap: 30 },
  }),
  gemma3: family(maps.sandwich, {
    norm: onePlus,
    embed: { tied: true, scale: sqrt48 },
    mixers: [
      ...times(5, attn({ headDim: 16, qkNorm: { ...onePlus, ...head }, mask: window8 })),
      attn({ headDim: 16, qkNorm: { ...onePlus, ...head }, rope: rope(16, 1_000_000) }),
    ],
    ffn: glu(80, 'gelu_tanh'),
    wiring: wirings.sandwich,
  }),
};

const xielu: Activation = { kind: 'xielu', alphaP: 0.8, alphaN: 0.8, beta: 0.5, eps: -1e-6 };

/** Pre-norm, but for a first layer (the one without a window) whose attention takes the normed embedding itself. */
const normedOnce: Wiring = (parts) => {
  const { mixer } = parts;
  const equations = wirings.pre()(parts);
  if (mixer.kind !== 'gqa' || mixer.mask.kind !== 'causal') return equations;
  return equations.map((each) => (each.name === 'h' ? { ...each, value: plus(ref('x'), use.mixer(mixer, ref('x'))) } : each)); // prettier-ignore
};

const others: Record<string, Family> = {
  apertus: family(maps.apertus, {
    norm: rms5,
    mixers: times(2, attn({ headDim: 16, qkNorm: { ...rms5, ...head }, rope: rope(16, 12_000_000, { scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, original: 8192 } }) })), // prettier-ignore
    ffn: mlp(80, xielu, false),
  }),
  modernbert_decoder: family(maps.modernbert, {
    norm: gainOnly,
    embed: { tied: true, norm: gainOnly },
    mixers: [attn({ kvHeads: 4, rope: rope(12, 160_000) }), attn({ kvHeads: 4, mask: { kind: 'all', parts: [causal, { kind: 'window', size: 4 }] } })], // prettier-ignore
    ffn: glu(80, 'gelu'),
    wiring: normedOnce,
    head: { bias: true, transform: { act: 'gelu', norm: gainOnly, projection: { bias: false, init } } },
  }),
  diffllama: family(maps.diffllama, {
    norm: rms5,
    mixers: [0, 1].map((layer) => attn({ diff: { init: 0.8 - 0.6 * Math.exp(-0.3 * layer), vectorInit: init, eps: 1e-5 } })), // prettier-ignore
  }),
  bitnet: family(maps.bitnet, {
    norm: rms5,
    mixers: times(2, attn({ rope: rope(12, 500_000), outNorm: rms5 })),
    ffn: { ...glu(80, 'relu2'), norm: rms5 },
  }),
  olmo: family(maps.standard, { norm: { ...gainOnly, gain: 'none' } }),
  olmo2: family(maps.reordered, {
    norm: rms5,
    mixers: times(2, attn({ qkNorm: { ...rms5, ...full } })),
    wiring: wirings.reordered,
  }),
  olmo3: family(maps.reordered, {
    norm: rms5,
    mixers: [window8, window8, window8, causal].map((mask) => attn({ qkNorm: { ...rms5, ...full }, rope: rope(12, 500_000), mask })), // prettier-ignore
    wiring: wirings.reordered,
  }),
  glm: family(maps.glm, {
    norm: { ...rms, eps: 1.5625e-7 },
    mixers: times(2, attn({ headDim: 16, biases: 'qkv', rope: rope(8, 10_000, { pairing: 'interleaved' }) })),
  }),
  glm4: family(maps.glm4, {
    norm: { ...rms, eps: 1.5625e-7 },
    mixers: times(2, attn({ headDim: 16, biases: 'qkv', rope: rope(8, 10_000, { pairing: 'interleaved' }) })),
    wiring: wirings.sandwich,
  }),
  cohere: family(maps.standard, {
    norm: gainOnly,
    embed: tied,
    mixers: times(2, attn({ rope: rope(12, 500_000, { pairing: 'interleaved' }) })),
    wiring: wirings.parallel1,
    head: { scale: 0.25 },
  }),
  cohere2: family(maps.standard, {
    norm: gainOnly,
    embed: tied,
    mixers: [
      ...times(3, attn({ headDim: 16, mask: window8, rope: rope(16, 10_000, { pairing: 'interleaved' }) })),
      attn({ headDim: 16, rope: null }),
    ],
    wiring: wirings.parallel1,
    head: { scale: 0.25 },
  }),
  stablelm: family(maps.standard, {
    norm: layerNorm,
    mixers: times(2, attn({ biases: 'qkv', rope: rope(6, 10_000) })),
  }),
  nemotron: family(maps.standard, {
    norm: { ...layerNorm, gain: 'one_plus' },
    mixers: times(2, attn({ headDim: 16, rope: rope(8, 10_000) })),
    ffn: mlp(80, 'relu2', false),
  }),
};

const gpts: Record<string, Family> = {
  gpt2: family(maps.gpt2(48), {
    norm: layerNorm,
    embed: learned,
    mixers: times(2, attn({ kvHeads: 4, biases: 'qkvo', rope: null })),
    ffn: mlp(192, 'gelu_tanh'),
  }),
  gpt_bigcode: family(maps.gptBigcode, {
    norm: layerNorm,
    embed: learned,
    mixers: times(2, attn({ kvHeads: 1, biases: 'qkvo', rope: null })),
    ffn: mlp(192, 'gelu_tanh'),
  }),
  opt: family(maps.opt, {
    norm: layerNorm,
    embed: { tied: true, positions: { length: 128, offset: 2, init } },
    mixers: times(2, attn({ kvHeads: 4, biases: 'qkvo', rope: null })),
    ffn: mlp(96, 'relu'),
  }),
  xglm: family(maps.xglm, {
    vocab: 64,
    context: 64,
    dModel: 32,
    norm: layerNorm,
    embed: { tied: true, scale: Math.sqrt(32), sinusoidal: { theta: 10_000, offset: 2, spacing: 'closed' } },
    mixers: times(2, attn({ headDim: 8, kvHeads: 4, biases: 'qkvo', rope: null })),
    ffn: mlp(56, 'gelu'),
  }),
  gptj: family(maps.gptj, {
    norm: layerNorm,
    mixers: times(2, attn({ kvHeads: 4, rope: rope(8, 10_000, { pairing: 'interleaved' }) })),
    ffn: mlp(192, 'gelu_tanh'),
    wiring: wirings.parallel1,
    head: { bias: true },
  }),
  gpt_neox: family(maps.gptNeox, {
    norm: layerNorm,
    mixers: times(2, attn({ kvHeads: 4, biases: 'qkvo', rope: rope(6, 10_000) })),
    ffn: mlp(80, 'gelu'),
    wiring: wirings.parallel2,
  }),
  phi: family(maps.phi, {
    norm: layerNorm,
    mixers: times(2, attn({ biases: 'qkvo', rope: rope(6, 10_000) })),
    ffn: mlp(80, 'gelu_tanh'),
    wiring: wirings.parallel1,
    head: { bias: true },
  }),
  bloom: family(maps.bloom, {
    norm: layerNorm,
    embed: { tied: true, norm: layerNorm },
    mixers: times(2, attn({ kvHeads: 4, biases: 'qkvo', rope: null, alibi })),
    ffn: mlp(192, 'gelu_tanh'),
  }),
  mpt: family(maps.mpt, {
    norm: gainOnly,
    embed: tied,
    mixers: times(2, attn({ kvHeads: 4, rope: null, alibi })),
    ffn: mlp(192, 'gelu', false),
  }),
  falcon: family(maps.falcon, {
    norm: layerNorm,
    embed: tied,
    mixers: times(2, attn({ kvHeads: 1 })),
    ffn: mlp(192, 'gelu', false),
    wiring: wirings.parallel1,
  }),
};

export const families: Readonly<Record<string, Family>> = { ...llamas, ...gemmas, ...others, ...gpts };
