// Takes: ../shared/parity and std.hf. Gives: proof that a map of std names every tensor of a family's checkpoint, once.
// Promises: families that are not imported yet; names and shapes on disk are those of the file's header.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../compiler/2-check/model.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import { modelsOf } from '../compiler/2-check/prelude.ts';

const shared = resolve(import.meta.dirname, '../../../shared/parity');

/** What the header of a family's checkpoint says: `name [shape]`, sorted. */
async function tensorsOnDisk(checkpoint: string): Promise<string[]> {
  const { tensors } = await readSafetensors(checkpoint);
  return [...tensors].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).sort();
}

/** What a map says, likewise. */
function tensorsOf(model: Model | undefined): string[] {
  const entries = model?.weights[0]?.entries ?? [];
  return entries.flatMap(({ tensors, shape }) => [...new Set(tensors)].map((name) => `${name} [${shape.join(', ')}]`)).sort(); // prettier-ignore
}

describe('std.hf', () => {
  it.each([
    ['mixtral', 'mixtral'],
    ['qwen3_moe', 'qwen3_moe'],
    ['deepseek_v2', 'deepseek_v3'],
    ['deepseek_v3', 'deepseek_v3'],
  ])('%s has the tensors of std.hf.%s', async (family, map) => {
    const text = readFileSync(join(import.meta.dirname, 'counted', `${family}.model`), 'utf8');
    const [name = ''] = /^model (\w+)/m.exec(text)?.slice(1) ?? [];
    const model = modelsOf(`${text}\nvariant Mapped from ${name} { weights hf = std.hf.${map} }`).get('Mapped');
    expect(tensorsOf(model).length).toBeGreaterThan(0);
    const checkpoint = join(shared, family, 'before.safetensors');
    if (existsSync(checkpoint)) expect([...new Set(tensorsOf(model))]).toEqual(await tensorsOnDisk(checkpoint));
  });
});
