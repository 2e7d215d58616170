// Takes: train blocks of the whole language. Gives: proof of what they resolve to, and of E10 to E12, W6, W11 and I6.
import { describe, expect, it } from 'vitest';
import type { TrainBlock } from '../../../../compiler/2-check/model.ts';
import { stepsFor, tokensFor } from '../../../../compiler/2-check/train/length.ts';
import { check, errorsOf, small } from '../prelude.ts';

function trainOf(items: string, model = '', before = ''): TrainBlock {
  const { file, diagnostics } = check(small(model, `${before}\ntrain run { ${items} }`));
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const block = file.trains.find(({ name }) => name === 'run');
  if (block === undefined || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return block;
}

const codes = (items: string, model = '', before = ''): string[] =>
  check(small(model, `${before}\ntrain run { ${items} }`)).diagnostics.map(({ code }) => code);

describe('length of a run', () => {
  it.each([
    ['batch = 16; steps = 100', { steps: 100, tokens: 16 * 64 * 100 }],
    ['batch = 16; tokens = 1Mtok', { steps: 977, tokens: 1e6 }],
    ['batch = 16; tokens = 20 * M.d_model', { steps: 15, tokens: 15_360 }],
    ['batch = 2Ktok; steps = 10', { batch: { kind: 'constant', sequences: 31 }, tokens: 31 * 64 * 10 }],
    ['epochs = 3', { steps: null, tokens: null, epochs: 3 }],
    [
      'batch = ramp(8, 32, over = 1Mtok)',
      { batch: { kind: 'ramp', from: 8, to: 32, over: 1e6 }, steps: 1000, tokens: expect.any(Number) as number },
    ],
  ])('%s', (items, expected) => {
    expect(trainOf(items)).toMatchObject(expected);
  });

  it.each([
    { kind: 'constant', sequences: 24 } as const,
    { kind: 'ramp', from: 8, to: 32, over: 1e6 } as const,
    { kind: 'ramp', from: 32, to: 8, over: 1e6 } as const,
    { kind: 'pieces', pieces: [{ value: 8, until: 3e5 }, { value: 16, until: 9e5 }], last: 32 } as const, // prettier-ignore
  ])('steps and tokens of $kind say the same', (batch) => {
    for (const steps of [1, 50, 400, 1500, 9000])
      expect(stepsFor(tokensFor(steps, batch, 64) - 32, batch, 64)).toBe(steps);
  });

  it('takes steps and tokens together only when they agree', () => {
    expect(trainOf('batch = 16; steps = 10; tokens = 10_240tok').steps).toBe(10);
    expect(codes('batch = 16; steps = 11; tokens = 10_240tok')).toContain('wrong-arguments');
  });
});

describe('losses', () => {
  it.each([
    ['ce(ignore = 0) + 1e-4 * z_loss', ['ce', 'z_loss']],
    ['0.5 * ce + 0.5 * kd(kind = reverse_kl, temperature = 2)', ['ce', 'kd']],
    ['dpo(beta = 0.2)', ['dpo']],
  ])('%s', (loss, kinds) => {
    const teacher = loss.includes('kd') ? 'teacher = hf("a/b")' : '';
    expect(trainOf(`loss = ${loss}; ${teacher}`).loss.map(({ loss: { kind } }) => kind)).toEqual(kinds);
  });

  it('has factors that change over training', () => {
    const [term] = trainOf('loss = (0.3 until 10Ktok then 0.1) * z_loss + ce').loss;
    expect(term?.coefficient).toEqual({ pieces: [{ value: 0.3, until: 10_000 }], last: 0.1 });
  });

  it('keeps the weight of masked diffusion as a formula over t', () => {
    const [term] = trainOf('loss = masked_diffusion(weight = 1 / t, mask_token = 255)', 'attn.mask = full').loss;
    const one = { kind: 'number', value: 1 };
    expect(term?.loss).toMatchObject({ t: { low: 1e-3, high: 1 }, maskToken: 255, weight: { kind: 'binary', operator: '/', left: one, right: { kind: 'name', name: 't' } } }); // prettier-ignore
  });

  it.each([
    ['loss = ce', 'attn.mask = full', 'loss-mask'],
    ['loss = masked_diffusion(mask_token = 0)', '', 'loss-mask'],
    ['loss = masked_diffusion(mask_token = 256)', 'attn.mask = full', 'out-of-range'],
    ['loss = masked_diffusion(mask_token = 0, weight = 1 / s)', 'attn.mask = full', 'unknown-name'],
    ['loss = ce + kd', '', 'missing-key'],
    ['loss = grpo', '', 'missing-key'],
    ['loss = ce + mtp', '', 'missing-key'],
    ['loss = ce + balance', '', 'missing-key'],
    ['loss = ce; teacher = hf("a/b")', '', 'unused-name'],
    ['loss = ce; reward = verifier("math")', '', 'unused-name'],
    ['loss = grpo(groups = 8); reward = verifier("math")', '', 'foreign-key'],
    ['loss = contrastive + cee', '', 'unknown-constructor'],
  ])('%s %s: %s', (items, model, code) => {
    expect(codes(items, model)).toContain(code);
  });
});

describe('optimizers (E12)', () => {
  it.each([
    'optimizer muon { params = matrix }; optimizer adamw { params = rest }',
    'optimizer muon { params = [attn, mlp.up] }; optimizer adamw { params = rest }',
    'optimizer lion { params = [attn, mlp] }; optimizer adafactor { params = [embed, head, vector] }',
    'optimizer adamw { params = all; no_decay = [vector, attn.q] }',
    'params = [mlp]; optimizer adamw { params = all }',
    'params = [mlp]; optimizer muon { params = mlp }',
    'lora { rank = 8; targets = [attn.q, attn.v] }; optimizer adamw { }',
  ])('%s', (items) => {
    expect(codes(items)).toEqual([]);
  });

  it.each([
    ['optimizer muon { params = matrix }', 'embed.weight'],
    ['optimizer muon { params = matrix }; optimizer adamw { params = [attn, rest] }', 'attn.q.weight'],
    ['optimizer adamw { no_decay = [attn.z] }', 'attn.z'],
    ['params = [mlp]; optimizer adamw { params = mlp }; optimizer muon { params = attn }', 'attn'],
  ])('%s: the message names %s', (items, name) => {
    const { diagnostics } = check(small('', `train { ${items} }`));
    expect(diagnostics.find(({ code }) => code === 'optimizer-match')?.message).toContain(name);
  });

  it('takes the scale of muon as it is written', () => {
    const [muon] = trainOf(
      'optimizer muon { scale = rms(0.3); ns_steps = 6 }; optimizer adamw { params = rest }',
    ).optimizers;
    expect(muon?.spec).toMatchObject({ kind: 'muon', nsSteps: 6, nesterov: true, scale: { kind: 'rms', value: 0.3 } });
  });
});

describe('stages', () => {
  const first = 'train pre { batch = 8; steps = 100; seq = 32; optimizer sgd { }; dropout = 0.1; teacher = none }';

  it('takes over what a stage does not say', () => {
    const block = trainOf('from = pre; tokens = 51_200tok; loss = ce(mask = assistant); data = chat', '', first);
    expect(block).toMatchObject({ from: 'pre', seq: 32, steps: 200, batch: { sequences: 8 }, data: { kind: 'corpus', name: 'chat', external: true } }); // prettier-ignore
    expect(block.optimizers.map(({ spec }) => spec.kind)).toEqual(['sgd']);
  });

  it('names a ring, an unknown stage, and dropout only where each token is seen once (I6)', () => {
    expect(codes('from = run')).toContain('cycle');
    expect(codes('from = b', '', 'train b { from = run }')).toContain('cycle');
    expect(codes('from = prr', '', first)).toContain('unknown-name');
    const told = check(small('', `${first}\ntrain run { from = pre }`)).diagnostics.filter(
      ({ code }) => code === 'dropout',
    );
    expect(told).toHaveLength(1);
  });

  it('belongs to the model of the stage before it', () => {
    const two = `${small('', 'train a { model = M }\ntrain b { from = a }')}\n${small().replace('model M', 'model N')}`;
    expect(check(two).file.trains.map(({ name, model }) => `${name} ${model}`)).toEqual(['a M', 'b M']);
  });

  it('leaves out a later stage that does not fit a variant with another first one', () => {
    const file = small('', `train a { }\ntrain b { from = a; loss = ce(mask = assistant) }
      variant V from M { attn.mask = full; train a { loss = masked_diffusion(mask_token = 0) } }
      generate { }\nvariant W from V { generate { unmask { } } }`); // prettier-ignore
    const { file: checked, diagnostics } = check(file);
    expect(checked.trains.map(({ name, model }) => `${name} ${model}`)).toEqual(['a M', 'a V', 'a W', 'b M']);
    expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['decode-mask']);
  });
});

describe('other blocks', () => {
  it.each([
    ['precision { compute = fp8_e4m3(tile = [1, 128]); keep = [embed, attn.core] }', { precision: { compute: { kind: 'fp8_e4m3', tile: [1, 128], block: null }, keep: ['embed', 'attn.core'], master: 'f32' } }], // prettier-ignore
    ['init { attn = copy("run/a", attn); mlp = fresh }', { init: [{ part: 'attn', start: { kind: 'copy', from: 'run/a', part: 'attn', noise: 0 } }, { part: 'mlp', start: { kind: 'fresh' } }] }], // prettier-ignore
    ['mup { base = 64 }; ema { decay = 0.99 }; skip = outlier', { mup: { base: 64 }, ema: { decay: 0.99, every: 1 }, skip: { sigmas: 6, window: 128 } }], // prettier-ignore
    ['schedule power { warmup = 1Btok; exponent = -0.5 }', { schedule: { kind: 'power', warmup: { value: 1e9, unit: 'tokens' }, exponent: -0.5, floor: 0 } }], // prettier-ignore
  ])('%s', (items, expected) => {
    expect(trainOf(items)).toMatchObject(expected);
  });

  it.each([
    ['precision { softmax = bf16 }', 'low-precision'],
    ['mup { base = 64 }', 'mup-scale'],
    ['init { atn = fresh }', 'unknown-target'],
    ['precision { keep = [routr] }', 'unknown-name'],
    ['precision { softmax = int8 }', 'wrong-type'],
    ['precison { }', 'unknown-key'],
    ['momentum = 0.9', 'foreign-key'],
  ])('%s: %s', (items, code) => {
    expect(codes(items)).toContain(code);
  });

  it('has no mup lint where scores and logits are scaled', () => {
    expect(codes('mup { base = 384 }', 'attn.scale = 1 / 64; head.scale = 0.5')).toEqual([]);
  });

  it('trains towers by contrast', () => {
    const clip = 'model C { tower text { vocab = 512; context = 16; d_model = 64; n_layers = 2; attn { heads = 2 }; pool = token(eos) }\ntower image { patches = conv(8, of = 32); d_model = 64; n_layers = 2; attn { heads = 2; mask = full }; pool = token(0) }\nproject { dim = 32 } }'; // prettier-ignore
    const { file, diagnostics } = check(`${clip}\ntrain { loss = contrastive(kind = softmax); batch = 32_768 }`);
    expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([]);
    expect(file.trains).toMatchObject([{ model: 'C', towers: true, seq: null, loss: [{ loss: { form: 'softmax', symmetric: true } }] }]); // prettier-ignore
    expect(errorsOf(`${clip}\ntrain { loss = ce }`)).toContain('wrong-type');
  });
});
