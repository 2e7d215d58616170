import { describe, expect, it } from 'vitest';
import { hashOf, uniform } from '../../../runtime/data/random.ts';
import { drawToken, sampleToken, type SampleSettings } from '../../../runtime/inference/sample.ts';
import { StopFilter } from '../../../runtime/inference/stop-filter.ts';

const plain: SampleSettings = { temperature: 1, topK: null, topP: null, minP: null };
/** Probabilities 0.5, 0.3, 0.15, 0.05 at tokens 2, 0, 3, 1. */
const logits = Float32Array.from([0.3, 0.05, 0.5, 0.15], Math.log);

/** How often each token is chosen over an even grid of random numbers. */
function shares(settings: SampleSettings, count = 1000): number[] {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const token = sampleToken(logits, settings, (i + 0.5) / count);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((each) => each / count);
}

describe('sampling', () => {
  it.each([
    ['all tokens by their probability', plain, [0.3, 0.05, 0.5, 0.15]],
    ['greedy', { ...plain, temperature: 0 }, [0, 0, 1, 0]],
    ['top-k', { ...plain, topK: 2 }, [0.375, 0, 0.625, 0]],
    ['top-p keeps the token that crosses p', { ...plain, topP: 0.6 }, [0.375, 0, 0.625, 0]],
    ['top-p below the first token keeps it', { ...plain, topP: 0.1 }, [0, 0, 1, 0]],
    ['min-p', { ...plain, minP: 0.25 }, [0.316, 0, 0.526, 0.158]],
    ['a high temperature flattens', { ...plain, temperature: 1e6 }, [0.25, 0.25, 0.25, 0.25]],
    ['all of them together', { ...plain, topK: 3, topP: 0.9, minP: 0.5 }, [0.375, 0, 0.625, 0]],
  ] as const)('%s', (_, settings, expected) => {
    shares(settings).forEach((share, token) => expect(share).toBeCloseTo(expected[token] ?? 0, 2));
  });

  it.each([
    { topK: 3, topP: null },
    { topK: 40, topP: null },
    { topK: 40, topP: 0.5 },
    { topK: 3000, topP: 0.9 },
    { topK: null, topP: 0.3 },
    { topK: null, topP: 0.9999 },
    { topK: null, topP: 1 },
  ])('of many tokens the same as sorting them all: %j', ({ topK, topP }) => {
    for (const step of [0.001, 0.5]) {
      const many = Float32Array.from({ length: 2000 }, (_, i) => step * Math.round((12 * uniform(3, i)) / step));
      const order = Array.from(many.keys()).sort((a, b) => (many[b] ?? 0) - (many[a] ?? 0) || a - b).slice(0, topK ?? 2000); // prettier-ignore
      const weights = order.map((token) => Math.exp((many[token] ?? 0) - (many[order[0] ?? 0] ?? 0)));
      const all = weights.reduce((sum, each) => sum + each, 0);
      let reached = 0;
      const count = topP === null ? order.length : weights.findIndex((each) => (reached += each) >= topP * all) + 1;
      const chosen = Array.from({ length: 200 }, (_, i) => sampleToken(many, { ...plain, topK, topP }, i / 200));
      const among = new Set(order.slice(0, count < 1 ? order.length : count));
      expect(chosen.filter((token) => !among.has(token))).toEqual([]);
      expect(chosen[0]).toBe(order[0]);
    }
  });

  it('draws by a seed as the device does: all tokens by their probability', () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const token = drawToken(logits, 1, hashOf(1, i));
      counts[token] = (counts[token] ?? 0) + 1;
    }
    counts.forEach((each, token) => expect(each / 20_000).toBeCloseTo([0.3, 0.05, 0.5, 0.15][token] ?? 0, 1));
    expect(drawToken(logits, 0, 7)).toBe(2);
  });

  it('gives ties to the lower token', () => {
    expect(sampleToken(Float32Array.of(1, 3, 3), { ...plain, temperature: 0 }, 0)).toBe(1);
  });
});

describe('stop texts', () => {
  /** What is shown of `text`, byte by byte, and whether it stopped. */
  function shown(text: string, stops: string[]): [string, boolean] {
    const filter = new StopFilter(stops);
    const bytes: number[] = [];
    for (const byte of new TextEncoder().encode(text)) {
      if (filter.stopped) break;
      bytes.push(...filter.push(byte));
    }
    if (!filter.stopped) bytes.push(...filter.finish());
    return [new TextDecoder().decode(Uint8Array.from(bytes)), filter.stopped];
  }

  it.each([
    ['abc END def', ['END'], 'abc ', true],
    ['abc EN', ['END'], 'abc EN', false],
    ['aab', ['ab'], 'a', true],
    ['EEND', ['END'], 'E', true],
    ['x\n\ny', ['\n\n', 'y'], 'x', true],
    ['no stop', [], 'no stop', false],
    ['no stop', [''], 'no stop', false],
    ['für', ['ü'], 'f', true],
  ] as const)('%j with %j', (text, stops, expected, stopped) => {
    expect(shown(text, [...stops])).toEqual([expected, stopped]);
  });

  it('never shows a part of a stop text early', () => {
    const filter = new StopFilter(['END']);
    expect([120, 69].map((byte) => filter.push(byte))).toEqual([[120], []]);
  });
});
