// Takes: rope as written. Gives: its RopeSpec.
// Promises: E4, E5: dims fit the head, the scaling has what it needs, lists have a factor per pair.
import { fail } from '../../evaluate/section.ts';
import type { RopeScaling, RopeSpec } from '../../model.ts';
import type { BuiltBy } from '../../schema/register.ts';
import type { ropeKind, scalingKind } from '../../schema/rope-kinds.ts';
import { spanOf } from './place.ts';

type Rope = BuiltBy<typeof ropeKind>;
type Scaling = BuiltBy<typeof scalingKind>;
type BuiltAs<K extends Scaling['constructor']> = Extract<Scaling, { readonly constructor: K }>;

/** What a scaling is checked against. */
interface Facts {
  readonly mixer: string;
  readonly pairs: number;
  readonly refuse: (message: string) => never;
}

/** `width`: of the dims that may rotate, the key `of`. @throws Stop */
export function ropeSpec({ keys, construct }: Rope, mixer: string, width: number, of = 'head_dim'): RopeSpec {
  const { dim, theta, pairing, scaling } = keys;
  if (dim % 2 !== 0 || dim > width) {
    fail(construct.section, 'rope-dim', spanOf(construct.section, 'dim'), { mixer, dim, of, width });
  }
  return { dim, theta, pairing, scaling: scaling === null ? { kind: 'none' } : scalingSpec(scaling, mixer, dim / 2) };
}

function scalingSpec(scaling: Scaling, mixer: string, pairs: number): RopeScaling {
  const { section, span } = scaling.construct;
  const refuse = (message: string): never => fail(section, 'rope-scaling', span, { mixer, message });
  if (scaling.keys.factor < 1) refuse(`factor ${scaling.keys.factor} is below 1`);
  // The row of the scaling's own constructor.
  const rule = rules[scaling.constructor] as (scaling: Scaling, facts: Facts) => RopeScaling;
  return rule(scaling, { mixer, pairs, refuse });
}

const rules: {
  readonly [K in Scaling['constructor']]: (scaling: BuiltAs<K>, facts: Facts) => RopeScaling;
} = {
  linear: ({ keys: { factor } }) => ({ kind: 'linear', factor }),
  dynamic: ({ keys }, { refuse }) => {
    return { kind: 'dynamic', factor: keys.factor, original: originalOf('dynamic', keys.original, refuse) };
  },
  llama3: ({ keys: { factor, low, high, original } }, { refuse }) => {
    const context = originalOf('llama3', original, refuse);
    if (low >= high) refuse(`low ${low} must be below high ${high}`);
    return { kind: 'llama3', factor, low, high, original: context };
  },
  yarn: ({ keys }, { refuse }) => {
    const { factor, beta_fast: betaFast, beta_slow: betaSlow, truncate } = keys;
    const { attention_factor: attentionFactor, mscale, mscale_all_dim: mscaleAllDim } = keys;
    const original = originalOf('yarn', keys.original, refuse);
    if (betaFast < betaSlow) refuse(`beta_fast ${betaFast} must not be below beta_slow ${betaSlow}`);
    return { kind: 'yarn', factor, original, betaFast, betaSlow, truncate, attentionFactor, mscale, mscaleAllDim };
  },
  longrope: ({ keys, construct: { section } }, { mixer, pairs, refuse }) => {
    const { factor, short, long, attention_factor: attentionFactor } = keys;
    const original = originalOf('longrope', keys.original, refuse);
    for (const [list, { length }] of [['short', short], ['long', long]] as const) {
      if (length !== pairs) fail(section, 'rope-factors', spanOf(section, list), { mixer, list, length, pairs });
    }
    return { kind: 'longrope', factor, original, short, long, attentionFactor };
  },
}; // prettier-ignore

function originalOf(kind: string, original: number | null, refuse: Facts['refuse']): number {
  return original ?? refuse(`${kind} needs \`original\`, the context it was trained with`);
}
