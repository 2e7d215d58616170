// Takes: a mixer or a feed-forward of any kind. Gives: its inset.
// Promises: total: a new kind does not compile until it is drawn.
import { gqaInset } from './attention.ts';
import { expertsInset } from './experts.ts';
import { channelMixInset, gluInset, mlpInset } from './feed-forward.ts';
import type { Inset, InsetContext, PartSpec } from './inset.ts';
import { gatedDeltaInset, linearInset } from './linear-attention.ts';
import { mlaInset } from './mla.ts';
import { convInset, rgLruInset, rwkv7Inset } from './recurrent.ts';
import { mamba2Inset, mambaInset } from './state-space.ts';

type InsetRule<K extends PartSpec['kind']> = (spec: Extract<PartSpec, { kind: K }>, context: InsetContext) => Inset;

const insets: { readonly [K in PartSpec['kind']]: InsetRule<K> } = {
  gqa: gqaInset,
  mla: mlaInset,
  mamba: mambaInset,
  mamba2: mamba2Inset,
  gated_delta: gatedDeltaInset,
  linear: linearInset,
  rwkv7: rwkv7Inset,
  conv: convInset,
  rg_lru: rgLruInset,
  experts: expertsInset,
  glu: gluInset,
  mlp: mlpInset,
  channel_mix: channelMixInset,
};

export function insetOf(spec: PartSpec, context: InsetContext): Inset {
  // The row of the spec's own kind.
  const draw = insets[spec.kind] as (spec: PartSpec, context: InsetContext) => Inset;
  return draw(spec, context);
}
