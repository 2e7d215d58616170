// Takes: a path: the folder of a run or its checkpoint, an imported folder, a folder of the Hugging Face hub.
// Gives: its model, its weights, its tokenizer: the same thing whatever it was.
// Promises: only headers are read; what does not fit is one sentence.
import type { Model } from '../../compiler/2-check/model.ts';
import type { LoadedFile } from '../model-file.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { WeightSource } from './weight-source.ts';

export interface OpenModel {
  readonly path: string;
  /** `run`: modelc trained it; `imported`: `modelc import` made it; `hub`: config.json and safetensors as they came. */
  readonly kind: 'run' | 'imported' | 'hub';
  readonly model: Model;
  /** The .model text with all its blocks, checked. */
  readonly file: LoadedFile;
  readonly weights: WeightSource;
  readonly tokenizer: Tokenizer;
  /** config.json, where there was one. */
  readonly config: Readonly<Record<string, unknown>> | null;
}
