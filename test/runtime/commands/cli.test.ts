// The command line as a person meets it: exit codes, sentences, JSON, Ctrl-C.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../runtime/data/safetensors.ts';
import { bundleProgram } from '../bundle-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const fixtures = join(root, 'test', 'fixtures');
const tiny = join(fixtures, 'tiny.model');

let folder = '';
let program = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-cli-'));
  program = await bundleProgram('cli');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(program);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs modelc in `folder`; `interrupt`: presses Ctrl-C once this text has appeared on stderr. */
function modelc(
  args: readonly string[],
  options: { env?: Record<string, string>; interrupt?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...process.env, MODELC_THREADS: '1', ...options.env },
  });
  let [out, err, pressed] = ['', '', false];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
    if (options.interrupt === undefined || pressed || !err.includes(options.interrupt)) return;
    pressed = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

describe('modelc', () => {
  it('helps: every command has its own page with examples', async () => {
    const { code, out } = await modelc(['--help']);
    const commands = ['check', 'fmt', 'explain', 'diff', 'compile', 'train', 'generate', 'import', 'export', 'parity', 'bench', 'doctor', 'quickstart']; // prettier-ignore
    expect([code, commands.filter((name) => !out.includes(`\n  ${name} `))]).toEqual([0, []]);
    const pages = await Promise.all(commands.map((name) => modelc([name, '--help'])));
    expect(pages.map((page) => [page.code, page.out.includes('Examples:')])).toEqual(commands.map(() => [0, true]));
  });

  it.each([
    ['a command that is not there', ['chekc'], /unknown command 'chekc'[^]*check/],
    ['an option that is not there', ['train', '--speed', '3'], /unknown option '--speed'/],
    ['a file that is not there', ['explain', 'none.model'], /cannot read none\.model: no such file/],
    ['a model that is not there', ['explain', tiny, '--model', 'Huge'], /has no model Huge; it has Tiny, TinyMQA/],
    ['a run that is not there', ['generate', 'nothing'], /there is no run or folder nothing/],
    ['data that is not there', ['train', tiny, '--data', 'none.txt'], /cannot read the data file .*none\.txt/],
    ['no GPU', ['train', tiny, '--device', 'gpu'], /no hardware WebGPU adapter[^]*--device cpu/],
  ])('ends with 1 and one sentence for %s', async (_, args, message) => {
    const env = args.includes('gpu') ? { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' } : {}; // prettier-ignore
    const { code, err } = await modelc(args, { env });
    expect(err).toMatch(message);
    expect(err).not.toContain('modelc has a bug');
    expect(code).toBe(1);
  });

  it('checks: place, source line, caret, suggestion; several at once; as JSON too', async () => {
    const text =
      'model M {\n  vocab = 256; context = 32; d_model = 64; n_layers = 2\n  mixer attn = gqa { hedas = 4; heads = "four" }\n  ffn mlp = glu { }\n  block = pre_norm(attn, mlp)\n}\n';
    const path = file('faults.model', text);
    const { code, out } = await modelc(['check', path]);
    expect(code).toBe(1);
    expect(out).toContain('faults.model:3:22 error unknown-key (E1): `hedas` is not a key of gqa');
    expect(out).toContain('fix: did you mean `heads`?');
    expect(out).toMatch(/\n *3 \| {3}mixer attn = gqa \{ hedas = 4/);
    expect(out).toContain('error wrong-type');
    const json = JSON.parse((await modelc(['check', '--json', path])).out) as { diagnostics: { code: string }[] }[];
    expect(json[0]?.diagnostics.map((each) => each.code)).toEqual(
      expect.arrayContaining(['unknown-key', 'wrong-type']),
    );
  });

  it('formats once and for all', async () => {
    const path = file('loose.model', '# a comment\nmodel   M{vocab=256\n context=32 }\n');
    expect((await modelc(['fmt', '--check', path])).code).toBe(1);
    await modelc(['fmt', path]);
    const text = readFileSync(join(folder, path), 'utf8');
    expect(text).toContain('# a comment\nmodel M {');
    expect((await modelc(['fmt', '--check', path])).code).toBe(0);
  });

  it('prints every stage', async () => {
    const stages = ['ast', 'model', 'graph', 'gradients', 'groups', 'kernels', 'plan'];
    const signs = [
      '"definition"',
      'kv_heads = 2',
      'contract over',
      'grad.layers.0',
      'attention',
      '@compute',
      '"steps"',
    ];
    const texts = await Promise.all(stages.map((stage) => modelc(['compile', tiny, '--emit', stage])));
    expect(texts.map(({ out }, i) => [stages[i], out.includes(signs[i] ?? '?')])).toEqual(stages.map((stage) => [stage, true])); // prettier-ignore
  });

  it('explains and compares, as text and as JSON', async () => {
    const { out } = await modelc(['explain', tiny]);
    expect(out).toMatch(/gqa 4\/2 heads of 8, causal/);
    expect(out).toMatch(/training step +\d+ dispatches \(\d+ without fusion\)/);
    const costs = JSON.parse((await modelc(['explain', tiny, '--json', '--no-plans'])).out) as { costs: { parameters: { total: number } } }; // prettier-ignore
    expect(costs.costs.parameters.total).toBeGreaterThan(20_000);
    expect((await modelc(['diff', tiny, tiny])).out).toContain('the same function');
    const diff = JSON.parse((await modelc(['diff', tiny, 'TinyMQA', '--json'])).out) as { changed: { path: string }[] };
    expect(diff.changed.map(({ path }) => path)).toEqual(['attn.kv_heads']);
  });
});

describe('training from the command line', () => {
  it('says what is wrong with the data', async () => {
    const empty = file('empty.txt', '');
    expect((await modelc(['train', tiny, '--data', empty])).err).toContain('the data is empty');
    const short = file('short.txt', 'only a few words');
    const { code, err } = await modelc(['train', tiny, '--data', short]);
    expect([code, err]).toEqual([1, expect.stringMatching(/the training data has \d+ tokens, a sequence needs 33/)]);
  });

  it('saves on Ctrl-C, resumes bit for bit, and generates', async () => {
    mkdirSync(join(folder, 'text'));
    copyFileSync(join(fixtures, 'text', 'river.txt'), join(folder, 'text', 'river.txt'));
    copyFileSync(tiny, join(folder, 'tiny.model'));
    const train = (out: string, ...more: string[]): string[] => [
      'train',
      'tiny.model',
      '--steps',
      '40',
      '--out',
      out,
      ...more,
    ];
    const whole = await modelc([...train('whole'), '--json']);
    expect(JSON.parse(whole.out)).toMatchObject({ steps: 40, interrupted: false });
    const stopped = await modelc(train('stopped'), { interrupt: 'step 2/40' });
    expect(stopped).toMatchObject({ code: 0, err: expect.stringContaining('go on with: modelc train --resume stopped') as string }); // prettier-ignore
    expect((await modelc(['train', '--resume', 'stopped'])).code).toBe(0);
    const read = (run: string) => readSafetensors(join(folder, run, 'checkpoint.safetensors'));
    const [first, second] = [await read('whole'), await read('stopped')];
    for (const [name, { data }] of first.tensors) expect(second.tensors.get(name)?.data, name).toEqual(data);
    const words = await modelc([
      'generate',
      'whole',
      '--prompt',
      'The river',
      '--max-tokens',
      '20',
      '--seed',
      '1',
      '--json',
    ]);
    expect(JSON.parse(words.out)).toMatchObject({ reason: 'length', prompt_tokens: 9 });
    expect((await modelc(train('whole'))).err).toContain('holds a run already; resume it with --resume whole');
  });
});
