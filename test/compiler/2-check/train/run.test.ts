// Takes: train and generate blocks that can be run today. Gives: proof of their specs, of their faults, of what is missing.
import { describe, expect, it } from 'vitest';
import type { TrainSpec } from '../../../../compiler/2-check/model.ts';
import { trainSpecOf } from '../../../../compiler/2-check/train/narrow.ts';
import { generateSpecOf } from '../../../../compiler/2-check/train/narrow-generate.ts';
import { check, small } from '../prelude.ts';

function train(items: string, model = ''): TrainSpec {
  const { file, diagnostics } = check(small(model, `train { ${items} }`));
  const [block] = file.trains;
  const { spec, missing } = block === undefined ? { missing: diagnostics } : trainSpecOf(block);
  if (spec === undefined) throw new Error(missing?.map(({ message }) => message).join('\n'));
  return spec;
}

describe('train', () => {
  it.each([
    [
      '',
      {
        name: 'train',
        model: 'M',
        data: [],
        tokenizer: 'bytes',
        batch: 16,
        accumulate: 1,
        seq: 64,
        steps: 1000,
        clipNorm: 1,
      },
    ],
    ['data = text("a/*.txt", "b.md")', { data: ['a/*.txt', 'b.md'] }],
    [
      'batch = 32; accumulate = 4; seq = context / 2; seed = 7; save_every = 10',
      { batch: 32, accumulate: 4, seq: 32, seed: 7, saveEvery: 10 },
    ],
    ['loss = ce', { loss: { ignore: null, zLoss: 0 } }],
    ['loss = ce(ignore = 0) + 1e-4 * z_loss', { loss: { ignore: 0, zLoss: 1e-4 } }],
    ['loss = z_loss * 0.1 + ce', { loss: { ignore: null, zLoss: 0.1 } }],
    ['clip norm = none', { clipNorm: null }],
    ['clip { norm = 2 }', { clipNorm: 2 }],
    ['dropout = 0.1', { dropout: { embed: 0.1, residual: 0.1, attention: 0.1 } }],
    ['dropout { residual = 0.2 }', { dropout: { embed: 0, residual: 0.2, attention: 0 } }],
    ['', { recompute: { kind: 'none' } }],
    ['recompute = blocks', { recompute: { kind: 'blocks', first: null } }],
    ['recompute = auto(10GiB)', { recompute: { kind: 'auto', limit: 10 * 2 ** 30 } }],
    ['recompute = auto { limit = 512MiB }', { recompute: { kind: 'auto', limit: 2 ** 29 } }],
    ['validation { fraction = 0.2; every = 5 }', { validation: { fraction: 0.2, every: 5, batches: 4 } }],
    ['schedule constant { warmup = 10 }', { schedule: { kind: 'constant', warmup: 10 } }],
    ['steps = 200; schedule cosine { }', { schedule: { kind: 'cosine', warmup: 4, floor: 0.1 } }],
    [
      'steps = 200; schedule wsd { warmup = 1%; decay = 10%; shape = minus_sqrt; floor = 0.1 }',
      { schedule: { kind: 'wsd', warmup: 2, decay: 20, shape: 'minus_sqrt', floor: 0.1 } },
    ],
    ['schedule = constant', { schedule: { kind: 'constant', warmup: 0 } }],
    [
      'optimizer sgd { lr = 1; momentum = 0.9 }',
      {
        optimizers: [
          { kind: 'sgd', params: ['all'], lr: 1, momentum: 0.9, weightDecay: 0, noDecay: ['vector', 'embed'] },
        ],
      },
    ],
    [
      'optimizer adamw { params = matrix }; optimizer small = adamw { params = rest; lr = 1e-2; no_decay = none }',
      {
        optimizers: [
          expect.objectContaining({ params: ['matrix'], lr: 3e-4 }),
          expect.objectContaining({ params: ['rest'], lr: 0.01, noDecay: [] }),
        ],
      },
    ],
  ])('%s', (items, expected) => {
    expect(train(items)).toMatchObject(expected);
  });

  it.each([
    ['batch = 10; accumulate = 4', 'batch-split'],
    ['seq = 65', 'seq-context'],
    ['loss = ce + cee', 'unknown-constructor'],
    ['loss = -1 * ce', 'out-of-range'],
    ['data = "x" + 3', 'wrong-type'],
    ['data = text(3)', 'wrong-type'],
    ['dropout = 1', 'out-of-range'],
    ['recompute = all', 'unknown-constructor'],
    ['recompute = auto', 'missing-key'],
    ['recompute = auto(2Btok)', 'wrong-type'],
    ['stepps = 3', 'unknown-key'],
    ['heads = 3', 'foreign-key'],
    ['schedule coseno { }', 'unknown-constructor'],
    ['schedule wsd { warmup = 110% }', 'out-of-range'],
    ['schedule wsd { shape = round }', 'wrong-type'],
    ['optimizer adamw { betas = [0.9] }', 'wrong-type'],
    ['optimizer adamw { params = matrix }', 'optimizer-match'],
    ['optimizer adamw { }; optimizer sgd { params = vector }', 'optimizer-match'],
    ['optimizer adamw { }; optimizer sgd { params = rest }', 'optimizer-match'],
    ['optimizer adamw { lr = 0 }', 'out-of-range'],
    ['optimizer adamw { params = matrixx }', 'unknown-name'],
    ['model = N', 'unknown-model'],
    ['report [x]', 'unknown-key'],
  ])('%s: %s', (items, code) => {
    const { file, diagnostics } = check(small('', `train { ${items} }`));
    expect(diagnostics.map((each) => each.code)).toContain(code);
    expect(file.trains).toEqual([]);
    expect(file.models.map(({ name }) => name)).toEqual(['M']);
  });

  it.each([
    ['loss = 2 * ce', 'todo-value', 'train.loss = 2 * ce is not built yet'],
    ['loss = z_loss', 'todo-value', 'train.loss = 0 * ce is not built yet'],
    ['loss = ce(mask = assistant)', 'todo-loss', 'loss `ce(mask = ...)` is not built yet'],
    ['loss = ce(ignore = pad)', 'todo-value', 'loss: ce(ignore) = the token `pad` is not built yet'],
    ['data = corpus', 'todo-value', 'train.data = corpus is not built yet'],
    ['tokenizer = bpe', 'todo-value', 'tokenizer = bpe is not built yet'],
    ['batch = ramp(1, 2, over = 1Mtok)', 'todo-value', 'train.batch = ramp(...) is not built yet'],
    ['batch = 1 until 1Mtok then 2', 'todo-value', 'train.batch = a until t then b is not built yet'],
    ['epochs = 2', 'todo-key', '`epochs` of train is not built yet'],
    ['schedule inv_sqrt { }', 'todo-constructor', 'schedule `inv_sqrt` is not built yet'],
    ['optimizer muon { params = all }', 'todo-constructor', 'optimizer `muon` is not built yet'],
    [
      'optimizer adamw { no_decay = [attn.q] }',
      'todo-value',
      'no_decay = a part of the model (attn.q) is not built yet',
    ],
    ['precision { compute = bf16 }', 'todo-value', 'precision.compute = bf16 is not built yet'],
    ['precision { compute = fp8_e5m2 }', 'todo-value', 'precision.compute = fp8_e5m2 is not built yet'],
    ['precision { compute = f16; softmax = f16 }', 'todo-value', 'precision.softmax = f16 is not built yet'],
    ['precision { params = f16 }', 'todo-value', 'precision.params = f16 is not built yet'],
    ['precision { logits = f16 }', 'todo-value', 'precision.logits = f16 is not built yet'],
    ['ema { }', 'todo-key', '`ema` of train is not built yet'],
    ['clip { value = 1 }', 'todo-key', '`clip.value` of train is not built yet'],
  ])('%s is sound, and what is missing is told when it is run', (items, code, message) => {
    const { file, diagnostics } = check(small('', `train { ${items} }`));
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [block] = file.trains;
    expect(block && trainSpecOf(block).missing?.map((each) => [each.code, each.message])).toEqual([[code, message]]);
  });

  it.each([
    ['', null],
    ['precision { compute = f16 }', { compute: 'f16', logits: 'f32', keep: [] }],
    [
      'precision { compute = f16; params = f16; logits = f16; keep = [head, embed] }',
      { compute: 'f16', logits: 'f16', keep: ['head', 'embed'] },
    ],
  ])('precision: %s', (items, precision) => {
    const [block] = check(small('', `train { ${items} }`)).file.trains;
    expect(block && trainSpecOf(block).spec?.precision).toEqual(precision);
  });

  it('wants names for two optimizers of one kind', () => {
    const { diagnostics } = check(small('', 'train { optimizer adamw { }; optimizer adamw { } }'));
    expect(diagnostics.map(({ code }) => code)).toContain('duplicate-key');
  });

  it('belongs to the model it names; with two models it must name one', () => {
    const two = `${small()}${small().replace('model M', 'model N')}`;
    expect(check(`${two} train { model = N }`).file.trains.map(({ model }) => model)).toEqual(['N']);
    expect(check(`${two} train { }`).diagnostics.map(({ code }) => code)).toContain('missing-key');
  });

  it('asks for an optimizer of the head only when it has weights of its own', () => {
    const optimizer = 'optimizer adamw { params = [matrix, vector, embed] }';
    expect(train(optimizer, 'embed.tie = head').optimizers).toHaveLength(1);
    expect(check(small('', `train { ${optimizer} }`)).diagnostics.map(({ code }) => code)).toContain('optimizer-match');
  });
});

describe('generate', () => {
  it.each([
    [
      '',
      { name: 'generate', model: 'M', temperature: 0.8, topK: null, topP: null, minP: null, maxTokens: 256, stop: [] },
    ],
    [
      'sample { temperature = 0; top_k = 40; top_p = 0.9; min_p = 0.05 }',
      { temperature: 0, topK: 40, topP: 0.9, minP: 0.05 },
    ],
    ['max_tokens = 12; stop = ["\\n\\n", "end"]', { maxTokens: 12, stop: ['\n\n', 'end'] }],
  ])('%s', (items, expected) => {
    const [block] = check(small('', `generate { ${items} }`)).file.generates;
    expect(block && generateSpecOf(block).spec).toMatchObject(expected);
  });

  it('has std defaults where the file has no block', () => {
    expect(check(small()).file.generates).toMatchObject([{ model: 'M', sample: { temperature: 0.8 } }]);
  });

  it.each([
    ['sample { top_q = 1 }', 'unknown-key'],
    ['sample { top_p = 2 }', 'out-of-range'],
    ['attn.absorb = true', 'foreign-key'],
    ['report [ttfx]', 'unknown-name'],
    ['unmask { }', 'decode-mask'],
    ['speculate { draft = mtp }', 'missing-key'],
    ['quant { keep = [mpl] }', 'unknown-name'],
  ])('%s: %s', (items, code) => {
    expect(check(small('', `generate { ${items} }`)).diagnostics.map((each) => each.code)).toContain(code);
  });

  it.each([
    ['quant { weights = int4 }', 'quant'],
    ['speculate { draft = M }', 'speculate'],
    ['cache { layout = paged(16) }', 'cache'],
    ['beam { width = 2 }', 'beam'],
    ['sample { typical_p = 0.9 }', 'typical_p'],
  ])('%s is sound, and `%s` is told when it is run', (items, key) => {
    const { file, diagnostics } = check(small('', `generate { ${items} }`));
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [block] = file.generates;
    expect(block && generateSpecOf(block).missing?.map(({ message }) => message)[0]).toContain(`\`${key}\``);
  });
});
