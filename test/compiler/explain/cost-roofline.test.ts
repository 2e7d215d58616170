// Takes: devices and models. Gives: proof that times are the larger of work over peak and bytes over bandwidth.
import { describe, expect, it } from 'vitest';
import { deviceNamed, devices } from '../../../compiler/explain/cost/devices.ts';
import { rooflineOf } from '../../../compiler/explain/cost/roofline.ts';
import { costsOf } from '../../../compiler/explain/cost/cost.ts';
import { modelOf } from '../2-check/prelude.ts';

const llama = modelOf(`model Llama {
  vocab = 128_256; context = 8192; d_model = 4096; n_layers = 32
  embed token { tie = none }
  mixer attn = gqa { heads = 32; kv_heads = 8; head_dim = 128 }
  ffn mlp = glu { width = 14_336 }
}`);
const named = (text: string) => {
  const device = deviceNamed(text);
  if (device === null) throw new Error(`no device ${text}`);
  return device;
};

describe('devices', () => {
  it.each([['h100', 'h100-sxm'], ['H200', 'h200'], ['a100', 'a100-80'], ['rtx4090', 'rtx4090'], ['m4', 'm4-max'], ['mi300x', 'mi300x']])('%s is %s', (text, name) => {
    expect(deviceNamed(text)?.name).toBe(name);
  }); // prettier-ignore

  it('are told by two or three numbers', () => {
    expect(deviceNamed('100T,1.5T,24G')).toMatchObject({ flops: { bf16: 1e14 }, bandwidth: 1.5e12, memory: 24e9 });
    expect(deviceNamed('989e12,3.35e12')).toMatchObject({ flops: { f32: 989e12 }, bandwidth: 3.35e12, memory: null });
  });

  it.each(['', 'z80', '1T', '1T,', '1T,x', '0,1T', '1T,1T,1T,1T', '-1,1'])('%j is none', (text) => {
    expect(deviceNamed(text)).toBeNull();
  });

  it('have names of their own and sound figures', () => {
    expect(new Set(devices.map(({ name }) => name)).size).toBe(devices.length);
    for (const { flops, bandwidth } of devices) {
      expect(flops.f32).toBeLessThanOrEqual(flops.bf16);
      expect(flops.bf16).toBeLessThanOrEqual(flops.fp8);
      // Operations per byte at which arithmetic begins to bound.
      expect(flops.bf16 / bandwidth).toBeGreaterThan(20);
    }
  });
});

describe('Llama-3.1-8B on an H100', () => {
  const { prefill, decode, full, tokensPerSecond, training } = rooflineOf(llama, named('h100'));

  it('prefills 8192 tokens in work / 989 TFLOP/s: logits of the last token alone', () => {
    const head = 2 * 128_256 * 4096;
    const forward = costsOf(llama).flopsPerToken.forward;
    expect(prefill.by).toBe('compute');
    expect(prefill.seconds).toBeCloseTo((8192 * (forward - head) + head) / 989.4e12, 9);
  });

  it('decodes a token in bytes / 3.35 TB/s', () => {
    const bytes = 2 * (8_030_261_248 - 128_256 * 4096) + 2 ** 30 + 2 * 4096;
    expect(decode.by).toBe('memory');
    expect(decode.seconds).toBeCloseTo(bytes / 3.35e12, 9);
    expect(tokensPerSecond).toBeCloseTo(1 / decode.seconds, 6);
  });

  it('holds 59 caches of a GiB beside 16 GB of weights, no weights of 16 bytes each', () => {
    expect(full?.batch).toBe(Math.floor((80e9 - 16_060_522_496) / 2 ** 30));
    expect(training.fits).toBe(false);
    expect(training.tokensPerSecond).toBeCloseTo(989.4e12 / costsOf(llama).flopsPerToken.training, 3);
  });

  it('is bound by arithmetic when many sequences share the weights', () => {
    expect(rooflineOf(llama, named('1T,100T'), { batch: 64 }).decode.by).toBe('compute');
  });

  it('does not hold what is too large', () => {
    expect(rooflineOf(llama, named('t4')).full).toEqual({ batch: 0, tokensPerSecond: 0 });
  });
});
