// Takes: ../shared/parity and std.hf. Gives: proof that a map of std names every tensor of a family's checkpoint, once.
// Promises: names and shapes on disk are those of the file's header; skipped where the fixtures are not.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import { modelsOf } from '../compiler/2-check/prelude.ts';
import { hasFixture } from './fixtures.ts';

const shared = resolve(import.meta.dirname, '../../../shared/parity');

/** What the header of a family's checkpoint says. */
async function readShapes(family: string): Promise<ReadonlyMap<string, string>> {
  const { tensors } = await readSafetensors(join(shared, family, 'before.safetensors'));
  return new Map([...tensors].map(([name, { shape }]) => [name, shape.join(', ')]));
}

function textOf(family: string): string {
  const [path = ''] = ['models', 'counted'].map((folder) => join(import.meta.dirname, folder, `${family}.model`)).filter(existsSync); // prettier-ignore
  return readFileSync(path, 'utf8');
}

describe('std.hf', () => {
  it.each([
    ['llama', 'llama'],
    ['llama3', 'llama'],
    ['mistral', 'llama'],
    ['qwen2', 'llama'],
    ['qwen3', 'llama'],
    ['smollm3', 'llama'],
    ['granite', 'llama'],
    ['cohere', 'llama'],
    ['gemma', 'llama'],
    ['gemma2', 'gemma2'],
    ['gemma3', 'gemma2'],
    ['olmo2', 'olmo2'],
    ['phi3', 'phi3'],
    ['gpt2', 'gpt2_lm'],
    ['gptj', 'gptj'],
    ['gpt_neox', 'neox'],
    ['mixtral', 'mixtral'],
    ['qwen3_moe', 'qwen3_moe'],
    ['deepseek_v2', 'deepseek_v3'],
    ['deepseek_v3', 'deepseek_v3'],
  ])('%s has the tensors of std.hf.%s', async (family, map) => {
    const text = textOf(family);
    const [name = ''] = /^model (\w+)/m.exec(text)?.slice(1) ?? [];
    const model = modelsOf(`${text}\nvariant Mapped from ${name} { weights hf = std.hf.${map} }`).get('Mapped');
    const entries = model?.weights[0]?.entries ?? [];
    expect(entries.length).toBeGreaterThan(0);
    if (!hasFixture(family)) return;
    const named = new Map(entries.flatMap(({ tensors, shape }) => tensors.map((tensor) => [tensor, shape.join(', ')])));
    const onDisk = await readShapes(family);
    const sorted = (shapes: ReadonlyMap<string, string>): string[] => [...shapes].map(([tensor, shape]) => `${tensor} [${shape}]`).sort(); // prettier-ignore
    expect(sorted(named)).toEqual(sorted(onDisk));
  });
});
