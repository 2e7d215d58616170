// Takes: train and generate blocks. Gives: proof of their specs and of their faults.
import { describe, expect, it } from 'vitest';
import type { TrainSpec } from '../../../compiler/2-check/model.ts';
import { trainSpecOf } from '../../../compiler/2-check/train/narrow.ts';
import { generateSpecOf } from '../../../compiler/2-check/train/narrow-generate.ts';
import { check, small } from './prelude.ts';

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
    ['loss = 2 * ce', 'wrong-type'],
    ['loss = z_loss', 'wrong-type'],
    ['loss = ce + cee', 'unknown-name'],
    ['loss = ce + mtp', 'todo-loss'],
    ['loss = ce(mask = assistant)', 'todo-loss'],
    ['loss = ce(ignore = pad)', 'todo-value'],
    ['data = "x" + 3', 'wrong-type'],
    ['data = text(3)', 'wrong-type'],
    ['data = corpus', 'todo-value'],
    ['tokenizer = bpe', 'todo-value'],
    ['batch = 2Mtok', 'todo-value'],
    ['batch = ramp(1, 2)', 'todo-value'],
    ['tokens = 5Btok', 'todo-key'],
    ['dropout = 1', 'out-of-range'],
    ['stepps = 3', 'unknown-key'],
    ['heads = 3', 'foreign-key'],
    ['schedule coseno { }', 'unknown-constructor'],
    ['schedule inv_sqrt { }', 'todo-constructor'],
    ['schedule wsd { warmup = 110% }', 'out-of-range'],
    ['schedule wsd { shape = round }', 'wrong-type'],
    ['optimizer muon { }', 'todo-constructor'],
    ['optimizer adamw { betas = [0.9] }', 'wrong-type'],
    ['optimizer adamw { params = matrix }', 'optimizer-match'],
    ['optimizer adamw { }; optimizer sgd { params = vector }', 'optimizer-match'],
    ['optimizer adamw { }; optimizer sgd { params = rest }', 'optimizer-match'],
    ['optimizer adamw { lr = 0 }', 'out-of-range'],
    ['optimizer adamw { params = matrixx }', 'wrong-type'],
    ['optimizer adamw { no_decay = [attn.q] }', 'todo-value'],
    ['model = N', 'unknown-model'],
    ['report [x]', 'todo-key'],
  ])('%s: %s', (items, code) => {
    const { file, diagnostics } = check(small('', `train { ${items} }`));
    expect(diagnostics.map((each) => each.code)).toContain(code);
    expect(file.trains).toEqual([]);
    expect(file.models.map(({ name }) => name)).toEqual(['M']);
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
    expect(check(small('', `generate { ${items} }`)).file.generates[0]).toMatchObject(expected);
  });

  it('has std defaults where the file has no block', () => {
    expect(check(small()).file.generates).toMatchObject([{ model: 'M', temperature: 0.8 }]);
  });

  it.each([
    ['sample { top_q = 1 }', 'unknown-key'],
    ['sample { top_p = 2 }', 'out-of-range'],
    ['quant { weights = int4 }', 'todo-key'],
    ['speculate { draft = M }', 'todo-key'],
  ])('%s: %s', (items, code) => {
    expect(check(small('', `generate { ${items} }`)).diagnostics.map((each) => each.code)).toContain(code);
  });
});
