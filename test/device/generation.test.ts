// Generation on the device: prefill in chunks and decode with the cache agree with the whole sequence at once.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../compiler/7-plan/plan.ts';
import { compileForward, compileGeneration, compileStream } from '../../compiler/compile.ts';
import type { HeldWeights } from '../../compiler/2-check/model.ts';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { Session } from '../../runtime/engine/session.ts';
import { hasHalves } from '../../runtime/inference/open-generation.ts';
import { Generator, type GenerateOptions } from '../../runtime/inference/generator.ts';
import { chooseModel, loadModelFile } from '../../runtime/model-file.ts';
import { initializeParameters } from '../../runtime/training/trainer.ts';
import { devices, openTestDevice } from './device.ts';

const loaded = loadModelFile(join(import.meta.dirname, '..', 'fixtures', 'tiny.model'), false);
const model = chooseModel(loaded);
const prompt = new TextEncoder().encode('The river runs down');
const settings: GenerateOptions = {
  temperature: 0.9,
  topK: null,
  topP: null,
  minP: null,
  maxTokens: 40,
  seed: 3,
  stop: [],
};

describe.each(devices)('generation on $name', ({ open }) => {
  let device: EngineDevice;
  let session: Session;
  let generator: Generator;
  beforeAll(async () => {
    device = await open();
    session = new Session(device);
    generator = await Generator.open(session, compileGeneration(model, { target: device.target, chunk: 8 }));
    initializeParameters(session, model, 5);
  });
  afterAll(() => {
    session.destroy();
    device.close();
  });

  it('agrees with the whole sequence at once, by prefill and by decode', async () => {
    const tokens = [...prompt].slice(0, 19);
    const forward = await session.load(compileForward(model, { batch: 1, seq: 19 }, { target: device.target }));
    forward.write('tokens', Int32Array.from(tokens));
    forward.run();
    const logits = await forward.read('logits');
    const rowOf = (position: number): number[] =>
      Array.from(logits.slice(position * model.vocab, (position + 1) * model.vocab));
    const expectClose = (a: Float32Array, b: number[]): void =>
      a.forEach((value, i) => expect(value).toBeCloseTo(b[i] ?? 0, 4));
    expectClose(await generator.prefill(tokens), rowOf(18));
    await generator.prefill(tokens.slice(0, 5));
    for (const [i, token] of tokens.slice(5).entries()) expectClose(await generator.decode(token), rowOf(5 + i));
  });

  it('is a function of the seed, and goes on past the context', async () => {
    const first = await generator.generate(prompt, settings);
    expect(first.tokens.length).toBe(40);
    expect(prompt.length + 40).toBeGreaterThan(model.context);
    expect((await generator.generate(prompt, settings)).tokens).toEqual(first.tokens);
    expect((await generator.generate(prompt, { ...settings, seed: 4 })).tokens).not.toEqual(first.tokens);
  });

  it('streams exactly what it returns and ends at a stop text', async () => {
    const all = await generator.generate(prompt, settings);
    const stop = new TextDecoder('latin1').decode(all.bytes.slice(10, 11));
    const streamed: number[] = [];
    const onBytes = (bytes: Uint8Array): void => void streamed.push(...bytes);
    const isAscii = (all.bytes[10] ?? 128) < 128;
    const stopped = await generator.generate(prompt, { ...settings, stop: isAscii ? [stop] : [], onBytes });
    expect(streamed).toEqual([...stopped.bytes]);
    if (isAscii) expect(stopped.reason).toBe('stop');
  });

  it('writes the same whoever chooses the tokens, past the context too', async () => {
    const plans = compileGeneration(model, { target: device.target, chunk: 8 });
    const streamPlan = compileStream(model, { target: device.target, chunk: 8 });
    const streaming = await Generator.open(session, plans, { streamPlan });
    for (const temperature of [0, 0.9]) {
      const here = await generator.generate(prompt, { ...settings, temperature });
      const there = await streaming.generate(prompt, { ...settings, temperature });
      expect(there.tokens).toEqual(here.tokens);
    }
    // What was chosen ahead of a stop leaves no trace.
    const short = await streaming.generate(prompt, { ...settings, maxTokens: 9, shouldStop: () => true });
    expect([short.tokens.length, short.reason]).toEqual([1, 'interrupted']);
    const again = await streaming.generate(prompt, settings);
    expect(again.tokens).toEqual((await generator.generate(prompt, settings)).tokens);
  });

  it('holds matrices in halves', async () => {
    if (!hasHalves(device)) return;
    const weights: HeldWeights = { format: 'f16', keep: ['norm'] };
    const small = new Session(device);
    const halves = await Generator.open(small, compileGeneration(model, { target: device.target, chunk: 8, weights }));
    initializeParameters(small, model, 5);
    const [exact, rounded] = [await generator.prefill([...prompt]), await halves.prefill([...prompt])];
    exact.forEach((value, i) => expect(Math.abs(value - (rounded[i] ?? Number.NaN))).toBeLessThan(0.01));
    const [next, nextRounded] = [await generator.decode(7), await halves.decode(7)];
    next.forEach((value, i) => expect(Math.abs(value - (nextRounded[i] ?? Number.NaN))).toBeLessThan(0.01));
    expect(small.tensors().some(({ type }) => type === 'f16')).toBe(true);
    small.destroy();
  });

  it('wants a prompt', async () => {
    await expect(generator.generate(new Uint8Array(), settings)).rejects.toThrow('the prompt is empty');
  });
});

/**
 * Tokens as a GPU makes them, on whatever there is: norms and rotations in products, products by subgroups, attention in parts.
 * A software adapter takes its time to compile what a GPU runs.
 */
describe('tokens as a GPU makes them', () => {
  let device: EngineDevice;
  beforeAll(async () => {
    device = await openTestDevice();
  });
  afterAll(() => device.close());

  it.each([null, { format: 'f16', keep: ['norm'] }] as const)('weights %j', { timeout: 240_000 }, async (weights) => {
    const long = { ...model, layers: model.layers.slice(0, 1), context: 256 };
    const aimed = { ...device.target, software: false } as Target;
    const { decode } = compileGeneration(long, { target: aimed, weights });
    expect(decode.kernels.some(({ code }) => code.includes('subgroupShuffleXor'))).toBe(true);
    expect(decode.steps.length).toBe(7);
    const session = new Session(device);
    const plain = compileGeneration(long, { target: device.target, weights });
    const expected = await Generator.open(session, plain);
    const streamPlan = compileStream(long, { target: aimed, weights });
    const generator = await Generator.open(session, { ...plain, decode }, { streamPlan });
    initializeParameters(session, long, 5);
    const tokens = Array.from({ length: 200 }, (_, i) => (i * i + 7 * i) % 256);
    for (const from of [3, 190]) {
      const rows: Float32Array[][] = [];
      for (const each of [expected, generator]) {
        const row = [await each.prefill(tokens.slice(0, from))];
        for (const token of tokens.slice(from, from + 4)) row.push(await each.decode(token));
        rows.push(row);
      }
      rows[0]?.forEach((row, at) => row.forEach((value, i) => expect(Math.abs(value - (rows[1]?.[at]?.[i] ?? Number.NaN))).toBeLessThan(1e-4))); // prettier-ignore
    }
    const greedy = { ...settings, temperature: 0, maxTokens: 12 };
    expect((await generator.generate(tokens, greedy)).tokens).toEqual((await expected.generate(tokens, greedy)).tokens);
    session.destroy();
  });
});
