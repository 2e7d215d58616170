// Takes: reference folders of every family that is there. Gives: import, then export.
// Promises: every tensor comes out as it went in, byte for byte, and so does config.json.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportModel, type ExportFlags } from '../../../runtime/commands/exchange/export.ts';
import { importCheckpoint } from '../../../runtime/commands/exchange/import.ts';
import { ownReferences, references } from '../parity/folders.ts';
import { asHub, asShards, json, tensorsIn } from './checkpoints.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'modelc-trip-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const plain: Omit<ExportFlags, 'out'> = { to: 'hf', maxShardSize: 5e9, dtype: 'keep' };

async function roundTrip(
  hub: string,
  flags: Partial<ExportFlags> = {},
): Promise<{ out: string; left: readonly string[] }> {
  const [imported, out] = [`${hub}-imported`, `${hub}-exported`];
  const { left_out: left } = await importCheckpoint(hub, { out: imported });
  await exportModel(imported, { ...plain, out, ...flags });
  return { out, left };
}

async function expectSame(hub: string, out: string, left: readonly string[]): Promise<void> {
  const [before, after] = [await tensorsIn(hub), await tensorsIn(out)];
  for (const name of left) before.delete(name);
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  for (const [name, { dtype, shape, bytes }] of before) {
    const made = after.get(name);
    expect([made?.dtype, made?.shape, made?.bytes.equals(bytes)], name).toEqual([dtype, shape, true]);
  }
  expect(readFileSync(join(out, 'config.json'), 'utf8')).toBe(readFileSync(join(hub, 'config.json'), 'utf8'));
}

describe('import, then export', () => {
  it.each(references)('changes no byte of $name', async ({ name, path }) => {
    const hub = asHub(path, join(folder, name));
    const { out, left } = await roundTrip(hub);
    await expectSame(hub, out, left);
  });

  it.each(ownReferences)('changes no byte of $name in two shards of bf16', async ({ name, path }) => {
    const hub = await asShards(path, join(folder, `${name}-bf16`), 'BF16');
    const { out, left } = await roundTrip(hub, { maxShardSize: 20_000 });
    await expectSame(hub, out, left);
    const { metadata, weight_map: places } = json(out, 'model.safetensors.index.json') as { metadata: { total_size: number }; weight_map: Record<string, string> }; // prettier-ignore
    const after = await tensorsIn(out);
    expect(Object.keys(places).sort()).toEqual([...after.keys()].sort());
    expect(metadata.total_size).toBe([...after.values()].reduce((sum, { bytes }) => sum + bytes.length, 0));
  });
});
