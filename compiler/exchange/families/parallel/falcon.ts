// Falcon: one key head and one norm (7B), groups of key heads and a norm for each branch (40B) or one (11B), serial with
// linear biases (RW).
import { activation, activationName } from '../../activations.ts';
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack, type Keys } from '../../statements.ts';
import { layerNorm, mlp, unless } from '../gpt/parts.ts';
import { countOf } from '../gpt/spelling.ts';
import { wiring, wiringOf, type Wiring } from '../gpt/wirings.ts';

export const falcon: Family = {
  modelType: 'falcon',
  architecture: 'FalconForCausalLM',
  dropped: [/\.rotary_emb\.inv_freq$|\.rotary\.inv_freq$/],
  read(config) {
    const [dModel, layers] = [countOf(config, ['n_embed', 'hidden_size'], 4544), config.count('num_hidden_layers', 32)];
    const heads = config.count('num_attention_heads', 71);
    const hasBias = config.flag('bias', false);
    const wired = wiringOfConfig(config);
    config.only('apply_residual_connection_post_layernorm', false);
    return [
      sizes(config.count('vocab_size', 65024), config.count('max_position_embeddings', 2048), dModel, layers),
      layerNorm(config.number('layer_norm_epsilon', 1e-5)),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: unless(keyHeads(config, heads), heads),
        bias: hasBias ? 'all' : undefined,
        ...positions(config),
      }),
      mlp(activation(config, 'activation', 'gelu'), config.count('ffn_hidden_size', 4 * dModel), dModel, hasBias),
      wiring(wired),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      `weights hf = std.hf.${wired === 'parallel_norms' ? 'falcon_40b' : 'falcon'}`,
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...(facts.mixers.some(({ rope }) => rope !== null) ? facts.ropeJson() : {}),
    ...layoutJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    alibi: facts.attention('pos', (spec) => spec.alibi !== null),
    bias: facts.attention('bias', ({ q }) => q.bias),
    layer_norm_epsilon: facts.eps,
    activation: activationName(facts.ffn('act', ({ act }) => act)),
    ffn_hidden_size: facts.width,
  }),
};

/** Other settings than these crash in transformers. */
function wiringOfConfig(config: Config): Wiring {
  if (config.flag('new_decoder_architecture', false)) {
    config.only('parallel_attn', true);
    config.only('num_ln_in_parallel_attn', 1, 2);
    return config.count('num_ln_in_parallel_attn', 2) === 2 ? 'parallel_norms' : 'parallel';
  }
  const isParallel = config.flag('parallel_attn', true);
  if (isParallel) config.only('num_ln_in_parallel_attn', 1);
  else config.passOver('num_ln_in_parallel_attn');
  return isParallel ? 'parallel' : 'serial';
}

function keyHeads(config: Config, heads: number): number {
  const isMultiQuery = config.flag('multi_query', true);
  if (config.flag('new_decoder_architecture', false)) return config.count('num_kv_heads', heads);
  if (isMultiQuery) config.passOver('num_kv_heads');
  else config.only('num_kv_heads', heads);
  return isMultiQuery ? 1 : heads;
}

/** Linear biases take the place of the rotation; slopes, positions and bias are bfloat16, and scaled as scores are. */
function positions(config: Config): Keys {
  if (!config.flag('alibi', false)) return { rope: ropeKeys(config) };
  config.passOver('rope_theta', 'rope_scaling');
  config.group('rope_parameters')?.passOverAll();
  return { rope: 'none', pos: { '=': 'alibi', scaled: true, round: 'bf16' } };
}

/** What tells 7B, 40B and RW apart. */
function layoutJson(facts: ModelFacts): Readonly<Record<string, unknown>> {
  const wired = wiringOf(facts.model);
  const [heads, keys] = [facts.attention('heads', (spec) => spec.heads), facts.attention('kv_heads', ({ kvHeads }) => kvHeads)]; // prettier-ignore
  const isNew = wired === 'parallel_norms' || (keys !== 1 && keys !== heads);
  return {
    new_decoder_architecture: isNew,
    num_ln_in_parallel_attn: isNew ? (wired === 'parallel_norms' ? 2 : 1) : null,
    parallel_attn: wired !== 'serial',
    multi_query: keys === 1,
    num_kv_heads: keys,
  };
}
