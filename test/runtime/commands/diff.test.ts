// `modelc diff`: which models are compared, what is written, how it ends.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { diffCommand } from '../../../runtime/commands/diff.ts';
import { comparisonHtml } from '../../../runtime/comparing/page.ts';
import { compare } from '../../../runtime/comparing/comparison.ts';
import { parsePlace, parseSecond, placeText } from '../../../runtime/comparing/place.ts';
import { pairsOf } from '../../../runtime/comparing/side.ts';
import { type BothCurves, trainBoth } from '../../../runtime/comparing/train-both.ts';
import { sharedTraining } from '../../../runtime/comparing/shared-training.ts';
import { readCorpus } from '../../../runtime/data/corpus.ts';
import { openDevice } from '../../../runtime/engine/open-device.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const tiny = join(fixtures, 'tiny.model');
const quickstart = join(import.meta.dirname, '..', '..', '..', 'specs', 'quickstart.model');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-diff-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs the command; gives what it wrote on stdout and the exit code. */
async function diff(...args: string[]): Promise<{ out: string; code: number }> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    out += String(part);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await diffCommand().exitOverride().parseAsync(args, { from: 'user' });
  const code = Number(process.exitCode ?? 0);
  vi.restoreAllMocks();
  process.exitCode = undefined;
  return { out, code };
}

describe('places', () => {
  it.each([
    ['a.model', { path: 'a.model', revision: null, model: null }],
    ['x/a.model:Wide', { path: 'x/a.model', revision: null, model: 'Wide' }],
    ['a.model@HEAD~2', { path: 'a.model', revision: 'HEAD~2', model: null }],
    ['a.model@feature/x:Wide', { path: 'a.model', revision: 'feature/x', model: 'Wide' }],
    ['a.model@HEAD@{1}', { path: 'a.model', revision: 'HEAD@{1}', model: null }],
  ])('%s', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
    expect(placeText(parsePlace(text))).toBe(text);
  });

  it('take a model or a revision of the first file as the second', () => {
    const first = parsePlace('a.model@v1:Wide');
    expect(placeText(parseSecond('Deep', first))).toBe('a.model@v1:Deep');
    expect(placeText(parseSecond('@v2', first))).toBe('a.model@v2');
    expect(placeText(parseSecond('b.model', first))).toBe('b.model');
  });

  it('say what is wrong', () => {
    expect(() => parsePlace('a.txt')).toThrow('a.txt names no .model file; write FILE.model');
    expect(() => pairsOf(`${tiny}:Tiny`, undefined)).toThrow('Tiny of');
    expect(() => pairsOf(join(fixtures, 'none.model'), undefined)).toThrow('no such file');
  });
});

describe('the command', () => {
  it('finds nothing between a file and itself, and ends with 0', async () => {
    expect(await diff(tiny, tiny, '--exit-code')).toEqual({ out: expect.stringContaining('the same function') as string, code: 0 }); // prettier-ignore
  });

  it('ends with 1 on a difference when asked to', async () => {
    expect((await diff(tiny, 'TinyMQA')).code).toBe(0);
    expect((await diff(tiny, 'TinyMQA', '--exit-code')).code).toBe(1);
  });

  it('compares a variant with its base, and all of them in brief', async () => {
    const { out } = await diff(`${tiny}:TinyMQA`);
    expect(out).toContain('Tiny -> TinyMQA\n\nkeys that the text sets\n  attn.kv_heads  2 -> 1\n\nlayers');
    const all = (await diff(quickstart)).out;
    expect(all.match(/^Quickstart -> Quickstart\w+$/gm)).toHaveLength(5);
    expect(all).toContain('parameters 361.1K (-4.3 %)');
    expect(all).not.toContain('\u001b');
  });

  it('gives JSON with everything asked for', async () => {
    const { out } = await diff(tiny, 'TinyMQA', '--json', '--graph', '--kernels');
    const json = JSON.parse(out) as {
      overridden: unknown;
      graphs: { name: string; nodes: unknown; places: { path: string; op: string }[] }[];
      kernels: { plan: string; same: unknown[]; onlyA: { name: string }[]; onlyB: { name: string }[] }[];
    };
    expect(json.overridden).toEqual([{ path: 'attn.kv_heads', a: '2', b: '1' }]);
    expect(json.graphs.map(({ name }) => name)).toEqual(['forward', 'training step']);
    const places = json.graphs[0]?.places.map(({ path, op }) => `${path} ${op}`);
    expect(places).toEqual(expect.arrayContaining(['layers.*.attn.k contract', 'layers.*.attn attention']));
    expect(places?.filter((place) => /mlp|rms|embed/.test(place))).toEqual([]);
    expect(json.kernels.map(({ plan }) => plan)).toEqual(['training step', 'prefill', 'decode one token']);
    const [, , decode] = json.kernels;
    expect(decode?.same.length).toBeGreaterThan(4);
    expect(decode?.onlyA.map(({ name }) => name)).toContain('attention:layers.0.attn');
  });

  it('finds no op and no kernel that differs between a model and itself', async () => {
    const { out } = await diff(tiny, tiny, '--json', '--graph', '--kernels', '--device', 'cpu');
    const json = JSON.parse(out) as { graphs: { places: [] }[]; kernels: { onlyA: []; onlyB: [] }[] };
    expect(json.graphs.map(({ places }) => places)).toEqual([[], []]);
    expect(json.kernels.map(({ onlyA, onlyB }) => [onlyA, onlyB])).toEqual([[[], []], [[], []], [[], []]]); // prettier-ignore
  });

  it('trains one pair only', async () => {
    await expect(diff(quickstart, '--train', '2')).rejects.toThrow('name one of QuickstartMQA');
    const bare = join(folder, 'bare.model');
    writeFileSync(bare, readFileSync(tiny, 'utf8').replace(/^train \{[^]*?^\}/m, ''));
    await expect(diff(bare, 'TinyMQA', '--train', '2')).rejects.toThrow('has a train block; add one');
  });
});

describe('models of towers', () => {
  const clip = `model Clip {
  tower text { vocab = 512; context = 16; d_model = 64; n_layers = 4; attn { heads = 8; mask = causal }; pool = token(eos) }
  tower image { patches = conv(32, of = 224); d_model = 64; n_layers = 4; attn { heads = 8 }; pool = mean }
  project { dim = 64 }
}
variant Small from Clip { text.n_layers = 2; image.attn.heads = 4 }
`;

  it('are compared tower by tower', async () => {
    const path = join(folder, 'clip.model');
    writeFileSync(path, clip);
    const { out } = await diff(`${path}:Small`, '--graph');
    expect(out).toContain('keys that the text sets\n  text.n_layers     4 -> 2\n  image.attn.heads  8 -> 4\n\n');
    expect(out).toContain('text.stack           [main * 4] -> [main * 2]  (from text.n_layers)');
    expect(out).toContain('\n  text, layers 2..3 (only in the first)\n');
    expect(out).toContain('\n  image, layers 0..3\n    - attn: ');
    expect(out).toContain('removed   text.layers.2..3.attn.q.weight');
    expect(out).toContain('Clip cannot be compiled: models of towers are not built yet');
    expect((await diff(path, 'Clip', '--exit-code')).code).toBe(0);
    await expect(diff(`${path}:Small`, '--train', '2')).rejects.toThrow(
      'a model of towers, which cannot be trained yet',
    );
  });
});

describe('models that cannot be trained yet', () => {
  const specs = join(import.meta.dirname, '..', '..', '..', 'specs');

  it.each([
    ['examples/delta.model', 'DeltaNet', 'ssm'],
    ['examples/atlas.model', 'AtlasDiffusion', 'attn.mask'],
    ['families/deepseek_v3.model', 'V3MiniSoftmax', 'moe.router'],
  ])('%s: %s with its base', async (file, variant, key) => {
    const { out, code } = await diff(`${join(specs, file)}:${variant}`, '--graph', '--kernels', '--device', 'cpu');
    expect(code).toBe(0);
    expect(out).toContain(key);
    expect(out).toContain('parameters');
  });

  it('says what of a run is not built when training is asked for', async () => {
    await expect(diff(`${join(specs, 'examples/delta.model')}:DeltaNet`, '--train', '2')).rejects.toThrow(/not built yet/); // prettier-ignore
  });
});

describe('revisions', () => {
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    const { status, stderr } = spawnSync('git', [...identity, ...args], {
      cwd: join(folder, 'repo'),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  };
  let path = '';
  beforeAll(() => {
    mkdirSync(join(folder, 'repo', 'sub'), { recursive: true });
    path = join(folder, 'repo', 'sub', 'tiny.model');
    copyFileSync(tiny, path);
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'one');
    git('tag', 'v1');
    writeFileSync(path, readFileSync(tiny, 'utf8').replace('width = 96', 'width = 128'));
    git('commit', '-qam', 'two');
  });

  it('compares a revision with the file as it is, and with another one', async () => {
    const now = await diff(`${path}@v1`, '--json');
    const both = await diff(`${path}@v1`, '@HEAD', '--json');
    const changes = [now, both].map(({ out }) => {
      const list = JSON.parse(out) as { b: string; overridden: { path: string }[] }[];
      return list.map(({ b, overridden }) => [b, overridden.map((each) => each.path)]);
    });
    expect(changes[0]).toEqual([['Tiny', ['mlp.width']], ['TinyMQA', ['mlp.width']]]); // prettier-ignore
    expect(changes[1]).toEqual(changes[0]);
    expect((await diff(`${path}@v1:TinyMQA`, `${path}:Tiny`)).out).toContain('attn.kv_heads  1 -> 2');
    expect((await diff(`${path}@v1:Tiny`)).out).toContain('v1:Tiny -> ');
    expect((await diff(`${path}@HEAD`, path)).out).toContain('the same function');
  });

  it('says in a sentence what is not there', () => {
    expect(() => pairsOf(`${path}@v9`, undefined)).toThrow(`cannot read ${path}@v9: git knows no revision v9`);
    expect(() => pairsOf(`${path}@--all`, undefined)).toThrow('git knows no revision --all');
    const young = join(folder, 'repo', 'young.model');
    copyFileSync(tiny, young);
    expect(() => pairsOf(`${young}@HEAD`, undefined)).toThrow('the file is not in that revision');
    expect(() => pairsOf(join(folder, 'none', 'a.model@HEAD'), undefined)).toThrow('there is no folder');
    expect(() => pairsOf(join(tmpdir(), 'a.model@HEAD'), undefined)).toThrow('is in no git repository');
    vi.stubEnv('PATH', '/nowhere');
    expect(() => pairsOf(`${path}@HEAD`, undefined)).toThrow('git is not installed, so revisions cannot be read');
    vi.unstubAllEnvs();
  });
});

describe('training both', () => {
  const [pair] = pairsOf(`${tiny}:TinyMQA`, undefined);
  if (pair === undefined) throw new Error('no pair');

  async function train(steps: number, stopAfter: number): Promise<BothCurves> {
    const { a, b, models, dataFolder } = sharedTraining(pair ?? never(), { steps });
    const corpus = await readCorpus(a.data, dataFolder, a.validation.fraction);
    const device = await openDevice({ device: 'cpu', threads: 1 });
    let done = 0;
    try {
      return await trainBoth({
        device,
        a: { name: 'Tiny', model: models.a, train: a },
        b: { name: 'TinyMQA', model: models.b, train: b },
        corpus,
        report: () => {},
        onProgress: ({ step }) => (done = step),
        shouldStop: () => done >= stopAfter,
      });
    } finally {
      device.close();
    }
  }

  function never(): never {
    throw new Error('no pair');
  }

  it('gives the same curves again, of the same batches, and stops both when asked', async () => {
    const whole = await train(8, 8);
    expect([whole.a.loss.length, whole.b.loss.length, whole.interrupted]).toEqual([8, 8, false]);
    expect(whole.a.validation.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const stopped = await train(8, 3);
    expect([stopped.a.loss, stopped.b.loss]).toEqual([whole.a.loss.slice(0, 3), whole.b.loss.slice(0, 3)]);
    expect([stopped.a.steps, stopped.b.steps, stopped.steps, stopped.interrupted]).toEqual([3, 3, 8, true]);
    expect(stopped.b.validation.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    expect(whole.a.loss[7]).not.toBe(whole.b.loss[7]);
  });

  it('shares seed, steps and batches, and keeps the smaller context', () => {
    const { a, b } = sharedTraining(pair, { steps: 5, seed: 3, batch: 8, data: ['x.txt'] });
    for (const { steps, seed, batch, data, seq } of [a, b]) expect([steps, seed, batch, data, seq]).toEqual([5, 3, 8, ['x.txt'], 32]); // prettier-ignore
  });

  it('draws the curves in text and in the page', async () => {
    const data = join(fixtures, 'text', '*.txt');
    const html = join(folder, 'page.html');
    const { out } = await diff(tiny, 'TinyMQA', '--train', '6', '--data', data, '--device', 'cpu', '--html', html);
    expect(out).toMatch(/\n {2}● Tiny {5}loss \d\.\d{3} {2}held out \d\.\d{3} -> \d\.\d{3} {2}tokens\/s [\d,]+\n/);
    expect(out).toMatch(/at step 6 on held-out data \w+ (is better by|are equal)/);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('<polyline class="first"');
    expect(page).toContain('<polyline class="second"');
  });
});

describe('the page', () => {
  it('holds everything, needs no network, and escapes', async () => {
    const pairs = pairsOf(quickstart, undefined);
    const comparisons = await Promise.all(pairs.map((pair) => compare(pair, { graph: true })));
    const html = comparisonHtml(comparisons);
    expect(html.match(/<header/g)).toHaveLength(5);
    expect(html).toContain('<code>attn.kv_heads</code>');
    expect(html).toContain('mask key &lt;= query');
    expect(html).not.toMatch(/https?:|src=|@import|undefined|NaN/);
    const opened = html.match(/<(div|span|table|section|details|li|ul)\b/g) ?? [];
    const closed = html.match(/<\/(div|span|table|section|details|li|ul)>/g) ?? [];
    expect(closed.length).toBe(opened.length);
  });
});
