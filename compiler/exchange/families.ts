// Takes: nothing. Gives: the families of checkpoints that can be read and written, by `model_type`.
// Promises: on export the first that says a model is taken, so the plainest stand first.
import type { Family } from './family.ts';
import { llama } from './families/llama/llama.ts';

export const families: readonly Family[] = [llama];
