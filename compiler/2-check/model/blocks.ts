// Takes: nothing. Gives: a layer: the equations of its block over norms, mixers and ffns.
// Promises: every name of an equation is bound; each node carries its place in the file.
import type { Span } from '../../../grammar/source.ts';
import type { FfnSpec } from './ffns.ts';
import type { MixerSpec } from './mixers.ts';
import type { NormSpec } from './parts.ts';

/** The right side of a block's equation. `x` is the block's input. */
export type BlockExpr =
  | { readonly kind: 'ref'; readonly name: string; readonly span: Span }
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  | { readonly kind: 'arithmetic'; readonly operator: '+' | '-' | '*' | '/'; readonly left: BlockExpr; readonly right: BlockExpr; readonly span: Span } // prettier-ignore
  /** `rms.mix(x)`; `instance` is `rms.mix`: the same instance twice in one layer shares its weight. */
  | { readonly kind: 'norm'; readonly instance: string; readonly spec: NormSpec; readonly input: BlockExpr; readonly span: Span } // prettier-ignore
  /** `attn(x)`; `name` is `attn`: the same name twice in one layer shares its weights. */
  | { readonly kind: 'mixer'; readonly name: string; readonly spec: MixerSpec; readonly input: BlockExpr; readonly span: Span } // prettier-ignore
  | { readonly kind: 'ffn'; readonly name: string; readonly spec: FfnSpec; readonly input: BlockExpr; readonly span: Span }; // prettier-ignore

export interface Equation {
  readonly name: string;
  readonly value: BlockExpr;
  readonly span: Span;
}

export interface Layer {
  /** 0-based. */
  readonly index: number;
  /** `main(local)`: for people. */
  readonly block: string;
  /** In order; the last one is the output, d_model wide. */
  readonly equations: readonly Equation[];
}
