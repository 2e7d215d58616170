import { describe, expect, it } from 'vitest';
import { elements } from '../../../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../../../compiler/2-check/parameters/parameters.ts';
import type { Parameter } from '../../../../compiler/2-check/parameters/parameter.ts';
import { glu, gqa, init, layerNorm, makeModel, mlp, rms, wirings } from './model-builder.ts';

const line = (p: Parameter): string =>
  `${p.name} [${p.dims.map((d) => `${d.name}=${d.size}`).join(', ')}] ${p.class} ${p.init.kind === 'constant' ? Number(p.init.value.toPrecision(4)) : p.init.kind}`;

describe('parameters', () => {
  it('of a llama layer', () => {
    expect(parameters(makeModel({ mixers: [gqa()] })).map(line)).toEqual([
      'embed.weight [vocab=11, d_model=8] embed normal',
      'layers.0.rms.mix.gain [d_model=8] vector 1',
      'layers.0.attn.q.weight [q_dim=16, d_model=8] matrix normal',
      'layers.0.attn.k.weight [kv_dim=8, d_model=8] matrix normal',
      'layers.0.attn.v.weight [kv_dim=8, d_model=8] matrix normal',
      'layers.0.attn.o.weight [d_model=8, q_dim=16] matrix normal',
      'layers.0.rms.ffn.gain [d_model=8] vector 1',
      'layers.0.mlp.gate.weight [width=12, d_model=8] matrix normal',
      'layers.0.mlp.up.weight [width=12, d_model=8] matrix normal',
      'layers.0.mlp.down.weight [d_model=8, width=12] matrix normal',
      'head.norm.gain [d_model=8] vector 1',
      'head.weight [vocab=11, d_model=8] head normal',
    ]);
  });

  it('of a model with every optional one', () => {
    const model = makeModel({
      embed: { tied: true, positions: { length: 16, offset: 2, init }, norm: layerNorm },
      norm: { ...layerNorm, gain: 'one_plus' },
      mixers: [gqa({ biases: 'qkvo', qkNorm: { ...layerNorm, per: 'full', order: 'before_rope' } })],
      ffn: mlp(12, { kind: 'xielu', alphaP: 0.8, alphaN: 0.8, beta: 0.5, eps: -1e-6 }),
      head: { bias: true, transform: { act: 'gelu', norm: layerNorm, projection: { bias: true, init } } },
    });
    expect(parameters(model).map(line)).toEqual([
      'embed.weight [vocab=11, d_model=8] embed normal',
      'embed.positions [position=18, d_model=8] embed normal',
      'embed.norm.gain [d_model=8] vector 1',
      'embed.norm.bias [d_model=8] vector 0',
      'layers.0.rms.mix.gain [d_model=8] vector 0',
      'layers.0.rms.mix.bias [d_model=8] vector 0',
      'layers.0.attn.q.weight [q_dim=16, d_model=8] matrix normal',
      'layers.0.attn.q.bias [q_dim=16] vector 0',
      'layers.0.attn.k.weight [kv_dim=8, d_model=8] matrix normal',
      'layers.0.attn.k.bias [kv_dim=8] vector 0',
      'layers.0.attn.v.weight [kv_dim=8, d_model=8] matrix normal',
      'layers.0.attn.v.bias [kv_dim=8] vector 0',
      'layers.0.attn.o.weight [d_model=8, q_dim=16] matrix normal',
      'layers.0.attn.o.bias [d_model=8] vector 0',
      'layers.0.attn.q_norm.gain [q_dim=16] vector 1',
      'layers.0.attn.q_norm.bias [q_dim=16] vector 0',
      'layers.0.attn.k_norm.gain [kv_dim=8] vector 1',
      'layers.0.attn.k_norm.bias [kv_dim=8] vector 0',
      'layers.0.rms.ffn.gain [d_model=8] vector 0',
      'layers.0.rms.ffn.bias [d_model=8] vector 0',
      'layers.0.mlp.up.weight [width=12, d_model=8] matrix normal',
      'layers.0.mlp.up.bias [width=12] vector 0',
      'layers.0.mlp.act.alpha_p [one=1] vector 0.2034',
      'layers.0.mlp.act.alpha_n [one=1] vector -1.05',
      'layers.0.mlp.down.weight [d_model=8, width=12] matrix normal',
      'layers.0.mlp.down.bias [d_model=8] vector 0',
      'head.norm.gain [d_model=8] vector 0',
      'head.norm.bias [d_model=8] vector 0',
      'head.transform.weight [transformed=8, d_model=8] matrix normal',
      'head.transform.bias [transformed=8] vector 0',
      'head.transform.norm.gain [d_model=8] vector 1',
      'head.transform.norm.bias [d_model=8] vector 0',
      'head.bias [vocab=11] vector 0',
    ]);
  });

  it.each([
    ['pre', wirings.pre(), 2],
    ['one norm used twice', wirings.parallel1, 1],
    ['two norms', wirings.parallel2, 2],
    ['sandwich', wirings.sandwich, 4],
  ])('counts norms by instance: %s', (_, wiring, count) => {
    const names = parameters(makeModel({ mixers: [gqa()], wiring })).map((p) => p.name);
    expect(names.filter((name) => name.startsWith('layers.0.rms.'))).toHaveLength(count);
  });

  it('has none for a norm without gain', () => {
    const bare = { ...rms, gain: 'none' } as const;
    expect(parameters(makeModel({ norm: bare })).filter((p) => p.class === 'vector')).toEqual([]);
  });

  it('shares head_dim weights of a norm per head', () => {
    const model = makeModel({ mixers: [gqa({ qkNorm: { ...rms, per: 'head', order: 'after_rope' } })] });
    const qk = parameters(model).filter((p) => p.name.includes('_norm'));
    expect(qk.map(line)).toEqual([
      'layers.0.attn.q_norm.gain [head_dim=4] vector 1',
      'layers.0.attn.k_norm.gain [head_dim=4] vector 1',
    ]);
  });

  // Checkpoint sizes: reference 1.2.
  it.each([
    ['Llama-2-7B', 32_000, 4096, 32, gqa({ heads: 32, kvHeads: 32, headDim: 128 }), 11_008, false, 6.738],
    ['Llama-3.1-8B', 128_256, 4096, 32, gqa({ heads: 32, kvHeads: 8, headDim: 128 }), 14_336, false, 8.03],
    ['Mistral-7B', 32_000, 4096, 32, gqa({ heads: 32, kvHeads: 8, headDim: 128 }), 14_336, false, 7.242],
    [
      'Qwen2.5-7B',
      152_064,
      3584,
      28,
      gqa({ heads: 28, kvHeads: 4, headDim: 128, biases: 'qkv' }),
      18_944,
      false,
      7.616,
    ],
    ['SmolLM3-3B', 128_256, 2048, 36, gqa({ heads: 16, kvHeads: 4, headDim: 128 }), 11_008, true, 3.075],
    ['Gemma-7B', 256_000, 3072, 28, gqa({ heads: 16, kvHeads: 16, headDim: 256 }), 24_576, true, 8.538],
  ])('counts %s', (_, vocab, dModel, layers, mixer, width, tied, billions) => {
    const mixers = Array.from({ length: layers }, () => mixer);
    const model = makeModel({ vocab, dModel, mixers, ffn: glu(width), embed: { tied } });
    const total = parameters(model).reduce((sum, p) => sum + elements(p), 0);
    expect(Math.round(total / 1e6) / 1e3).toBe(billions);
  });
});
