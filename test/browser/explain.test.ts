// The page of `modelc explain --html` in Chromium: fits a phone, texts fit their boxes in real fonts, needs no network, light and dark differ.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlockExpr } from '../../compiler/2-check/model.ts';
import { anatomyOf } from '../../compiler/explain/picture/anatomy.ts';
import { blockFigures, partFigures } from '../../compiler/explain/picture/figures.ts';
import { pictureOf } from '../../compiler/explain/picture/picture.ts';
import { explainPage, writeExplainPage } from '../../runtime/picture/page.ts';
import { loadModelFile, packageRoot } from '../../runtime/model-file.ts';
import { makeModel, ref, span } from '../compiler/3-graph/model/model-builder.ts';
import { everyFfn, everyMixer } from '../compiler/explain/every-part.ts';
import { findChromium, launch } from './chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'modelc-explain-'));
const specs = ['quickstart', 'families/gemma3', 'families/gptj', 'families/neox', 'families/cohere'];
const pages = specs.map((name) => {
  const path = join(folder, `${name.replace('/', '-')}.html`);
  writeExplainPage(path, loadModelFile(join(packageRoot(), 'specs', `${name}.model`), false));
  return { name, path };
});

it('is one file: no script, no address', () => {
  for (const { name, path } of pages) {
    const html = readFileSync(path, 'utf8');
    expect(html, name).not.toMatch(/<script|<link rel="stylesheet"|src=|@import|url\(|href="(?!data:,)/);
    expect(html, name).not.toMatch(/https?:\/\/(?!.*<pre>)/);
  }
});

it('says in a sentence when it cannot be written', () => {
  const loaded = loadModelFile(join(packageRoot(), 'specs', 'quickstart.model'), false);
  expect(() => writeExplainPage(join(folder, 'none', 'page.html'), loaded)).toThrow(/^cannot write .*page\.html: /);
});

describe('in Chromium', () => {
  let browser: Browser | undefined;
  /** Why there is none. */
  let reason = '';
  beforeAll(async () => {
    const found = await findChromium();
    if ('path' in found) browser = await launch(found.path);
    else process.stderr.write(`not tested in a browser: ${(reason = found.reason)}\n`);
  }, 300_000); // where Chromium must be got first
  afterAll(() => browser?.close());

  async function open(path: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page | null> {
    const page = await browser?.newPage({ viewport: { width, height: 800 }, colorScheme });
    await page?.goto(pathToFileURL(path).href);
    return page ?? null;
  }

  it.for(pages)('$name fits 390, 800 and 1400 pixels, its texts fit their boxes', async ({ path }, { skip }) => {
    for (const width of [390, 800, 1400]) {
      const page = await open(path, width, 'light');
      if (page === null) return skip(reason);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await page.evaluate(spills)).toEqual([]);
      await page.close();
    }
  });

  it('a part of every kind fits its box', async ({ skip }) => {
    const values: BlockExpr[] = [
      ...Object.values(everyMixer).map((spec): BlockExpr => ({
        kind: 'mixer',
        name: spec.kind,
        spec,
        input: ref('x'),
        span,
      })),
      ...Object.values(everyFfn).map((spec): BlockExpr => ({
        kind: 'ffn',
        name: spec.kind,
        spec,
        input: ref('x'),
        span,
      })),
    ];
    const layers = values.map((value, index) => ({ index, block: 'any', equations: [{ name: 'y', value, span }] }));
    const body = {
      id: '',
      layers,
      dModel: 4096,
      context: 8192,
      decodes: true,
      anatomy: anatomyOf(layers, 4096),
      entries: [],
    };
    const path = join(folder, 'every.html');
    writeFileSync(
      path,
      explainPage({ ...pictureOf(makeModel()), blocks: blockFigures(body), parts: partFigures(body) }, {}),
    );
    const page = await open(path, 390, 'light');
    if (page === null) return skip(reason);
    expect(await page.evaluate(spills)).toEqual([]);
    await page.close();
  });

  it('says its texts in colours that contrast, in light and in dark', async ({ skip }) => {
    const grounds: unknown[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open(pages[1]?.path ?? '', 1400, scheme);
      if (page === null) return skip(reason);
      grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      expect(await page.evaluate(faint)).toEqual([]);
      await page.close();
    }
    expect(grounds[0]).not.toBe(grounds[1]);
  });
});

/** Texts of cells that are wider than the cell's box. */
const spills = `[...document.querySelectorAll('svg g')].flatMap((cell) => {
  const box = cell.querySelector('rect:not(.operator)')?.getBBox();
  if (box === undefined || box.width < 30) return [];
  return [...cell.querySelectorAll('text')].filter((text) => {
    const own = text.getBBox();
    return own.x < box.x - 1 || own.x + own.width > box.x + box.width + 1;
  }).map((text) => text.textContent);
})`;

/** Texts of cells whose contrast with their box is below 4.5 (WCAG 2, AA). */
const faint = `(() => {
  const rgb = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll('svg g')].flatMap((cell) => {
    const box = cell.querySelector('rect');
    if (box === null || box.getBBox().width < 30) return [];
    const ground = light(getComputedStyle(box).fill);
    return [...cell.querySelectorAll('text')].filter((text) => {
      const ink = light(getComputedStyle(text).fill);
      return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5;
    }).map((text) => text.textContent);
  });
})()`;
