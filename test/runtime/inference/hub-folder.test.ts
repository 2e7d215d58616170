// Takes: a reference checkpoint of llama with a tokenizer beside it. Gives: the greedy tokens of transformers, as text.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate, type GenerateFlags } from '../../../runtime/commands/generate.ts';

const reference = join(import.meta.dirname, '..', '..', 'parity', 'references', 'llama');
const expected = JSON.parse(readFileSync(join(reference, 'expected.json'), 'utf8')) as { greedy_prompt: number[]; greedy: number[] }; // prettier-ignore

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ▁.';
const merges = ['t h', '▁ t', '▁ th', 'i n', '▁ a', 'e r', 'a n'];
/** 64 tokens, as the model has. */
const tokens = ['<unk>', '<s>', '</s>', ...Array.from(letters), ...merges.map((merge) => merge.replace(' ', ''))];
const tokenizer = {
  added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'Fuse' }] }, // prettier-ignore
  model: { type: 'BPE', unk_token: '<unk>', fuse_unk: true, vocab: Object.fromEntries(tokens.map((text, id) => [text, id])), merges }, // prettier-ignore
};
const textOf = (list: readonly number[]): string => list.map((token) => (token < 3 ? '' : (tokens[token] ?? '').replace('▁', ' '))).join(''); // prettier-ignore

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-hub-'));
  copyFileSync(join(reference, 'before.safetensors'), join(folder, 'model.safetensors'));
  copyFileSync(join(reference, 'config.json'), join(folder, 'config.json'));
  write('tokenizer.json', tokenizer);
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, value: object | string): void {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
}

async function run(
  flags: GenerateFlags,
): Promise<{ text: string; shown: string; tokens: readonly number[]; reason: string; promptTokens: number }> {
  // prettier-ignore
  let shown = '';
  const { text, generated } = await generate(folder, { device: 'cpu', threads: 1, ...flags }, (part) => void (shown += part)); // prettier-ignore
  return { text, shown, tokens: generated.tokens, reason: generated.reason, promptTokens: generated.promptTokens };
}

describe('a folder of the Hugging Face hub', () => {
  const prompt = textOf(expected.greedy_prompt);

  it('generates the tokens of transformers', async () => {
    const made = await run({ prompt, greedy: true, maxTokens: 16 });
    const text = textOf(expected.greedy);
    expect(made).toEqual({ text, shown: text, tokens: expected.greedy, reason: 'length', promptTokens: 8 });
  });

  it('chooses as generation_config.json says, and ends where it says', async () => {
    write('generation_config.json', { do_sample: false, max_new_tokens: 12, eos_token_id: [2, expected.greedy[4]] });
    const made = await run({ prompt });
    expect(made).toMatchObject({ reason: 'stop', tokens: expected.greedy.slice(0, 5), text: textOf(expected.greedy.slice(0, 4)) }); // prettier-ignore
    rmSync(join(folder, 'generation_config.json'));
  });

  it('answers by its chat template', async () => {
    write('tokenizer_config.json', { bos_token: '<s>', eos_token: '</s>' });
    write('chat_template.jinja', `{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system message here') }}{% endif %}{{ m.content }}{% endfor %}`); // prettier-ignore
    const made = await run({ chat: true, prompt, greedy: true, maxTokens: 16 });
    expect(made).toMatchObject({ tokens: expected.greedy, text: textOf(expected.greedy), promptTokens: 8 });
    await expect(run({ chat: true, prompt, system: 'x' })).rejects.toThrow(
      'the chat template refuses these messages: no system message here',
    );
  });

  it.each<[string, GenerateFlags, RegExp]>([
    [
      'a context that is too large',
      { prompt, context: 65 },
      /--context 65 is more than the model can see: it has 64 positions/,
    ],
    ['a system message without a chat', { prompt, system: 'x' }, /--system stands before a chat; give --chat too/],
  ])('refuses %s', async (_, flags, message) => {
    await expect(run(flags)).rejects.toThrow(message);
  });

  it('refuses the tokenizer of another model', async () => {
    write('tokenizer.json', {
      ...tokenizer,
      model: { ...tokenizer.model, vocab: { ...tokenizer.model.vocab, more: 64 } },
    });
    await expect(run({ prompt })).rejects.toThrow(/tokenizer\.json has 65 tokens, but the model's vocabulary has 64/);
    rmSync(join(folder, 'tokenizer.json'));
    await expect(run({ prompt })).rejects.toThrow(/text is cut into bytes, 256 tokens, but the model's vocabulary has 64; put the tokenizer\.json/); // prettier-ignore
  });
});
