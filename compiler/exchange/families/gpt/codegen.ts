// Takes: configs of CodeGen: GPT-J as a function. Gives: their statements; and the config of a model.
// Promises: queries, values and keys lie in quarters of one matrix, for four devices.
import type { Family } from '../../family.ts';
import { gptSpellings } from './gpt-keys.ts';
import { gptjDefaults, gptjJson, gptjStatements } from './gptj.ts';

export const codegen: Family = {
  modelType: 'codegen',
  architecture: 'CodeGenForCausalLM',
  spellings: gptSpellings,
  defaults: gptjDefaults,
  harmless: ['n_ctx'], // what n_positions says too
  dropped: [/\.attn\.((masked_)?bias|causal_mask|embed_positions)$/],
  read: (config) => [...gptjStatements(config), 'weights hf = std.hf.codegen'],
  write: gptjJson,
};
