// Takes: a feed-forward part. Gives: its FLOPs per token, and what it keeps of a sequence.
// Promises: one rule per kind; of experts only those a token passes.
import type { FfnSpec } from '../../2-check/model.ts';
import { dim } from '../../2-check/parameters/parameter.ts';
import { ffnParameters, routerParameters } from '../../2-check/parameters/ffns.ts';
import { expertsPerToken, mapFlops } from './mixer-work.ts';

export interface FfnWork {
  /** FLOPs per token: 2 per multiply-add of the linear maps. */
  readonly flops: number;
  /** Numbers kept of a sequence. */
  readonly state: number;
}

type Rule<K extends FfnSpec['kind']> = (spec: Extract<FfnSpec, { readonly kind: K }>, dModel: number) => FfnWork;

const maps = (spec: FfnSpec, dModel: number): number => mapFlops(ffnParameters(spec, dim('d_model', dModel)));

const rules: { readonly [K in FfnSpec['kind']]: Rule<K> } = {
  mlp: (spec, dModel) => ({ flops: maps(spec, dModel), state: 0 }),
  glu: (spec, dModel) => ({ flops: maps(spec, dModel), state: 0 }),
  /** The last x is kept to shift. */
  channel_mix: (spec, dModel) => ({ flops: maps(spec, dModel), state: dModel }),
  experts(spec, dModel) {
    const { n, expert, shared, router } = spec;
    const one = ffnWork(expert, dModel);
    const all = shared === null ? { flops: 0, state: 0 } : ffnWork(shared.expert, dModel);
    const gate = shared?.gate ? 2 * dModel : 0;
    const routing = mapFlops(routerParameters(router, n, dim('d_model', dModel)));
    return {
      flops: routing + expertsPerToken(spec) * one.flops + all.flops + gate,
      state: n * one.state + all.state,
    };
  },
};

export function ffnWork(spec: FfnSpec, dModel: number): FfnWork {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: FfnSpec, dModel: number) => FfnWork;
  return rule(spec, dModel);
}
