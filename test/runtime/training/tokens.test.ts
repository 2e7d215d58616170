// Runs on batches from a file: exactly these, resumable bit for bit, and every fault of the file in one sentence.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { train, type TrainOptions } from '../../../runtime/commands/train.ts';
import { readSafetensors, type SafetensorsTensor, writeSafetensors } from '../../../runtime/data/safetensors.ts';
import { TokenFile } from '../../../runtime/data/token-file.ts';
import { loadCheckpoint } from '../../../runtime/training/checkpoint.ts';

const [steps, batch, length] = [6, 4, 17];

let folder = '';
const at = (name: string): string => join(folder, name);
const model = (keys: string): string => `model M {
  vocab = 64; context = 16; d_model = 16; n_layers = 1
  mixer attn = gqa { heads = 2 }
  ffn mlp = glu { width = 32 }
  block = pre_norm(attn, mlp)
}
train { ${keys} }
`;

const tokens = (shape: readonly number[], seed: number): SafetensorsTensor => ({
  dtype: 'I32',
  shape,
  data: Int32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => (i * i * seed + 3 * i) % 64),
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-tokens-'));
  writeFileSync(at('m.model'), model(''));
  writeFileSync(at('split.model'), model('accumulate = 2'));
  await writeSafetensors(at('tokens.safetensors'), new Map([['tokens', tokens([steps, batch, length], 5)]]));
  await writeSafetensors(at('held.safetensors'), new Map([['tokens', tokens([2, batch, length], 7)]]));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (out: string, options: TrainOptions = {}, file = 'm.model') =>
  train(at(file), { device: 'cpu', threads: 1, out: at(out), tokens: at('tokens.safetensors'), ...options });

const lossesOf = (out: string): number[] =>
  readFileSync(join(at(out), 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { loss: number }).loss); // prettier-ignore

describe('a file of batches', () => {
  it('is cut into tokens and the token after each', async () => {
    const file = await TokenFile.open(at('tokens.safetensors'));
    const { tokens: first, labels } = await file.sequences(2 * batch, batch);
    await file.close();
    const all = tokens([steps, batch, length], 5).data;
    const row = (start: number, from: number) => [...all.subarray(start * length + from, start * length + from + 16)];
    expect([...first]).toEqual([8, 9, 10, 11].flatMap((each) => row(each, 0)));
    expect([...labels]).toEqual([8, 9, 10, 11].flatMap((each) => row(each, 1)));
  });

  it('gives steps, batch and seq; nothing is validated; the checkpoint remembers it', async () => {
    const { result } = await run('whole');
    expect(result).toMatchObject({ steps, interrupted: false, firstValidationLoss: null, validationLoss: null });
    const { train: settings, tokens: paths, dataFingerprint } = await loadCheckpoint(join(at('whole'), 'checkpoint.safetensors')); // prettier-ignore
    expect(settings).toMatchObject({ steps, batch, seq: 16, data: [] });
    expect([paths, dataFingerprint]).toEqual([{ train: at('tokens.safetensors'), held: null }, expect.stringMatching(/^[0-9a-f]{64}$/)]); // prettier-ignore
    expect(new Set(lossesOf('whole')).size).toBe(steps);
  });

  it('goes on bit for bit where it stopped', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      if (String(text).includes('step 3/6')) process.emit('SIGINT');
      return true;
    });
    const stopped = await run('stopped');
    write.mockRestore();
    expect(stopped.result).toMatchObject({ steps: 4, interrupted: true }); // the next was under way
    await train(undefined, { device: 'cpu', threads: 1, resume: at('stopped') });
    const [whole, resumed] = await Promise.all(['whole', 'stopped'].map((name) => readSafetensors(join(at(name), 'checkpoint.safetensors')))); // prettier-ignore
    for (const [name, { data }] of whole?.tensors ?? []) expect(resumed?.tensors.get(name)?.data, name).toEqual(data);
    expect(lossesOf('stopped')).toEqual(lossesOf('whole'));
    await expect(train(undefined, { resume: at('stopped') })).rejects.toThrow(/is complete \(6 of 6 steps\)$/);
  });

  it('is validated on a second file, or on text', async () => {
    const { result } = await run('second', { held: at('held.safetensors') });
    expect(result.validationLoss).toBeGreaterThan(0);
    expect(lossesOf('second')).toEqual(lossesOf('whole'));
    writeFileSync(at('bytes.model'), model('').replace('vocab = 64', 'vocab = 256'));
    writeFileSync(at('text.txt'), 'The river is cold. '.repeat(99));
    const text = await run('text', { data: [at('text.txt')] }, 'bytes.model');
    expect(text.result.validationLoss).toBeGreaterThan(0);
  });

  it('is cut into micro-batches that sum to the same step', async () => {
    await run('split', {}, 'split.model');
    const [split, whole] = [lossesOf('split'), lossesOf('whole')];
    split.forEach((loss, i) => expect(Math.abs(loss - (whole[i] ?? Number.NaN))).toBeLessThan(1e-5));
  });
});

describe('a fault of a file of batches is one sentence', () => {
  const i32 = (shape: readonly number[], last = 1): SafetensorsTensor => {
    const { data } = tokens(shape, 5);
    data[data.length - 1] = last;
    return { dtype: 'I32', shape, data };
  };
  const files: Readonly<Record<string, ReadonlyMap<string, SafetensorsTensor>>> = {
    'floats.safetensors': new Map([['tokens', { dtype: 'F32', shape: [1, 2, 17], data: new Float32Array(34) }]]),
    'flat.safetensors': new Map([['tokens', i32([6, 68])]]),
    'named.safetensors': new Map([['input_ids', i32([1, 2, 17])]]),
    'large.safetensors': new Map([['tokens', i32([2, 2, 17], 64)]]),
    'negative.safetensors': new Map([['tokens', i32([2, 2, 17], -1)]]),
    'long.safetensors': new Map([['tokens', i32([1, 1, 18])]]),
  };
  beforeAll(async () => {
    for (const [name, tensors] of Object.entries(files)) await writeSafetensors(at(name), tensors);
    writeFileSync(at('no.safetensors'), 'a text');
    writeFileSync(at('cut.safetensors'), readFileSync(at('tokens.safetensors')).subarray(0, 500));
    writeFileSync(at('steps.model'), model('steps = 12'));
    writeFileSync(at('batch.model'), model('batch = 8'));
    writeFileSync(at('seq.model'), model('seq = 8'));
  });

  it.each<[string, RegExp, TrainOptions?, string?]>([
    ['none.safetensors', /^cannot read the tokens .*none\.safetensors: no such file$/],
    ['no.safetensors', /no\.safetensors is no safetensors file/],
    ['cut.safetensors', /cut\.safetensors is cut off/],
    ['floats.safetensors', /: tokens is F32 \[1, 2, 17\]; --tokens takes .* I32 \[steps, batch, context \+ 1\]$/],
    ['flat.safetensors', /: tokens is I32 \[6, 68\]; --tokens takes/],
    ['named.safetensors', /has no tensor tokens, only input_ids; --tokens takes/],
    ['large.safetensors', /: step 2, sequence 2 has the token 64, the model's vocabulary ends at 63/],
    ['negative.safetensors', /: step 2, sequence 2 has the token -1,/],
    ['long.safetensors', /seq 17 is longer than the context of M, 16 tokens/],
    ['tokens.safetensors', /^--steps 7 contradicts .*, which holds 6 steps of 4 x 16 tokens; leave --steps out$/, { steps: 7 }],
    ['tokens.safetensors', /^--batch 2 contradicts/, { batch: 2 }],
    ['tokens.safetensors', /^--seq 8 contradicts/, { seq: 8 }],
    ['tokens.safetensors', /steps\.model: the train block says 12 steps, but .* holds 6 steps; take the key out/, {}, 'steps.model'],
    ['tokens.safetensors', /the train block says batch = 8, but .* holds 4 sequences per step/, {}, 'batch.model'],
    ['tokens.safetensors', /the train block says seq = 8, but .* holds sequences of 16 tokens and one label/, {}, 'seq.model'],
    ['tokens.safetensors', /text is cut into bytes, 256 tokens, but the model's vocabulary has 64/, { data: ['text.txt'] }],
    ['tokens.safetensors', /large\.safetensors holds batches of 2 x 16 tokens, but the run has 4 x 16/, { held: 'large.safetensors' }],
  ])('%s: %s', async (name, sentence, options = {}, file = 'm.model') => {
    const held = options.held === undefined ? {} : { held: at(options.held) };
    await expect(run('faulty', { ...options, tokens: at(name), ...held }, file)).rejects.toThrow(sentence);
    expect(existsSync(at('faulty'))).toBe(false);
  }); // prettier-ignore
});
