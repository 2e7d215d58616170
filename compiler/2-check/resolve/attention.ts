// Takes: a mixer's name in a model. Gives: its MixerSpec.
// Promises: E2 to E5: heads, key heads, rope and its scaling fit each other.
import { evaluateDraft } from '../evaluate/evaluate.ts';
import { attempt, fail, lookup, type Section } from '../evaluate/section.ts';
import type { GqaSpec, MixerSpec, ProjectionSpec, RopeScaling, RopeSpec } from '../model.ts';
import { mixerKind } from '../schema/mixer-kinds.ts';
import { buildOf, type BuiltBy } from '../schema/register.ts';
import type { ropeKind, scalingKind } from '../schema/rope-kinds.ts';
import type { Slot } from '../schema/key-type.ts';
import { initOf } from './init.ts';
import { qkNormSpec } from './norm.ts';

type Gqa = BuiltBy<typeof mixerKind>;
type Rope = BuiltBy<typeof ropeKind>;
type Scaling = BuiltBy<typeof scalingKind>;

/** @throws Stop */
export function mixerSpec(slot: Slot): MixerSpec {
  checkHeadDim(slot);
  return gqaSpec(buildOf(slot, mixerKind), slot);
}

function gqaSpec({ keys, construct }: Gqa, slot: Slot): GqaSpec {
  const { heads, kv_heads: kvHeads, head_dim: headDim } = keys;
  const { section } = construct;
  if (heads % kvHeads !== 0) {
    const span = spanOf(section, 'kv_heads');
    const fix = `kv_heads in {${divisors(heads).join(', ')}}`;
    fail(section, 'kv-heads', span, { mixer: slot.key, heads, kvHeads }, { fix });
  }
  const projection = (part: 'q' | 'k' | 'v' | 'o'): ProjectionSpec => ({
    bias: keys.bias[part],
    init: initOf(slot.section, { role: 'mixer', chain: construct.chain, part }),
  });
  return {
    kind: 'gqa',
    heads,
    kvHeads,
    headDim,
    vDim: headDim,
    scale: keys.scale,
    mask: keys.mask,
    qkNorm: keys.qk_norm === null ? null : qkNormSpec(keys.qk_norm),
    softcap: keys.softcap,
    rope: keys.rope === null ? null : ropeSpec(keys.rope, slot.key, headDim),
    alibi: null,
    kvFrom: null,
    kvShare: false,
    sink: null,
    gate: null,
    clipQkv: null,
    q: projection('q'),
    k: projection('k'),
    v: projection('v'),
    o: projection('o'),
  };
}

/** E2, before head_dim is read as a whole number: the derived one has the better message. */
function checkHeadDim(slot: Slot): void {
  const { section } = slot;
  const inner = section.world.open(slot);
  const derived = inner.body.keys.get('head_dim');
  const written = inner.body.keys.get('heads');
  const { files } = section.world.prelude;
  if (derived === undefined || written === undefined || !files.has(derived.span.file)) return;
  if (files.has(written.span.file)) return;
  const dModel = numberAt(section, 'd_model');
  const heads = numberAt(inner, 'heads');
  if (dModel === null || heads === null || !Number.isInteger(heads) || heads < 1 || dModel % heads === 0) return;
  const all = divisors(dModel);
  const near = [...all.filter((each) => each < heads).slice(-1), ...all.filter((each) => each > heads).slice(0, 2)];
  const fix = `set head_dim, or heads in {${near.join(', ')}}`;
  fail(inner, 'head-dim', written.value?.span ?? written.span, { mixer: slot.key, dModel, heads }, { fix });
}

function ropeSpec({ keys, construct }: Rope, mixer: string, headDim: number): RopeSpec {
  const { dim, theta, pairing, scaling } = keys;
  if (dim % 2 !== 0 || dim > headDim) {
    fail(construct.section, 'rope-dim', spanOf(construct.section, 'dim'), { mixer, dim, headDim });
  }
  return { dim, theta, pairing, scaling: scaling === null ? { kind: 'none' } : scalingSpec(scaling, mixer) };
}

/** E5 */
function scalingSpec(scaling: Scaling, mixer: string): RopeScaling {
  const { section, span } = scaling.construct;
  const refuse = (message: string): never => fail(section, 'rope-scaling', span, { mixer, message });
  const { factor } = scaling.keys;
  if (factor < 1) refuse(`factor ${factor} is below 1`);
  if (scaling.constructor === 'linear') return { kind: 'linear', factor };
  const { constructor: kind } = scaling;
  const original = scaling.keys.original ?? refuse(`${kind} needs \`original\`, the context it was trained with`);
  if (scaling.constructor === 'llama3') {
    const { low, high } = scaling.keys;
    if (low >= high) refuse(`low ${low} must be below high ${high}`);
    return { kind: 'llama3', factor, low, high, original };
  }
  const { beta_fast: betaFast, beta_slow: betaSlow, truncate } = scaling.keys;
  const { attention_factor: attentionFactor, mscale, mscale_all_dim: mscaleAllDim } = scaling.keys;
  if (betaFast < betaSlow) refuse(`beta_fast ${betaFast} must not be below beta_slow ${betaSlow}`);
  return { kind: 'yarn', factor, original, betaFast, betaSlow, truncate, attentionFactor, mscale, mscaleAllDim };
}

export function spanOf(section: Section, key: string): Section['span'] {
  const draft = section.body.keys.get(key);
  return draft?.value?.span ?? draft?.span ?? section.span;
}

/** Null when it is not a number: that is reported where the key is read. */
function numberAt(section: Section, key: string): number | null {
  const found = lookup(section, key);
  const kind = found?.draft.value?.kind;
  if (found === null || kind === 'string' || kind === 'list' || kind === 'construct') return null;
  return attempt(() => evaluateDraft(found.draft, found.section, key).value);
}

function divisors(n: number): number[] {
  return Array.from({ length: Math.min(n, 4096) }, (_, i) => i + 1).filter((d) => n % d === 0);
}
