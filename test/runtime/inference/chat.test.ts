// Takes: a small random model that chats in bytes, on the CPU. Gives: what a chat remembers, forgets and refuses.
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileGeneration } from '../../../compiler/compile.ts';
import type { EngineDevice } from '../../../runtime/engine/engine-device.ts';
import { openDevice } from '../../../runtime/engine/open-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { Chat, type ChatOptions } from '../../../runtime/inference/chat.ts';
import { Generator } from '../../../runtime/inference/generator.ts';
import { terminalChat } from '../../../runtime/inference/terminal-chat.ts';
import { chooseModel, loadModelFile } from '../../../runtime/model-file.ts';
import { bytesTokenizer } from '../../../runtime/tokenizer/bytes.ts';
import type { ChatMessage, Tokenizer } from '../../../runtime/tokenizer/tokenizer.ts';
import { UserError } from '../../../runtime/user-error.ts';
import { initializeParameters } from '../../../runtime/training/trainer.ts';

const model = chooseModel(loadModelFile(join(import.meta.dirname, '..', '..', 'fixtures', 'tiny.model'), false));
const options: ChatOptions = { temperature: 0, topK: null, topP: null, minP: null, maxTokens: 6, seed: 3, stop: [] };

/** The messages of every prompt. */
const asked: string[] = [];
const template = (messages: readonly ChatMessage[]): string => {
  if (messages.at(-1)?.content === 'no') throw new UserError('the chat template refuses these messages: no');
  asked.push(messages.map(({ role, content }) => (role === 'assistant' ? 'a' : `${role}:${content}`)).join(' '));
  return messages.map(({ role, content }) => `${role.slice(0, 1)}${content}`).join('|');
};
const tokenizer: Tokenizer = { ...bytesTokenizer, chat: template };

let device: EngineDevice;
let session: Session;
let generator: Generator;
beforeAll(async () => {
  device = await openDevice({ device: 'cpu', threads: 1 });
  session = new Session(device);
  generator = await Generator.open(session, compileGeneration(model, { target: device.target, chunk: 8 }));
  initializeParameters(session, model, 5);
});
afterAll(() => {
  session.destroy();
  device.close();
});
beforeEach(() => void asked.splice(0));

const chatOf = (system: string | null = null): Chat => new Chat(generator, tokenizer, system, () => {});

describe('a chat', () => {
  it('shows the answer as it comes and remembers it', async () => {
    const chat = chatOf('S');
    let shown = '';
    const { text } = await chat.say('x', { ...options, onText: (part) => void (shown += part) });
    expect(shown.trimEnd()).toBe(text);
    await chat.say('y', { ...options, maxTokens: 1 });
    expect(asked).toEqual(['system:S user:x', 'system:S user:x a user:y']);
    chat.clear();
    await chat.say('z', { ...options, maxTokens: 1 });
    expect(asked.at(-1)).toBe('system:S user:z');
  });

  it('goes on from the cache with the tokens that it would give without', async () => {
    const prompt = bytesTokenizer.encode('the quick brown fox');
    const fresh = await generator.generate(prompt, options);
    await generator.generate(prompt.slice(0, 13), { ...options, maxTokens: 3 });
    const kept = await generator.generate(prompt, { ...options, keepCache: true });
    expect(kept.tokens).toEqual(fresh.tokens);
    expect((await generator.generate(prompt, { ...options, keepCache: true })).tokens).toEqual(fresh.tokens);
  });

  it('forgets the oldest turns when the context is full, and says so', async () => {
    expect(model.context).toBe(32);
    const chat = chatOf('S');
    const answers = [];
    // oxlint-disable-next-line no-await-in-loop -- a turn follows the one before
    for (const said of ['one', 'two', 'three', 'four'])
      answers.push(await chat.say(said, { ...options, maxTokens: 4 }));
    expect(answers.some(({ dropped }) => dropped > 0)).toBe(true);
    expect(asked.at(-1)).toMatch(/^system:S .*user:four$/);
    expect(asked.at(-1)).not.toContain('user:one');
  });

  it('refuses what the context cannot hold, and goes on', async () => {
    const chat = chatOf();
    await expect(chat.say('x'.repeat(40), options)).rejects.toThrow(
      'this message makes a prompt of 41 tokens, and the context holds 32, with the answer; shorten it, or give a larger --context',
    );
    expect((await chat.say('x'.repeat(28), options)).generated.tokens.length).toBe(3);
  });

  it('does not remember what the template refuses', async () => {
    const chat = chatOf();
    await expect(chat.say('no', options)).rejects.toThrow('refuses these messages: no');
    await chat.say('y', { ...options, maxTokens: 1 });
    expect(asked).toEqual(['user:y']);
  });

  it('ends at a stop token, which is not shown', async () => {
    const { tokens } = await generator.generate(bytesTokenizer.encode('ux'), options);
    const stops = new Set([tokens[2] ?? 0]);
    const { generated } = await new Chat(generator, { ...tokenizer, stops }, null, () => {}).say('x', options);
    expect(generated).toMatchObject({ reason: 'stop', tokens: tokens.slice(0, tokens.indexOf(tokens[2] ?? 0) + 1) });
    expect([...generated.bytes]).toEqual(tokens.slice(0, tokens.indexOf(tokens[2] ?? 0)));
  });
});

describe('a chat from lines', () => {
  it('answers each, knows its words, and survives a refusal', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const shown: Buffer[] = [];
    output.on('data', (part: Buffer) => void shown.push(part));
    input.end('x\n\nno\ny\n/clear\nz\n/exit\nnever\n');
    const answers: string[] = [];
    const terminal = { input, output, isTerminal: false };
    await terminalChat(chatOf(), { ...options, maxTokens: 2 }, terminal, ({ text }) => void answers.push(text));
    expect(asked).toEqual(['user:x', 'user:x a user:y', 'user:z']);
    expect(answers.length).toBe(3);
    expect(Buffer.concat(shown).toString().split('\n').length).toBeGreaterThanOrEqual(4);
  });
});
