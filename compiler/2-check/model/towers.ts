// Takes: nothing. Gives: a model of several towers whose pooled outputs are compared (CLIP, SigLIP).
// Promises: a tower's layers are those of a language model; what differs stands at its two ends.
import type { Span } from '../../../grammar/source.ts';
import type { Layer } from './blocks.ts';
import type { InitSpec, NormSpec, ProjectionSpec } from './parts.ts';

export type TowerInput =
  | { readonly kind: 'token'; readonly vocab: number; readonly init: InitSpec }
  /** A convolution of stride = kernel = `size` over a square image of `image` pixels with `channels`. */
  | { readonly kind: 'patches'; readonly size: number; readonly image: number; readonly channels: number; readonly projection: ProjectionSpec }; // prettier-ignore

export interface Tower {
  readonly name: string;
  readonly input: TowerInput;
  /** Positions: tokens, or patches and the class token. */
  readonly context: number;
  /** Learned; null: none. */
  readonly positions: { readonly length: number; readonly init: InitSpec } | null;
  /** A learned token before the patches. */
  readonly classToken: InitSpec | null;
  readonly dModel: number;
  readonly nLayers: number;
  readonly layers: readonly Layer[];
  readonly preNorm: NormSpec | null;
  readonly postNorm: NormSpec | null;
  /** Which position stands for the whole. */
  readonly pool: { readonly kind: 'token'; readonly token: number | 'eos' } | { readonly kind: 'mean' };
  /** The map of the pooled output into the space in which towers are compared. */
  readonly project: ProjectionSpec;
}

export interface TowerModel {
  readonly name: string;
  readonly towers: readonly Tower[];
  /** Each tower's pooled output is mapped to `dim`. */
  readonly project: { readonly dim: number; readonly bias: boolean };
  /** Scale of the similarities: `init` and what is applied to it. */
  readonly temperature: { readonly learned: boolean; readonly init: number; readonly apply: 'exp' | 'identity' };
  /** As Model.canonical. */
  readonly canonical: string;
  readonly span: Span;
}
