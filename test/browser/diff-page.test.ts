// The page of `modelc diff` in Chromium: nothing sticks out at the width of a phone, letters can be read, colours follow the scheme.
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compare } from '../../runtime/comparing/comparison.ts';
import { comparisonHtml } from '../../runtime/comparing/page.ts';
import { pairsOf } from '../../runtime/comparing/side.ts';
import type { Curve } from '../../runtime/comparing/train-both.ts';
import { findChromium, launch } from './chromium.ts';

const quickstart = join(import.meta.dirname, '..', '..', 'specs', 'quickstart.model');

let browser: Browser | undefined;
let reason = '';
let html = '';
beforeAll(async () => {
  const found = await findChromium();
  if ('path' in found) browser = await launch(found.path);
  else reason = found.reason;
  html = comparisonHtml(await comparisons());
}, 300_000);
afterAll(async () => browser?.close());

/** Every variant with its base, and curves that nobody trained. */
async function comparisons(): Promise<Comparison[]> {
  const curve = (name: string, rate: number): Curve => ({
    name,
    steps: 200,
    loss: Array.from({ length: 200 }, (_, i) => 2 + 3 * Math.exp(-rate * i) + 0.1 * Math.sin(i)),
    validation: [0, 100, 200].map((step) => ({ step, loss: 2.1 + 3 * Math.exp(-rate * step) })),
    tokensPerSecond: 34_567,
    fault: null,
  });
  const curves = { a: curve('Quickstart', 0.03), b: curve('Other', 0.02), steps: 200, interrupted: false };
  const list = await Promise.all(pairsOf(quickstart, undefined).map((pair) => compare(pair, { graph: true })));
  return list.map((each) => ({ ...each, curves }));
}

/** In the page: what sticks out, the least size of letters in the plot, the colours of page and text. */
const measure = `(() => {
  const out = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('pre, .wide'));
  const scale = (svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const letters = [...document.querySelectorAll('.plot text')].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale(text.ownerSVGElement));
  const { color, backgroundColor } = getComputedStyle(document.body);
  return { out: out.map((each) => each.outerHTML.slice(0, 60)), letters: Math.min(...letters), colors: [color, backgroundColor] };
})()`;

interface Measured {
  readonly out: readonly string[];
  readonly letters: number;
  readonly colors: readonly [string, string];
}

describe.each([390, 1200])('%i pixels wide', (width) => {
  it.each(['light', 'dark'] as const)('%s', async (colorScheme) => {
    if (browser === undefined) {
      process.stderr.write(`not tested in a browser: ${reason}\n`);
      return;
    }
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    await page.setContent(html);
    await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true; })`);
    const { out, letters, colors } = await page.evaluate<Measured>(measure);
    await page.close();
    expect(out).toEqual([]);
    expect(letters).toBeGreaterThan(10);
    const [ink, paper] = colors.map((color) => Number(/\d+/.exec(color)?.[0] ?? -1));
    expect((ink ?? 0) > (paper ?? 0)).toBe(colorScheme === 'dark');
  });
});
