// Takes: what a person asks of import and export. Gives: folders.
// Promises: they hold what the commands say; nothing of the user's is replaced unasked; every kind of folder opens alike.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportModel, type ExportFlags } from '../../../runtime/commands/exchange/export.ts';
import { importCheckpoint } from '../../../runtime/commands/exchange/import.ts';
import { writeSafetensors } from '../../../runtime/data/safetensors.ts';
import { writingSafetensors } from '../../../runtime/data/safetensors-writer.ts';
import { checkSourceFile } from '../../../runtime/model-file.ts';
import { openModel } from '../../../runtime/weights/open-model.ts';
import { tensorsOf as tensorsOfModel } from '../../../runtime/weights/tensors-of.ts';
import { freshFolder } from '../../../runtime/weights/write/fresh-folder.ts';
import { checkpointName, modelName } from '../../../runtime/weights/write/import-folder.ts';
import { asHub, json, tensorsIn } from './checkpoints.ts';

const references = join(import.meta.dirname, '..', '..', 'parity', 'references');

let folder = '';
let hub = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-exchange-'));
  hub = asHub(join(references, 'llama'), join(folder, 'hub'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]): string => join(folder, ...names);
const hf = (out: string, more: Partial<ExportFlags> = {}): ExportFlags => ({ to: 'hf', out: at(out), maxShardSize: 5e9, dtype: 'keep', ...more }); // prettier-ignore

describe('modelc import', () => {
  it('makes a readable .model, weights by its names, and copies of what lies beside them', async () => {
    writeFileSync(join(hub, 'generation_config.json'), '{"eos_token_id": 2}');
    writeFileSync(join(hub, 'special_tokens_map.json'), '{}');
    writeFileSync(join(hub, 'README.md'), '');
    const made = await importCheckpoint(hub, { out: at('imported') });
    const files = ['Hub.model', 'weights.safetensors', 'config.json', 'generation_config.json', 'special_tokens_map.json']; // prettier-ignore
    expect(made).toMatchObject({ model: 'Hub', model_type: 'llama', tensors: 21, files, left_out: [] });
    expect(readdirSync(at('imported')).sort()).toEqual(files.sort());
    const text = readFileSync(at('imported', 'Hub.model'), 'utf8');
    expect([made.text, text.includes('model Hub {'), text.includes('weights hf = std.hf.llama')]).toEqual([text, true, true]); // prettier-ignore
    const { model } = await opened(at('imported'));
    const weights = await tensorsIn(at('imported'));
    expect([...weights.keys()].sort()).toEqual(tensorsOfModel(model).map(({ name }) => name).sort()); // prettier-ignore
    expect([made.bytes, made.dtypes]).toEqual([84_608, { F32: 84_608 }]);
  });

  it('writes nothing in a dry run', async () => {
    const before = readdirSync(folder, { recursive: true });
    const made = await importCheckpoint(hub, { out: at('imported'), name: 'Mine', dryRun: true });
    expect(made).toMatchObject({ model: 'Mine', files: [], text: expect.stringContaining('model Mine {') as string });
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it.each([
    ['SmolLM3-3B', 'SmolLM3_3B'],
    ['TinyLlama-1.1B-Chat-v1.0', 'TinyLlama1_1BChatV1_0'],
    ['gpt2', 'Gpt2'],
    ['7b', 'Model7b'],
    ['...', 'Model'],
  ])('calls the model of %s %s', (name, expected) => expect(modelName(name)).toBe(expected));

  it('knows the name of a checkpoint in the cache of the hub', () => {
    expect(checkpointName('/x/models--org--name--with-dashes/snapshots/0123abcd')).toBe('name--with-dashes');
    expect(checkpointName('/x/models--gpt2/snapshots/0123abcd')).toBe('gpt2');
    expect(checkpointName('/x/snapshots/name/')).toBe('name');
  });
});

async function opened(path: string): Promise<Awaited<ReturnType<typeof openModel>>> {
  const open = await openModel(path);
  await open.weights.close();
  return open;
}

describe('modelc export', () => {
  it('casts when asked to, and says so in config.json', async () => {
    const made = await exportModel(hub, hf('out', { dtype: 'bf16' }));
    expect(made).toMatchObject({ model_type: 'llama', files: ['config.json', 'model.safetensors'], dtypes: { BF16: 42_304 } }); // prettier-ignore
    const tensors = await tensorsIn(at('out'));
    expect([...new Set([...tensors.values()].map(({ dtype }) => dtype))]).toEqual(['BF16']);
    expect(json(at('out'), 'config.json')).toEqual({ ...json(hub, 'config.json'), dtype: 'bfloat16' });
    // bf16 is exact in f32.
    await exportModel(at('out'), hf('wide', { dtype: 'f32' }));
    await exportModel(at('wide'), hf('again', { dtype: 'bf16' }));
    expect(await tensorsIn(at('again'))).toEqual(tensors);
  });

  it('puts a tensor larger than a shard into a file of its own', async () => {
    const { files } = await exportModel(hub, hf('out', { maxShardSize: 1 }));
    expect(files.filter((name) => /^model-000\d\d-of-00021\.safetensors$/.test(name))).toHaveLength(21);
    const places = json(at('out'), 'model.safetensors.index.json')['weight_map'] as Record<string, string>;
    expect(new Set(Object.values(places)).size).toBe(21);
  });

  it('writes for PyTorch what opens again, also from the folder that train.py writes', async () => {
    const { files } = await exportModel(hub, hf('torch', { to: 'pytorch' }));
    expect(files).toEqual(['model.py', 'train.py', 'Llama.model', 'model.safetensors']);
    mkdirSync(at('torch', 'run'));
    cpSync(at('torch', 'model.safetensors'), at('torch', 'run', 'model.safetensors'));
    const models = [await opened(at('torch')), await opened(at('torch', 'run', 'model.safetensors'))];
    expect(models.map(({ kind, home }) => [kind, home])).toEqual([['imported', at('torch')], ['imported', at('torch')]]); // prettier-ignore
    await exportModel(at('torch', 'run', 'model.safetensors'), hf('back'));
    expect(await tensorsIn(at('back'))).toEqual(await tensorsIn(hub));
  });

  it('writes a run, which has no config.json, as the family that says it', async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'tiny.model'), 'utf8');
    const source = { path: 'tiny.model', text };
    const [model] = checkSourceFile(source).file.models;
    if (model === undefined) throw new Error('no model');
    const shapes = tensorsOfModel(model).map(({ name, shape }) => [name, { dtype: 'F32', shape }] as const);
    const facts = { step: 0, modelName: model.name, source, canonical: model.canonical };
    mkdirSync(at('run'));
    const metadata = { format: 'modelc-checkpoint-1', facts: JSON.stringify(facts) };
    await writingSafetensors(at('run', 'checkpoint.safetensors'), new Map(shapes), metadata, async (writer) => {
      for (const [, { shape }] of shapes) await writer.write(new Uint8Array(4 * shape.reduce((n, size) => n * size, 1)).fill(60)); // prettier-ignore
    });
    const made = await exportModel(at('run'), hf('out'));
    expect(json(at('out'), 'config.json')).toMatchObject({ model_type: made.model_type, dtype: 'float32' });
    const { model_type: again } = await importCheckpoint(at('out'), { out: at('imported') });
    expect(again).toBe(made.model_type);
  });

  it('writes floats as floats where transformers asks for them, and no ends of texts it does not know', async () => {
    await importCheckpoint(hub, { out: at('imported') });
    rmSync(at('imported', 'config.json'));
    const path = at('imported', 'Hub.model');
    writeFileSync(path, readFileSync(path, 'utf8').replace('eps = 1e-5', 'eps = 1'));
    await exportModel(at('imported'), hf('out'));
    expect(readFileSync(at('out', 'config.json'), 'utf8')).toContain('"rms_norm_eps": 1.0,');
    expect(json(at('out'), 'config.json')).toMatchObject({ bos_token_id: null, eos_token_id: null, pad_token_id: null, dtype: 'float32' }); // prettier-ignore
  });

  it('says what does not fit when the .model file was changed', async () => {
    await importCheckpoint(hub, { out: at('imported') });
    const path = at('imported', 'Hub.model');
    writeFileSync(path, readFileSync(path, 'utf8').replace('width = 56', 'width = 40'));
    await expect(exportModel(at('imported'), hf('out'))).rejects.toThrow(/the weights of .*weights\.safetensors do not fit the model: layers\.0\./); // prettier-ignore
    expect(existsSync(at('out'))).toBe(false);
  });
});

describe('the folder that is made', () => {
  const fill = (into: string): Promise<void> => Promise.resolve(writeFileSync(join(into, 'new'), ''));
  const place = (path: string, force = false) => ({ path, force, from: hub });

  it('is made with those above it, or takes the place of an empty one', async () => {
    await freshFolder(place(at('a', 'b', 'c')), fill);
    mkdirSync(at('empty'));
    await freshFolder(place(at('empty')), fill);
    expect([readdirSync(at('a', 'b')), readdirSync(at('a', 'b', 'c')), readdirSync(at('empty'))]).toEqual([['c'], ['new'], ['new']]); // prettier-ignore
  });

  it('leaves nothing when filling fails, and what stood there stays', async () => {
    mkdirSync(at('old'));
    await writeSafetensors(at('old', 'weights.safetensors'), new Map());
    const before = readdirSync(folder, { recursive: true });
    const fail = async (into: string): Promise<void> => {
      await fill(into);
      throw new Error('no');
    };
    await expect(freshFolder(place(at('old'), true), fail)).rejects.toThrow('no');
    await expect(freshFolder(place(at('x', 'y')), fail)).rejects.toThrow('no');
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it('replaces a model when forced, and nothing else', async () => {
    mkdirSync(at('old'));
    writeFileSync(at('old', 'notes.txt'), '');
    await expect(freshFolder(place(at('old')), fill)).rejects.toThrow('old is not empty; choose another --out, or --force to replace it'); // prettier-ignore
    await expect(freshFolder(place(at('old'), true), fill)).rejects.toThrow('old holds no model, so --force does not replace it'); // prettier-ignore
    await expect(freshFolder(place(hub, true), fill)).rejects.toThrow('which is read; choose another --out');
    await expect(freshFolder(place(join(hub, 'config.json')), fill)).rejects.toThrow('config.json is no folder');
    writeFileSync(at('old', 'weights.safetensors'), '');
    await freshFolder(place(at('old'), true), fill);
    expect([readdirSync(at('old')), readdirSync(folder).sort()]).toEqual([['new'], ['hub', 'old']]);
  });
});
