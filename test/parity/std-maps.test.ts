// Takes: ../shared/parity, references and std.hf. Gives: proof that a map of std names every tensor of a family's
// checkpoint, once.
// Promises: names and shapes on disk are those of the file's header; the shared ones are skipped where they are not.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../compiler/2-check/model.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import { modelOf, modelsOf } from '../compiler/2-check/prelude.ts';
import { hasFixture } from './fixtures.ts';

const shared = resolve(import.meta.dirname, '../../../shared/parity');

const references = join(import.meta.dirname, 'references');

/** What the header of a family's checkpoint says: `name [shape]`, sorted. */
async function tensorsOnDisk(folder: string, family: string): Promise<string[]> {
  const { tensors } = await readSafetensors(join(folder, family, 'before.safetensors'));
  return [...tensors].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).sort();
}

/** What a map says, likewise. */
function tensorsOf(model: Model | undefined): string[] {
  const entries = model?.weights[0]?.entries ?? [];
  return entries.flatMap(({ tensors, shape }) => [...new Set(tensors)].map((name) => `${name} [${shape.join(', ')}]`)).sort(); // prettier-ignore
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
    ['bloom', 'bloom_lm'],
    ['cohere2', 'llama'],
    ['ernie4_5', 'llama'],
    ['falcon', 'falcon'],
    ['glm', 'glm'],
    ['glm4', 'glm4'],
    ['gpt_bigcode', 'gpt_bigcode'],
    ['hunyuan', 'hunyuan'],
    ['llama_linear', 'llama'],
    ['llama_yarn', 'llama'],
    ['mpt', 'mpt'],
    ['nemotron', 'llama'],
    ['olmo', 'llama'],
    ['olmo3', 'olmo2'],
    ['phi', 'phi'],
    ['apertus', 'apertus'],
    ['bitnet', 'bitnet'],
    ['diffllama', 'diffllama'],
    ['modernbert_decoder', 'modernbert_decoder'],
    ['opt', 'opt_lm'],
    ['stablelm', 'stablelm'],
    ['mixtral', 'mixtral'],
    ['qwen3_moe', 'qwen3_moe'],
    ['deepseek_v2', 'deepseek_v3'],
    ['deepseek_v3', 'deepseek_v3'],
  ])('%s has the tensors of std.hf.%s', async (family, map) => {
    const text = textOf(family);
    const [name = ''] = /^model (\w+)/m.exec(text)?.slice(1) ?? [];
    const model = modelsOf(`${text}\nvariant Mapped from ${name} { weights hf = std.hf.${map} }`).get('Mapped');
    expect(tensorsOf(model).length).toBeGreaterThan(0);
    if (hasFixture(family)) expect([...new Set(tensorsOf(model))]).toEqual(await tensorsOnDisk(shared, family));
  });
});

const gqa = 'mixer attn = gqa { heads = 4; kv_heads = 2 }; ffn mlp = glu { width = 56 }';
const biased = 'bias = [q, k, v, o]';
const layered = 'norm ln = layer {}; block = pre_norm(attn, mlp, norm = ln); head lm { norm = ln }';

describe('std.hf of the references', () => {
  it.each([
    ['arcee', 'llama', 'mixer attn = gqa { heads = 4; kv_heads = 2 }; ffn mlp = mlp { width = 56 }'],
    ['codegen', 'codegen', 'norm ln = layer {}; mixer attn = gqa { heads = 4 }; ffn mlp = mlp { bias = all }; block main { y = x + attn(ln.mix(x)) + mlp(ln.mix(x)) }; head lm { norm = ln; bias = true }'],
    ['exaone4', 'olmo2', `${gqa}; attn.qk_norm = rms(per = head); n_layers = 4; block = reordered(attn, mlp)`],
    ['gpt2', 'gpt2_lm', `${layered}; embed token { tie = head; pos = learned(64) }; mixer attn = gqa { heads = 4; ${biased} }; ffn mlp = mlp { bias = all }`],
    ['helium', 'llama', gqa],
    ['llama', 'llama', gqa],
    ['persimmon', 'persimmon', `${layered}; mixer attn = gqa { heads = 4; ${biased}; qk_norm = layer(per = head, bias = true) }; ffn mlp = mlp { width = 56; bias = all }`],
    ['seed_oss', 'llama', `${gqa}; attn.head_dim = 12; attn.bias = [q, k, v]`],
    ['starcoder2', 'starcoder2', `${layered}; embed token { tie = head }; mixer attn = gqa { heads = 4; kv_heads = 2; ${biased} }; ffn mlp = mlp { width = 56; bias = all }`],
    ['xglm', 'xglm', `${layered}; embed token { tie = head; pos = sinusoidal }; mixer attn = gqa { heads = 4; ${biased} }; ffn mlp = mlp { width = 56; bias = all }`],
  ])('%s has the tensors of std.hf.%s', async (family, map, items) => {
    const sizes = items.includes('n_layers') ? '' : 'n_layers = 2';
    const model = modelOf(`model M { vocab = 64; context = 64; d_model = 32; ${sizes}; ${items}; weights hf = std.hf.${map} }`);
    expect([...new Set(tensorsOf(model))]).toEqual(await tensorsOnDisk(references, family));
  }); // prettier-ignore
});
