// Runs that start from weights: theirs are the first ones, the optimizer starts afresh, what does not fit is named.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { train, type TrainOptions } from '../../../runtime/commands/train.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/data/safetensors.ts';
import { loadCheckpoint } from '../../../runtime/training/checkpoint.ts';
import type { RunResult } from '../../../runtime/training/run.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

const model = (heads: string, train: string): string => `model M {
  vocab = 256; context = 16; d_model = 16; n_layers = 1
  mixer attn = gqa { heads = 2; ${heads} }
  ffn mlp = glu { width = 32 }
  block = pre_norm(attn, mlp)
}
${train}
`;
const block = 'train { data = text("text.txt"); batch = 2; steps = 3; optimizer adamw { lr = 1e-2 } }';

const run = (file: string | undefined, out: string, options: TrainOptions = {}) =>
  train(file === undefined ? undefined : at(file), { device: 'cpu', threads: 1, out: at(out), ...options });

let first: RunResult;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-from-'));
  writeFileSync(at('text.txt'), 'The river is cold and slow. '.repeat(99));
  writeFileSync(at('m.model'), model('', block));
  writeFileSync(at('plain.model'), model('', ''));
  writeFileSync(at('mqa.model'), model('kv_heads = 1', block));
  first = (await run('m.model', 'first')).result;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('train --from', () => {
  it('a run goes on from its weights, by its own model and train block', async () => {
    writeFileSync(join(at('first'), 'generation_config.json'), '{ "eos_token_id": 10 }');
    const { result } = await run(undefined, 'second', { from: at('first') });
    expect(result).toMatchObject({ steps: 3, firstValidationLoss: first.validationLoss });
    const resumed = await loadCheckpoint(join(at('second'), 'checkpoint.safetensors'));
    expect(resumed).toMatchObject({ step: 3, source: { text: readFileSync(at('m.model'), 'utf8') } });
    expect(readFileSync(join(at('second'), 'generation_config.json'), 'utf8')).toContain('"eos_token_id": 10');
  });

  it('starts with an empty optimizer', async () => {
    const read = async (name: string) => (await readSafetensors(join(at(name), 'checkpoint.safetensors'))).tensors;
    await run(undefined, 'one', { from: at('first'), steps: 1 });
    await run('m.model', 'same', { from: at('first'), steps: 1 });
    const [one, same] = [await read('one'), await read('same')];
    for (const [name, { data }] of one) expect(same.get(name)?.data, name).toEqual(data);
    // After one step Adam's second moment is (1 - beta) g^2, and the first (1 - beta) g.
    const [m, v] = ['m', 'v'].map((state) => one.get(`adam.${state}.embed.weight`)?.data ?? []);
    m?.forEach((each, i) => expect(v?.[i]).toBeCloseTo((0.05 / 0.01) * each * each, 9));
  });

  it('a model without a train block has the defaults, and says so', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    await run('plain.model', 'defaults', { from: at('first'), data: [at('text.txt')], steps: 1, batch: 2 });
    const said = write.mock.calls.map(([text]) => String(text)).join('');
    write.mockRestore();
    expect(said).toContain('plain.model has no train block; the defaults of the language are used');
    const { train: settings } = await loadCheckpoint(join(at('defaults'), 'checkpoint.safetensors'));
    expect(settings.optimizers[0]).toMatchObject({ kind: 'adamw', lr: 3e-4 });
  });

  describe('a folder of the hub', () => {
    const reference = join(import.meta.dirname, '..', '..', 'parity', 'references', 'gpt2');
    const own = (act: string, map: string, width = 32): string => `model Mine {
  vocab = 64; context = 64; d_model = ${width}; n_layers = 2
  norm ln = layer {}
  embed token { tie = head; pos = learned }
  mixer attn = gqa { heads = 4; bias = all; rope = none }
  ffn mlp = mlp { act = ${act}; bias = all }
  block main {
    h = x + attn(ln.mix(x))
    y = h + mlp(ln.ffn(h))
  }
  stack n_layers { cycle [main] }
  head lm { norm = ln }
  ${map}
}
train { optimizer adamw { lr = 1e-2 } }
`;
    const loss = async (file: string | undefined, out: string): Promise<number> => {
      await run(file, out, { from: at('hub'), tokens: at('tokens.safetensors') });
      const [line = ''] = readFileSync(join(at(out), 'metrics.jsonl'), 'utf8').split('\n');
      return (JSON.parse(line) as { loss: number }).loss;
    };
    beforeAll(async () => {
      mkdirSync(at('hub'));
      copyFileSync(join(reference, 'config.json'), join(at('hub'), 'config.json'));
      copyFileSync(join(reference, 'before.safetensors'), join(at('hub'), 'model.safetensors'));
      const data = Int32Array.from({ length: 3 * 2 * 17 }, (_, i) => (7 * i) % 64);
      await writeSafetensors(
        at('tokens.safetensors'),
        new Map([['tokens', { dtype: 'I32', shape: [3, 2, 17], data }]]),
      );
    });

    it('is trained as it is, and its configuration comes along', async () => {
      const first = await loss(undefined, 'hub run');
      expect(first).toBeGreaterThan(3);
      expect(readFileSync(join(at('hub run'), 'config.json'), 'utf8')).toBe(
        readFileSync(join(at('hub'), 'config.json'), 'utf8'),
      );
      const { train: settings, source } = await loadCheckpoint(join(at('hub run'), 'checkpoint.safetensors'));
      expect([settings.steps, source.text]).toEqual([3, expect.stringContaining('weights hf = std.hf.gpt2')]);
    });

    it("gives a model of one's own its weights, through its map or by name", async () => {
      const first = await loss(undefined, 'theirs');
      writeFileSync(at('mapped.model'), own('gelu_tanh', 'weights hf = std.hf.gpt2_lm'));
      writeFileSync(at('named.model'), own('gelu_tanh', ''));
      writeFileSync(at('relu.model'), own('relu', ''));
      expect(await loss('mapped.model', 'mapped')).toBe(first);
      expect(await loss('named.model', 'named')).toBe(first);
      expect(Math.abs((await loss('relu.model', 'relu')) - first)).toBeGreaterThan(1e-4);
    });

    it('says what does not fit', async () => {
      writeFileSync(at('wide.model'), own('gelu_tanh', '', 64));
      const wide = run('wide.model', 'wide', { from: at('hub'), tokens: at('tokens.safetensors') });
      await expect(wide).rejects.toThrow(
        /do not fit the model: embed\.weight is \[64, 32\], the model wants \[64, 64\]; .*; and \d+ more$/,
      );
      writeFileSync(at('mapped wide.model'), own('gelu_tanh', 'weights hf = std.hf.gpt2_lm', 64));
      const mapped = run('mapped wide.model', 'wide', { from: at('hub'), tokens: at('tokens.safetensors') });
      await expect(mapped).rejects.toThrow(/wte\.weight is \[64, 32\], but config\.json asks for \[64, 64\]/);
      expect(existsSync(at('wide'))).toBe(false);
    });
  });

  it.each<[string, string | undefined, TrainOptions, RegExp]>([
    ['another shape', 'mqa.model', { from: 'first' }, /do not fit the model: layers\.0\.attn\.k\.weight is \[16, 16\], the model wants \[8, 16\]; layers\.0\.attn\.v\.weight is/],
    ['no data', 'plain.model', { from: 'first' }, /the train block names no data; pass --data/],
    ['a run to resume', undefined, { from: 'first', resume: 'first' }, /a resumed run knows its model and its weights/],
    ['nothing', undefined, {}, /give a \.model file to train, --from with weights to start from, or --resume/],
  ])('%s is one sentence, and nothing is written', async (_, file, options, sentence) => {
    const from = options.from === undefined ? {} : { from: at(options.from) };
    await expect(run(file, 'faulty', { ...options, ...from })).rejects.toThrow(sentence);
    expect(existsSync(at('faulty'))).toBe(false);
  }); // prettier-ignore
});
