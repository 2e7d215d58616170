// Takes: a config of Mistral: Llama with a window in every layer, or in none.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import { ConfigError } from '../../config-error.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { usualJson } from '../common/json.ts';
import { gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts';
import { slidingLayers, windowMask, windowOf } from '../common/windows.ts';

export const mistral: Family = {
  modelType: 'mistral',
  architecture: 'MistralForCausalLM',
  defaults: {
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: null,
    hidden_act: 'silu',
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    sliding_window: 4096,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', { ...headKeys(config), mask: maskOf(config), rope: ropeKeys(config) }),
    gatedFfn(config),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.llama',
  ],
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    sliding_window: facts.attention('mask', ({ mask }) => windowOf(mask)),
  }),
};

/** The window is of all layers; `layer_types` may repeat that. */
function maskOf(config: Config): string | undefined {
  const window = config.countOrNull('sliding_window');
  const same = slidingLayers(config, () => window !== null).every((slides) => slides === (window !== null));
  if (!same) throw new ConfigError('layer_types differs from sliding_window, which model_type mistral has in all layers; model_type ministral has layers of two kinds'); // prettier-ignore
  return windowMask(config, window);
}
