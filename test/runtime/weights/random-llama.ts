// Takes: the sizes of a llama. Gives: a folder of the hub with such a checkpoint, bf16 in shards.
// Promises: written in pieces, never in memory as a whole; the same bytes each time; config.json as TinyLlama's.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfTensor, type TensorForm, writingSafetensors } from '../../../runtime/data/safetensors-writer.ts';

export interface LlamaSizes {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly shards: number;
}

export const tinyLlama: LlamaSizes = { hidden: 2048, layers: 22, heads: 32, keyHeads: 4, intermediate: 5632, vocab: 32_000, shards: 4 }; // prettier-ignore

export async function writeRandomLlama(folder: string, sizes: LlamaSizes): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(sizes), null, 2));
  const tensors = [...tensorsOf(sizes)];
  const all = tensors.reduce((sum, [, form]) => sum + bytesOfTensor(form), 0);
  const shards = Array.from({ length: sizes.shards }, () => new Map<string, TensorForm>());
  let bytes = 0;
  for (const [name, form] of tensors) {
    shards[Math.floor((bytes * sizes.shards) / all)]?.set(name, form);
    bytes += bytesOfTensor(form);
  }
  const fileOf = (i: number): string => `model-0000${i + 1}-of-0000${sizes.shards}.safetensors`;
  const noise = new Noise();
  for (const [i, forms] of shards.entries()) {
    await writingSafetensors(join(folder, fileOf(i)), forms, { format: 'pt' }, async (writer) => {
      for (const form of forms.values())
        for (const piece of noise.pieces(bytesOfTensor(form))) await writer.write(piece);
    });
  }
  const places = shards.flatMap((forms, i) => [...forms.keys()].map((name) => [name, fileOf(i)]));
  const index = { metadata: { total_size: all }, weight_map: Object.fromEntries(places) as unknown };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
}

function configOf({ hidden, layers, heads, keyHeads, intermediate, vocab }: LlamaSizes): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    vocab_size: vocab,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: false,
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'bfloat16',
  };
}

function* tensorsOf({
  hidden,
  layers,
  heads,
  keyHeads,
  intermediate,
  vocab,
}: LlamaSizes): Iterable<[string, TensorForm]> {
  const form = (...shape: number[]): TensorForm => ({ dtype: 'BF16', shape });
  const keys = (hidden / heads) * keyHeads;
  yield ['model.embed_tokens.weight', form(vocab, hidden)];
  for (let i = 0; i < layers; i++) {
    const at = `model.layers.${i}`;
    yield [`${at}.input_layernorm.weight`, form(hidden)];
    yield [`${at}.self_attn.q_proj.weight`, form(hidden, hidden)];
    yield [`${at}.self_attn.k_proj.weight`, form(keys, hidden)];
    yield [`${at}.self_attn.v_proj.weight`, form(keys, hidden)];
    yield [`${at}.self_attn.o_proj.weight`, form(hidden, hidden)];
    yield [`${at}.post_attention_layernorm.weight`, form(hidden)];
    yield [`${at}.mlp.gate_proj.weight`, form(intermediate, hidden)];
    yield [`${at}.mlp.up_proj.weight`, form(intermediate, hidden)];
    yield [`${at}.mlp.down_proj.weight`, form(hidden, intermediate)];
  }
  yield ['model.norm.weight', form(hidden)];
  yield ['lm_head.weight', form(vocab, hidden)];
}

/** Bytes of one random block from ever another place on, so that no two tensors are alike. */
class Noise {
  static readonly #length = 2 ** 22;
  readonly #block = new Uint32Array(Noise.#length / 4);
  #start = 0;

  constructor() {
    let state = 0x9e37_79b9;
    for (let i = 0; i < this.#block.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      // Below 2 in magnitude: bf16 with the upper bits of the exponent as in small weights.
      this.#block[i] = state & 0xbfff_bfff;
    }
  }

  *pieces(count: number): Iterable<Uint8Array> {
    for (let left = count; left > 0;) {
      this.#start = (this.#start + 2 * 40_503) % Noise.#length;
      const piece = new Uint8Array(this.#block.buffer, this.#start, Math.min(left, Noise.#length - this.#start));
      yield piece;
      left -= piece.length;
    }
  }
}
