// Takes: models of the page and of papers. Gives: proof that what they cost is what hand computation gives.
import { describe, expect, it } from 'vitest';
import type { FfnSpec, MixerSpec, Model } from '../../../compiler/2-check/model.ts';
import { dim, elements } from '../../../compiler/2-check/parameters/parameter.ts';
import { ffnParameters } from '../../../compiler/2-check/parameters/ffns.ts';
import { mixerParameters } from '../../../compiler/2-check/parameters/mixers.ts';
import { costsOf } from '../../../compiler/explain/cost/cost.ts';
import { ffnWork } from '../../../compiler/explain/cost/ffn-work.ts';
import { mixerMaps, mixerWork } from '../../../compiler/explain/cost/mixer-work.ts';
import { workOf } from '../../../compiler/explain/cost/work.ts';
import { modelOf } from '../2-check/prelude.ts';
import { everyFfn, everyMixer } from './every-part.ts';

const GiB = 2 ** 30;

function text(sizes: string, parts: string): string {
  return `model M { ${sizes}\n embed token { tie = none }\n ${parts}\n block b(mix, f) { h = x + mix(rms.mix(x)); y = h + f(rms.ffn(h)) }\n}`;
}
const llama = modelOf(
  text(
    'vocab = 128_256; context = 131_072; d_model = 4096; n_layers = 32',
    'mixer attn = gqa { heads = 32; kv_heads = 8; head_dim = 128 }; ffn mlp = glu { width = 14_336 }; stack n_layers { cycle [b(attn, mlp)] }',
  ),
);
const deepseek = modelOf(
  text(
    'vocab = 129_280; context = 163_840; d_model = 7168; n_layers = 61',
    `mixer attn = mla { heads = 128; q_rank = 1536; kv_rank = 512; nope_dim = 128; rope_dim = 64; v_dim = 128 }
     ffn dense = glu { width = 18_432 }
     ffn moe = experts { n = 256; top_k = 8; shared = 1; expert = glu { width = 2048 } }
     stack n_layers { cycle [b(attn, moe)]; at 0..2 [b(attn, dense)] }`,
  ),
);
const delta = (mix: string): Model =>
  modelOf(
    text(
      'vocab = 65_536; context = 262_144; d_model = 2048; n_layers = 48',
      `${mix.includes('ssm') ? 'mixer ssm = mamba2 { expand = 2; head_dim = 64; state = 128; groups = 1; conv = 4; chunk = 256 }' : ''}
       mixer global = gqa { heads = 16; kv_heads = 4; head_dim = 128 }
       ${mix.includes('local') ? 'mixer local = global { mask = causal & window(1024) }' : ''}
       ffn mlp = glu { width = 5440 }
       stack n_layers { mix = cycle [${mix}]; f = cycle [mlp]; each b(mix, f) }`,
    ),
  );

describe('Llama-3.1-8B', () => {
  const costs = costsOf(llama, { length: 8192 });

  it('does 2 FLOPs per weight that multiplies, and 4 per head dim and key', () => {
    const embedding = 128_256 * 4096;
    const gains = 65 * 4096;
    const { total } = costs.parameters;
    expect(total).toBe(8_030_261_248);
    expect(costs.flopsPerToken.withoutAttention).toBe(2 * (total - embedding - gains));
    expect(costs.flopsPerToken.attention).toBe(32 * 4 * 4096 * 4096.5);
    expect(costs.flopsPerToken.backward).toBe(2 * costs.flopsPerToken.forward);
    expect(costs.flopsPerToken.training).toBe(3 * costs.flopsPerToken.forward);
    expect(costs.flopsPerToken.decode).toBe(costs.flopsPerToken.withoutAttention + 32 * 4 * 4096 * 8192);
  });

  it('keeps 131,072 bytes a token: 32 layers, 8 heads of 128, keys and values of 2 bytes', () => {
    expect(costs.bytes).toEqual({
      weights: { f32: 32_121_044_992, bf16: 16_060_522_496, fp8: 8_030_261_248, int4: 4_015_130_624 },
      kvPerToken: 131_072,
      kvFull: GiB,
      state: 0,
    });
    expect(costsOf(llama, { length: 8192, cache: 'f32' }).bytes.kvFull).toBe(2 * GiB);
  });

  it('reads weights without the embedding, and the cache, once a token', () => {
    const read = 2 * (8_030_261_248 - 128_256 * 4096) + GiB;
    expect(costs.intensity.decode).toBeCloseTo(costs.flopsPerToken.decode / (read + 2 * 4096), 10);
    const eight = costsOf(llama, { length: 8192, batch: 8 }).intensity.decode;
    expect(eight / costs.intensity.decode).toBeGreaterThan(5);
  });

  it('sums its components', () => {
    const { byComponent, total } = costs.parameters;
    expect(byComponent).toEqual({ embed: 525_336_576, norms: 266_240, attn: 1_342_177_280, mlp: 5_637_144_576, head: 525_336_576 }); // prettier-ignore
    expect(Object.values(byComponent).reduce((sum, size) => sum + size, 0)).toBe(total);
    const work = Object.values(costs.flopsPerToken.byPart).reduce((sum, flops) => sum + flops, 0);
    expect(work).toBe(costs.flopsPerToken.forward);
  });
});

describe('DeepSeek-V3', () => {
  const costs = costsOf(deepseek, { length: 4096 });

  it('keeps 70,272 bytes a token: 61 latents of 512 + 64', () => {
    expect(costs.bytes.kvPerToken).toBe(70_272);
  });

  it('works expanded over a sequence, absorbed at decode', () => {
    const pairs = 61 * 2 * 128 * (128 + 64 + 128) * 2048.5;
    expect(costs.flopsPerToken.attention).toBe(pairs);
    const absorbed = 61 * 2 * 128 * (512 + 64 + 512) * 4096;
    expect(costs.flopsPerToken.decode).toBe(costs.flopsPerToken.withoutAttention + absorbed);
  });

  it('passes 8 of 256 experts and the shared one', () => {
    const { byPart } = costs.flopsPerToken;
    expect(byPart['moe']).toBe(58 * 2 * 7168 * (256 + 9 * 3 * 2048));
    const { byComponent, active } = costs.parameters;
    expect([byComponent['moe.router'], byComponent['moe.experts'], byComponent['moe.shared']]).toEqual([
      58 * 256 * 7168,
      58 * 256 * 3 * 7168 * 2048,
      58 * 3 * 7168 * 2048,
    ]);
    expect((active / 1e9).toFixed(2)).toBe('37.55');
  });

  it('reads the experts that a batch touches', () => {
    const { weightsRead } = workOf(deepseek);
    const experts = 58 * 256 * 3 * 7168 * 2048;
    const touched = (tokens: number): number => 1 - (1 - 8 / 256) ** tokens;
    const more = weightsRead(64) - weightsRead(1);
    expect(more).toBeCloseTo(experts * (touched(64) - touched(1)) + 63 * 7168, -2);
  });
});

describe('Delta', () => {
  const layers = 'ssm * 2, local, ssm * 2, global';

  it('keeps 4.05 GiB at 256k: 8 global, 8 local layers, 32 states', () => {
    const { kvFull, state } = costsOf(delta(layers)).bytes;
    expect(kvFull).toBe(2048 * 8 * (262_144 + 1024));
    // The state, and the last 3 inputs of 4096 + 256 channels.
    expect(state).toBe(2 * 32 * (64 * 64 * 128 + 3 * 4352));
    expect(((kvFull + state) / GiB).toFixed(2)).toBe('4.05');
  });

  it('keeps 24 GiB when all layers are global', () => {
    expect(costsOf(delta('global')).bytes.kvFull).toBe(24 * GiB);
  });
});

describe('every kind', () => {
  it.each(Object.entries(everyMixer))(
    'mixer %s: twice the weights of its maps that a token uses',
    (_, spec: MixerSpec) => {
      const maps = mixerParameters(spec, dim('d_model', 2048)).filter((each) => each.class === 'matrix');
      expect(mixerMaps(spec, 2048)).toBeCloseTo(
        2 * maps.reduce((sum, each) => sum + elements(each) * each.active, 0),
        3,
      );
      const { fixed, kept, state, perKey } = mixerWork(spec, 2048);
      expect(Math.min(fixed.sequence, fixed.step, kept, state, perKey.sequence)).toBeGreaterThanOrEqual(0);
      expect(fixed.step + perKey.step).toBeGreaterThan(0);
      expect(kept + state).toBeGreaterThan(0);
    },
  );

  it.each(Object.entries(everyFfn))('ffn %s: twice the weights that a token uses', (_, spec: FfnSpec) => {
    const maps = ffnParameters(spec, dim('d_model', 2048)).filter((each) => each.class === 'matrix');
    expect(ffnWork(spec, 2048).flops).toBe(2 * maps.reduce((sum, each) => sum + elements(each) * each.active, 0));
  });

  const states: [keyof typeof everyMixer, number][] = [
    ['mamba', 8192 * 16 + 3 * 8192],
    ['mamba2', 64 * 64 * 128 + 3 * (4096 + 256)],
    ['gated_delta', 32 * 128 * 128 + 3 * (2 * 2048 + 4096)],
    ['linear', 16 * 128 * 128],
    ['rwkv7', 32 * 64 * 64 + 2048],
    ['conv', 2 * 2048],
    ['rg_lru', 4 * 2560],
  ];
  it.each(states)('%s keeps %d numbers of a sequence', (kind, numbers) => {
    expect(mixerWork(everyMixer[kind], 2048).state).toBe(numbers);
  });

  it('keys and values of another layer are kept there', () => {
    expect(mixerWork({ ...everyMixer.gqa, kvFrom: 0 }, 2048).kept).toBe(0);
    expect(mixerWork({ ...everyMixer.mla, cache: 'full' }, 7168).kept).toBe(128 * (192 + 128));
  });
});

describe('growth', () => {
  const models = [llama, deepseek, delta('ssm * 2, local, ssm * 2, global')];

  it.each(models)('work and cache never shrink with the length (%#)', (model) => {
    const lengths = [1, 2, 100, 1023, 1024, 1025, 4096, 65_536];
    const figures = lengths.map((length) => {
      const { flopsPerToken, bytes } = costsOf(model, { length });
      return [flopsPerToken.forward, flopsPerToken.decode, bytes.kvFull];
    });
    for (const [i, row] of figures.slice(1).entries()) {
      row.forEach((value, j) => expect(value).toBeGreaterThanOrEqual(figures[i]?.[j] ?? 0));
    }
  });

  it('costs of a context of 262,144 take no time', () => {
    const start = performance.now();
    costsOf(delta('ssm, local, global'));
    expect(performance.now() - start).toBeLessThan(200);
  });
});
