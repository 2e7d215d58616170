// Takes: folders of the hub with one fault each. Gives: the sentence a person gets.
// Promises: it names the file and the tensor, and nothing is written.
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importCheckpoint } from '../../../runtime/commands/exchange/import.ts';
import type { Dtype } from '../../../runtime/data/safetensors-header.ts';
import { writingSafetensors } from '../../../runtime/data/safetensors-writer.ts';
import { isUserFault } from '../../../runtime/user-error.ts';
import { asShards, json, type Stored, tensorsIn } from './checkpoints.ts';

const reference = join(import.meta.dirname, '..', '..', 'parity', 'references', 'llama');

let parent = '';
let whole = '';
let sharded = '';
let folder = '';
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'modelc-faults-'));
  [whole, sharded, folder] = [join(parent, 'whole'), join(parent, 'sharded'), join(parent, 'hub')];
  mkdirSync(whole);
  cpSync(join(reference, 'config.json'), join(whole, 'config.json'));
  cpSync(join(reference, 'before.safetensors'), join(whole, 'model.safetensors'));
  await asShards(reference, sharded, 'F16');
});
afterAll(() => rmSync(parent, { recursive: true }));
beforeEach(() => mkdirSync(folder));
afterEach(() => rmSync(folder, { recursive: true }));

const single = 'model.safetensors';
const index = 'model.safetensors.index.json';
const second = 'model-00002-of-00002.safetensors';
const tensor = 'model.layers.0.mlp.up_proj.weight';

/** Rewrites the weights with other tensors. */
async function rewrite(change: (tensors: Map<string, Stored>) => void, file = single): Promise<void> {
  const path = join(folder, file);
  const tensors = await tensorsIn(folder);
  change(tensors);
  const forms = new Map([...tensors].map(([name, { dtype, shape }]) => [name, { dtype: dtype as Dtype, shape }]));
  await writingSafetensors(path, forms, {}, async (writer) => {
    for (const { bytes } of tensors.values()) await writer.write(bytes);
  });
}

const as = (dtype: string, { shape }: Stored, size: number): Stored => ({ dtype, shape, bytes: Buffer.alloc(shape.reduce((n, each) => n * each, size)) }); // prettier-ignore

function get(tensors: ReadonlyMap<string, Stored>, name: string): Stored {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`the reference has no ${name}`);
  return found;
}

function edit(name: string, change: (value: Record<string, unknown>) => void): void {
  const value = json(folder, name);
  change(value);
  rmSync(join(folder, name)); // it may be a link
  writeFileSync(join(folder, name), JSON.stringify(value));
}

const at = (name: string): string => join(folder, name);
const places = (value: Record<string, unknown>): Record<string, string> =>
  value['weight_map'] as Record<string, string>;

type Fault = readonly [name: string, make: () => unknown, message: string];

const inOneFile: readonly Fault[] = [
  ['no config.json', () => rmSync(at('config.json')), 'hub/config.json is missing'],
  ['a config.json that is no JSON', () => writeFileSync(at('config.json'), '{"model_type": '), 'hub/config.json is damaged: '],
  ['a config.json that is a list', () => writeFileSync(at('config.json'), '[]'), 'hub/config.json is damaged: it holds no JSON object'],
  ['a key nobody knows', () => edit('config.json', (config) => (config['attention_twist'] = 2)), 'hub/config.json: attention_twist is not understood for model_type llama and may change the function; if attention_twist does not, take it out of config.json'],
  ['a family nobody knows', () => edit('config.json', (config) => (config['model_type'] = 'llamma')), 'hub/config.json: model_type llamma is not known; there are '],
  ['a tokenizer that is no JSON', () => writeFileSync(at('tokenizer.json'), '{'), 'hub/tokenizer.json is damaged: '],
  ['no weights', () => rmSync(at(single)), 'hub has no weights: neither model.safetensors nor model.safetensors.index.json is there'],
  ['pickled weights', () => { rmSync(at(single)); writeFileSync(at('pytorch_model.bin'), ''); }, 'hub has its weights in pytorch_model.bin, which may run code when it is read; convert it to safetensors'],
  ['a cut file', () => truncateSync(at(single), 80_000), 'hub/model.safetensors is cut off: its tensors take 84608 bytes, '],
  ['a file cut in its header', () => truncateSync(at(single), 100), 'hub/model.safetensors is no safetensors file, or cut off in its header'],
  ['an empty file', () => truncateSync(at(single), 0), 'hub/model.safetensors is no safetensors file: it has 0 bytes'],
  ['bytes behind the end', () => appendFileSync(at(single), 'x'), 'hub/model.safetensors is damaged: 1 bytes after its last tensor'],
  ['a broken header', () => { const bytes = readFileSync(at(single)); bytes.fill('{', 20, 30); writeFileSync(at(single), bytes); }, 'hub/model.safetensors is no safetensors file: its header is not a JSON object'],
  ['8 bit weights', () => rewrite((tensors) => tensors.set(tensor, as('I8', get(tensors, tensor), 1))), `hub/model.safetensors: ${tensor} is I8; weights are read as F32, F16, BF16, so a quantized checkpoint must be converted first`],
  ['weights of F8', () => rewrite((tensors) => tensors.set(tensor, as('F8_E4M3', get(tensors, tensor), 1))), `hub/model.safetensors: ${tensor} is F8_E4M3; `],
  ['another shape', () => rewrite((tensors) => tensors.set(tensor, { ...get(tensors, tensor), shape: get(tensors, tensor).shape.toReversed() })), `hub/model.safetensors: ${tensor} is [32, 56], but config.json asks for [56, 32]`],
  ['a missing tensor', () => rewrite((tensors) => tensors.delete(tensor)), `hub/model.safetensors lacks ${tensor} [`],
  ['a tensor too much', () => rewrite((tensors) => tensors.set('model.layers.0.mlp.extra.weight', get(tensors, tensor))), 'hub/model.safetensors: model.layers.0.mlp.extra.weight is no tensor of the model that config.json describes'],
]; // prettier-ignore

const inShards: readonly Fault[] = [
  ['a missing shard', () => rmSync(at(second)), `hub/${second} is missing, but `],
  ['a cut shard', () => truncateSync(at(second), 20_000), `hub/${second} is cut off`],
  ['an index that is no JSON', () => writeFileSync(at(index), '<html>'), `hub/${index} is damaged: `],
  ['an index without a map', () => writeFileSync(at(index), '{}'), `hub/${index} is damaged: its weight_map does not name a file of this folder for every tensor`],
  ['an index that leaves the folder', () => edit(index, (value) => (places(value)[tensor] = `../${second}`)), `hub/${index} is damaged: its weight_map does not name a file of this folder`],
  ['an index that names a tensor its shard lacks', () => edit(index, (value) => (places(value)[tensor] = 'model-00001-of-00002.safetensors')), `hub/${index} says that ${tensor} is in model-00001-of-00002.safetensors, but it is not`],
  ['a tensor in two shards', () => rewrite(() => {}, second), 'lm_head.weight is both in '],
  ['a tensor of another type in a shard', () => rewriteSecond((tensors) => tensors.set(tensor, as('U8', get(tensors, tensor), 1))), `hub/${second}: ${tensor} is U8`],
]; // prettier-ignore

async function rewriteSecond(change: (tensors: Map<string, Stored>) => void): Promise<void> {
  const first = Object.entries(places(json(folder, index))).flatMap(([name, file]) => (file === second ? [] : [name]));
  await rewrite((tensors) => {
    for (const name of first) tensors.delete(name);
    change(tensors);
  }, second);
}

/** @returns the message */
async function refusal(): Promise<string> {
  const out = join(parent, 'out', 'deep');
  const before = readdirSync(parent, { recursive: true });
  const error: unknown = await importCheckpoint(folder, { out }).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error('it was imported');
  expect([error.message, isUserFault(error)]).toEqual([error.message, true]);
  expect(readdirSync(parent, { recursive: true })).toEqual(before);
  return error.message;
}

describe('a checkpoint that does not fit', () => {
  it.each(inOneFile)('in one file: %s', async (_, make, message) => {
    cpSync(whole, folder, { recursive: true });
    await make();
    expect(await refusal()).toContain(message);
  });

  it.each(inShards)('in shards: %s', async (_, make, message) => {
    cpSync(sharded, folder, { recursive: true });
    await make();
    expect(await refusal()).toContain(message);
  });

  it('a head beside a tied embedding must repeat it', async () => {
    cpSync(whole, folder, { recursive: true });
    edit('config.json', (config) => (config['tie_word_embeddings'] = true));
    expect(await refusal()).toContain('hub/model.safetensors: config.json ties the head to the embedding, but lm_head.weight is not the same as model.embed_tokens.weight'); // prettier-ignore
    await rewrite((tensors) => tensors.set('lm_head.weight', get(tensors, 'model.embed_tokens.weight')));
    const { left_out: left } = await importCheckpoint(folder, { dryRun: true });
    expect(left).toEqual(['lm_head.weight']);
  });
});
