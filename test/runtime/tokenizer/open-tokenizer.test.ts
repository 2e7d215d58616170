// Takes: folders with files of tokenizers, whole and damaged. Gives: what a person is told, and which tokens end a text.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../runtime/tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../../../runtime/tokenizer/tokenizer.ts';

type Json = Record<string, unknown>;
const root = mkdtempSync(join(tmpdir(), 'modelc-tokenizer-'));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'x-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const reference = (kind: string): Json => JSON.parse(readFileSync(join(import.meta.dirname, 'references', kind, 'tokenizer.json'), 'utf8')) as Json; // prettier-ignore

/** Opens a folder of files, by name: JSON or text. */
function open(files: Record<string, unknown>): Promise<Tokenizer> {
  for (const [name, value] of Object.entries(files))
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return openTokenizer(folder);
}

const byteLevel = reference('byte-level');
const idOf = (text: string): number => (byteLevel['model'] as { vocab: Record<string, number> }).vocab[text] ?? -1;
const [text, start, end] = [idOf('<|endoftext|>'), idOf('<|im_start|>'), idOf('<|im_end|>')];

describe('a folder', () => {
  it('without tokenizer.json is read as bytes', async () => {
    const tokenizer = await open({});
    expect([tokenizer.name, tokenizer.encode('é'), [...tokenizer.stops]]).toEqual(['bytes', [0xc3, 0xa9], []]);
    expect(() => tokenizer.chat([])).toThrow('this model reads bytes and has no chat template');
  });

  it.each<[string, Record<string, unknown>, number[]]>([
    ['the tokenizer', { 'tokenizer_config.json': { eos_token: '<|im_end|>' } }, [end]],
    ['a token with settings', { 'special_tokens_map.json': { eos_token: { content: '<|im_end|>' } } }, [end]],
    ['generation_config.json', { 'generation_config.json': { eos_token_id: [start, text] } }, [start, text]],
    ['config.json', { 'config.json': { eos_token_id: text } }, [text]],
    ['the text part of config.json', { 'config.json': { text_config: { eos_token_id: [text] } } }, [text]],
    [
      'the generation before the model, and the tokenizer always',
      {
        'config.json': { eos_token_id: start },
        'generation_config.json': { eos_token_id: text },
        'tokenizer_config.json': { eos_token: '<|im_end|>' },
      },
      [text, end],
    ],
    ['nothing', {}, []],
  ])('ends a text where %s says', async (_, files, stops) => {
    expect([...(await open({ 'tokenizer.json': byteLevel, ...files })).stops]).toEqual(stops);
  });

  it('hides a named token that is not marked as special', async () => {
    const json = { ...byteLevel, added_tokens: [] };
    const shown = await open({ 'tokenizer.json': json });
    expect(shown.decoder().push(end)).toEqual(new TextEncoder().encode('<|im_end|>'));
    const hidden = await open({ 'tokenizer.json': json, 'tokenizer_config.json': { eos_token: '<|im_end|>' } });
    expect(hidden.decoder().push(end)).toEqual(new Uint8Array());
    expect(hidden.encode('<|im_end|>')).toEqual([end]);
  });

  it('takes the chat template of its own file before that of the configuration', async () => {
    const messages = [{ role: 'user', content: 'x' }] as const;
    const config = { 'tokenizer_config.json': { chat_template: 'old' } };
    expect((await open({ 'tokenizer.json': byteLevel, ...config })).chat(messages)).toBe('old');
    const tokenizer = await open({ 'chat_template.jinja': '{{ messages[0].content }}!' });
    expect(tokenizer.chat(messages)).toBe('x!');
  });
});

const model = byteLevel['model'] as Json;
const split = (behavior: string): Json => ({ type: 'Split', pattern: { String: 'a' }, behavior, invert: false });

describe('a damaged or foreign tokenizer is one sentence', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['cut off', { 'tokenizer.json': '{"model": {' }, 'tokenizer.json is damaged: '],
    ['a list', { 'tokenizer.json': '[]' }, 'tokenizer.json is damaged: it holds no JSON object'],
    ['empty', { 'tokenizer.json': {} }, 'tokenizer.json is damaged: it has no model'],
    ['no vocabulary', { 'tokenizer.json': { model: { type: 'BPE', merges: [] } } }, 'its model has no vocabulary'],
    ['a model', { 'tokenizer.json': { model: { type: 'WordLevel', vocab: {} } } }, 'tokenizer.json: its model is WordLevel; modelc knows BPE and Unigram'], // prettier-ignore
    ['an added token', { 'tokenizer.json': { model, added_tokens: [{ content: 'x' }] } }, 'is damaged: an added token without id and content'], // prettier-ignore
    ['single words', { 'tokenizer.json': { model, added_tokens: [{ id: 1, content: 'x', single_word: true }] } }, 'the token x is only for single words, which modelc does not know'], // prettier-ignore
    ['a normalizer', { 'tokenizer.json': { model, normalizer: { type: 'Sequence', normalizers: [{ type: 'Nmt' }] } } }, 'its normalizer has the part Nmt, which modelc does not know'], // prettier-ignore
    ['a pre-tokenizer', { 'tokenizer.json': { model, pre_tokenizer: { type: 'UnicodeScripts' } } }, 'its pre-tokenizer has the part UnicodeScripts, which modelc does not know'], // prettier-ignore
    ['a behavior', { 'tokenizer.json': { model, pre_tokenizer: split('Sideways') } }, 'the part Split with the behavior Sideways, which'], // prettier-ignore
    ['a regular expression', { 'tokenizer.json': { model, pre_tokenizer: { ...split('Removed'), pattern: { Regex: '(' } } } }, 'tokenizer.json cannot be read as a tokenizer: '], // prettier-ignore
    ['a post-processor', { 'tokenizer.json': { model, post_processor: { type: 'Odd' } } }, 'tokenizer.json cannot be read as a tokenizer: Unknown PostProcessor type: Odd'], // prettier-ignore
    ['a decoder', { 'tokenizer.json': { model, decoder: { type: 'WordPiece' } } }, 'its decoder has the part WordPiece, which modelc does not know'], // prettier-ignore
    ['an order of decoders', { 'tokenizer.json': { model, decoder: { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'ByteFallback' }] } } }, 'the part ByteFallback behind the text is fused, which'], // prettier-ignore
    ['a token that is missing', { 'tokenizer.json': { model, post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<bos>', type_id: 0 } }], pair: [], special_tokens: {} } } }, 'its vocabulary does not have the token <bos>'], // prettier-ignore
    ['its configuration', { 'tokenizer.json': byteLevel, 'tokenizer_config.json': '{' }, 'tokenizer_config.json is damaged: '], // prettier-ignore
    ['its templates', { 'tokenizer.json': byteLevel, 'tokenizer_config.json': { chat_template: [{ name: 'rag', template: 'x' }] } }, 'chat_template has no template named default, only rag'], // prettier-ignore
  ])('%s', async (_, files, message) => {
    const error: unknown = await open(files).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining(message) as string });
    expect((error as Error).message).toContain(folder);
  });
});
