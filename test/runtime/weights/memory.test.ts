// Takes: random llamas in shards, larger than the memory that is allowed. Gives: import and export as processes of their own.
// Promises: resident memory stays below the bound and the bytes are the same; MODELC_LARGE=1 runs the one of 1.1 billion
// parameters too, which takes 7 GB of disk and half a minute.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile } from '../../../runtime/data/safetensors-file.ts';
import { bundleProgram } from '../bundle-program.ts';
import { type LlamaSizes, tinyLlama, writeRandomLlama } from './random-llama.ts';

let folder = '';
let program = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-memory-'));
  program = await bundleProgram('memory');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(program);
});

/** Of Linux its own page: `maxRSS` there begins with that of the process which made this one. */
const tellMemory = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    let most = process.resourceUsage().maxRSS;
    try { most = Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]); } catch {}
    process.stderr.write('maxRSS=' + most);
  });
`)}`;

/** The most memory it held, in MiB. */
function memoryOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['--import', tellMemory, program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] }); // prettier-ignore
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      const kibibytes = /maxRSS=(\d+)/.exec(err)?.[1];
      if (code === 0 && kibibytes !== undefined) resolve(Number(kibibytes) / 1024);
      else reject(new Error(err));
    });
  });
}

/** Of every tensor of a folder. */
async function hashes(path: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const name of readdirSync(path).filter((each) => each.endsWith('.safetensors'))) {
    const file = await SafetensorsFile.open(join(path, name));
    for (const [tensor, { dtype, shape }] of file.header.entries) {
      const hash = createHash('sha1');
      for await (const piece of file.pieces(tensor)) hash.update(piece);
      all[tensor] = `${dtype} [${shape.join(', ')}] ${hash.digest('hex')}`;
    }
    await file.close();
  }
  return all;
}

const larger: LlamaSizes = { ...tinyLlama, layers: 4, vocab: 8000, shards: 3 };

const cases: readonly { name: string; sizes: LlamaSizes; shards: number; shardSize: string; tensors: number; most: number }[] = [
  // 403 MiB of weights: more than the bound.
  { name: 'of 211 million parameters in 3 shards', sizes: larger, shards: 3, shardSize: '160MB', tensors: 39, most: 350 },
  ...(process.env['MODELC_LARGE'] === '1'
    ? [{ name: 'of 1.1 billion parameters in 4 shards', sizes: tinyLlama, shards: 4, shardSize: '600MB', tensors: 201, most: 2048 }]
    : []),
]; // prettier-ignore

describe('a checkpoint larger than memory', () => {
  it.each(cases)('$name: imports and exports in $most MiB', { timeout: 180_000 }, async (each) => {
    const [hub, imported, exported] = ['hub', 'imported', 'exported'].map((part) => join(folder, `${each.sizes.layers}-${part}`)) as [string, string, string]; // prettier-ignore
    await writeRandomLlama(hub, each.sizes);
    expect(await memoryOf(['import', hub, '--out', imported])).toBeLessThan(each.most);
    expect(await memoryOf(['export', imported, '--to', 'hf', '--out', exported, '--max-shard-size', each.shardSize])).toBeLessThan(each.most); // prettier-ignore
    const [before, after] = [await hashes(hub), await hashes(exported)];
    expect(Object.keys(before)).toHaveLength(each.tensors);
    expect(after).toEqual(before);
    expect(readdirSync(exported).filter((name) => name.includes('-of-')).length).toBe(each.shards);
    for (const path of [hub, imported, exported]) rmSync(path, { recursive: true });
  });

  it('leaves nothing behind on Ctrl-C', async () => {
    const hub = join(folder, 'interrupted');
    await writeRandomLlama(hub, larger);
    const before = readdirSync(folder);
    const child = spawn(process.execPath, [program, 'import', hub, '--out', join(folder, 'never')], { stdio: ['ignore', 'ignore', 'pipe'] }); // prettier-ignore
    let err = '';
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const begun = async (): Promise<void> => {
      while (readdirSync(folder).length === before.length) await setTimeout(5);
    };
    await Promise.race([begun(), ended]);
    child.kill('SIGINT');
    expect([await ended, err.trim().split('\n').at(-1)]).toEqual([1, 'stopped; nothing was written']);
    expect(readdirSync(folder)).toEqual(before);
  });
});
