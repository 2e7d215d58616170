// Takes: nothing. Gives: the families of checkpoints that can be read and written, by `model_type`.
// Promises: on export the first that says a model is taken, so the plainest stand first.
import type { Family } from './family.ts';
import { bloom } from './families/gpt/bloom.ts';
import { codegen } from './families/gpt/codegen.ts';
import { gpt2 } from './families/gpt/gpt2.ts';
import { gptBigcode } from './families/gpt/gpt-bigcode.ts';
import { gptj } from './families/gpt/gptj.ts';
import { mpt } from './families/gpt/mpt.ts';
import { opt } from './families/gpt/opt.ts';
import { xglm } from './families/gpt/xglm.ts';
import { ernie45 } from './families/llama/ernie4-5.ts';
import { glm } from './families/llama/glm.ts';
import { granite } from './families/llama/granite.ts';
import { helium } from './families/llama/helium.ts';
import { hunyuan } from './families/llama/hunyuan.ts';
import { mistral } from './families/llama/mistral.ts';
import { phi3 } from './families/llama/phi3.ts';
import { qwen2 } from './families/llama/qwen2.ts';
import { qwen3 } from './families/llama/qwen3.ts';
import { seedOss } from './families/llama/seed-oss.ts';
import { smollm3 } from './families/llama/smollm3.ts';
import { llama } from './families/llama/llama.ts';
import { cohere } from './families/parallel/cohere.ts';
import { cohere2 } from './families/parallel/cohere2.ts';
import { falcon } from './families/parallel/falcon.ts';
import { gptNeox } from './families/parallel/gpt-neox.ts';
import { persimmon } from './families/parallel/persimmon.ts';
import { phi } from './families/parallel/phi.ts';
import { stablelm } from './families/parallel/stablelm.ts';
import { starcoder2 } from './families/parallel/starcoder2.ts';
import { exaone4 } from './families/post-norm/exaone4.ts';
import { gemma2 } from './families/post-norm/gemma2.ts';
import { gemma3 } from './families/post-norm/gemma3.ts';
import { glm4 } from './families/post-norm/glm4.ts';
import { olmo2 } from './families/post-norm/olmo2.ts';
import { olmo3 } from './families/post-norm/olmo3.ts';
import { apertus } from './families/pre-norm/apertus.ts';
import { arcee } from './families/pre-norm/arcee.ts';
import { bitnet } from './families/pre-norm/bitnet.ts';
import { diffllama } from './families/pre-norm/diffllama.ts';
import { gemma } from './families/pre-norm/gemma.ts';
import { modernbertDecoder } from './families/pre-norm/modernbert-decoder.ts';
import { nemotron } from './families/pre-norm/nemotron.ts';
import { olmo } from './families/pre-norm/olmo.ts';

export const families: readonly Family[] = [
  llama, mistral, qwen2, qwen3, phi3, smollm3, granite, seedOss, helium, ernie45, hunyuan, glm,
  gpt2, gptBigcode, gptj, codegen, opt, xglm, bloom, mpt,
  arcee, nemotron, olmo, gemma, apertus, bitnet, diffllama, olmo2, olmo3, exaone4, glm4, gemma2, gemma3, cohere, cohere2, modernbertDecoder,
  gptNeox, falcon, starcoder2, phi, stablelm, persimmon,
]; // prettier-ignore
