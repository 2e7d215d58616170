// Benchmarks and profiles as a person asks for them.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchReport } from '../../../runtime/bench/result.ts';
import type { Summary } from '../../../runtime/profile/summarize.ts';
import type { Trace } from '../../../runtime/profile/trace.ts';
import { bundleProgram } from '../bundle-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const tiny = join(root, 'test', 'fixtures', 'tiny.model');

let folder = '';
let program = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-measuring-'));
  program = await bundleProgram('measuring');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(program);
});

async function modelc(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...process.env, MODELC_THREADS: '1' },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const small = ['--batch', '2', '--seq', '16', '--steps', '2', '--seconds', '0.02', '--matmul-size', '64x32x16', '--attention-size', '1x2x32x16']; // prettier-ignore

describe('modelc bench', () => {
  it('--json says all of it on the CPU', async () => {
    const { code, out, err } = await modelc('bench', '--device', 'cpu', '--model', tiny, ...small, '--json');
    expect([code, err.includes('modelc has a bug')]).toEqual([0, false]);
    const { device, ceilings, results, faults } = JSON.parse(out) as BenchReport;
    expect(device).toMatch(/^cpu: /);
    expect(faults).toEqual({});
    expect(ceilings.copy.bytesPerSecond).toBeGreaterThan(1e8);
    expect(ceilings.matmul.flopsPerSecond).toBeGreaterThan(1e8);
    expect(ceilings.simdFlopsPerSecond).toBeGreaterThan(ceilings.matmul.flopsPerSecond / 2);
    const { train, prefill, decode, matmul, attention } = results;
    expect(train).toMatchObject({ model: 'Tiny', batch: 2, seq: 16, accumulate: 1 });
    expect(train?.tokensPerSecond).toBeCloseTo((2 * 16 * 1000) / (train?.ms ?? 0), 6);
    expect(train?.steps.length).toBe(2);
    expect(prefill).toMatchObject({ model: 'Tiny', batch: 2, seq: 16, chunk: 16 });
    expect(decode).toMatchObject({ model: 'Tiny', batch: 2, context: 16 });
    // The weights alone, but for the rows of the table that are not read.
    expect(decode?.bytes).toBeGreaterThan(4 * ((decode?.parameters ?? Infinity) - 256 * 32));
    expect(matmul).toMatchObject({ type: 'f32', size: { m: 64, n: 32, k: 16 }, flops: 2 * 64 * 32 * 16 });
    const pairs = 2 * ((32 * 33) / 2);
    expect(attention?.forward.flops).toBe(2 * 2 * pairs * 16);
    expect(attention?.both.flops).toBe(7 * 2 * pairs * 16);
    expect(Object.keys(attention?.both.kernels ?? {}).filter((name) => name.startsWith('attention')).length).toBe(3);
    const timed = [train, prefill, decode, matmul, attention?.forward, attention?.both];
    for (const each of timed) expect([(each?.ms ?? 0) > 0, (each?.kernelMs ?? 0) > 0]).toEqual([true, true]);
    for (const each of [train, prefill, matmul, attention?.forward]) expect(each?.shareOfMatmul).toBeGreaterThan(0);
  });

  it('prints what is asked for alone, on a software adapter', async () => {
    const { code, out } = await modelc('bench', 'matmul', '--device', 'software', ...small);
    expect(code).toBe(0);
    expect(out).toMatch(/^device +adapter: .*\n\nceilings +copy +[\d.]+ .B\/s.*\n +product +[\d.]+ .FLOP\/s, f32/);
    expect(out).toMatch(/matmul +[\d.]+ .FLOP\/s, f32, 64 x 32 x 16, .*\n +[\d.]+ % of the ceiling/);
    expect(out).not.toMatch(/^(train|decode|attention)/m);
  });

  it('measures products of halves, also on the CPU', async () => {
    const { code, out } = await modelc('bench', 'matmul', '--type', 'f16', '--device', 'cpu', ...small);
    expect(code).toBe(0);
    expect(out).toMatch(/matmul +[\d.]+ .FLOP\/s, f16, 64 x 32 x 16, /);
  });

  it('ends with 1 and a sentence', async () => {
    const { code, err } = await modelc('bench', '--matmul-size', '64');
    expect(code).toBe(1);
    expect(err).toContain('give 3 whole numbers, as in 4096x4096x4096');
  });
});

describe('--profile', () => {
  const summariesOf = (path: string): readonly Summary[] =>
    (JSON.parse(readFileSync(join(folder, path, 'profile.json'), 'utf8')) as { summaries: Summary[] }).summaries;
  const trackOf = (path: string, tid: number): string[] =>
    (JSON.parse(readFileSync(join(folder, path, 'trace.json'), 'utf8')) as Trace).traceEvents.flatMap((event) =>
      event.ph === 'X' && event.tid === tid ? [event.name] : [],
    );

  it('of training and of a text, which stay what they are', async () => {
    const plain = await modelc('train', tiny, '--device', 'cpu', '--steps', '6', '--out', 'plain', '--json');
    const { code, out } = await modelc('train', tiny, '--device', 'cpu', '--steps', '6', '--out', 'run', '--profile=2', '--json'); // prettier-ignore
    expect([plain.code, code]).toEqual([0, 0]);
    const { loss, profile } = JSON.parse(out) as { loss: number; profile: Summary[] };
    expect(loss).toBe((JSON.parse(plain.out) as { loss: number }).loss);
    expect(profile.map(({ label, count }) => [label, count])).toEqual([['step', 2]]);
    expect(summariesOf('run')).toEqual(profile);
    expect(trackOf('run', 2).filter((name) => name.startsWith('step'))).toEqual(['step 4', 'step 5']);
    expect(trackOf('run', 1).length).toBe(2 * (profile[0]?.dispatches ?? 0));

    const text = ['generate', 'run', '--device', 'cpu', '--prompt', 'ab', '--max-tokens', '9', '--greedy'];
    const [silent, told] = [await modelc(...text), await modelc(...text, '--profile', 'told')];
    expect(told.code).toBe(0);
    expect(told.out.startsWith(silent.out.trimEnd())).toBe(true);
    expect(told.out).toMatch(/prefill: [^]*all kernels[^]*gap:[^]*decode: [^]*all kernels[^]*host: encode/);
    expect(summariesOf('told').map(({ label, count }) => [label, count])).toEqual([['prefill', 1], ['decode', 3]]); // prettier-ignore
  });
});
