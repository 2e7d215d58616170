// The public entry for browsers: bundled without a module of Node's, and run in Chromium, where it computes what Node computes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../runtime/engine/open-device.ts';
import { readPrelude } from '../../runtime/model-file.ts';
import { bundle } from './bundle.ts';
import { findChromium, launch } from './chromium.ts';
import { type Outcome, type Request, runModel } from './run-model.ts';
import { type Served, serve } from './serve.ts';
import type { Reply } from './worker.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const request: Request = {
  source: { path: 'tiny.model', text: readFileSync(join(fixtures, 'tiny.model'), 'utf8') },
  prelude: readPrelude(),
  text: readFileSync(join(fixtures, 'text', 'river.txt'), 'utf8'),
  threads: 2,
  steps: 5,
  maxTokens: 40,
};

let modules: ReadonlyMap<string, string>;
beforeAll(async () => {
  modules = await bundle();
});

it('bundles for browsers: nothing of Node is imported', () => {
  expect([...modules.keys()]).toEqual(expect.arrayContaining(['browser.js', 'worker.js']));
  for (const [path, text] of modules) expect(text, path).not.toMatch(/["']node:/);
});

describe('in Chromium', () => {
  let browser: Browser | undefined;
  let served: Served;
  /** Why there is none. */
  let reason = '';
  beforeAll(async () => {
    const old = [...(await bundle('es2020'))].map(([path, text]): [string, string] => [`es2020/${path}`, text]);
    served = await serve(new Map([...modules, ...old]));
    const found = await findChromium();
    if ('path' in found) browser = await launch(found.path);
    else process.stderr.write(`not tested in a browser: ${(reason = found.reason)}\n`);
  }, 300_000); // where Chromium must be got first
  afterAll(async () => {
    await browser?.close();
    served.close();
  });

  /** What `script`, a module's text that may await, gives in the page at `path`. */
  async function evaluate<T>(page: Page, path: string, script: string): Promise<T> {
    await page.goto(served.url + path);
    return page.evaluate<T>(`(async () => { ${script} })()`);
  }

  it('trains and generates in a worker: the same numbers as in Node', async ({ skip }) => {
    if (browser === undefined) return skip(reason);
    const page = await browser.newPage();
    const reply = await evaluate<Reply>(page, '/', `
      const worker = new Worker('/worker.js', { type: 'module' });
      const reply = new Promise((resolve) => {
        worker.addEventListener('message', ({ data }) => resolve(data));
        worker.addEventListener('error', ({ message }) => resolve({ error: message }));
      });
      worker.postMessage(${JSON.stringify(request)});
      return reply;`); // prettier-ignore
    await page.close();
    if ('error' in reply) throw new Error(reply.error);
    const device = await openDevice({ device: 'cpu', threads: request.threads });
    const expected = await runModel(device, request);
    device.close();
    expectSame(reply.outcome, expected);
    expect(reply.outcome.losses.at(-1)).toBeLessThan(reply.outcome.losses[0] ?? 0);
  });

  it('says which headers are missing, that a page may not wait, and what a bundler must keep', async ({ skip }) => {
    if (browser === undefined) return skip(reason);
    const page = await browser.newPage();
    const openFrom = (path: string): string =>
      `const { openCpu } = await import('${path}'); return openCpu().then(() => '', String);`;
    const open = openFrom('/browser.js');
    expect(await evaluate(page, '/plain', open)).toMatch(/DeviceError: .*Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/s); // prettier-ignore
    expect(await evaluate(page, '/', open)).toMatch(/DeviceError: .*dedicated worker/);
    expect(await evaluate(page, '/', openFrom('/es2020/browser.js'))).toMatch(/DeviceError: .*es2022 or later/);
    await page.close();
  });
});

/** Bit for bit where both engines have the same instructions. */
function expectSame(actual: Outcome, expected: Outcome): void {
  const numbers = ({ losses, validationLoss, logits }: Outcome): number[] => [...losses, validationLoss, ...logits];
  if (actual.features.join() === expected.features.join()) {
    expect(numbers(actual)).toEqual(numbers(expected));
    expect(actual.tokens).toEqual(expected.tokens);
    return;
  }
  const [some, others] = [numbers(actual), numbers(expected)];
  expect(some.length).toBe(others.length);
  some.forEach((value, i) => expect(Math.abs(value - (others[i] ?? NaN))).toBeLessThan(1e-5));
}
