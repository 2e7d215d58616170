// Takes: the embed and head blocks of a model. Gives: its EmbedSpec and HeadSpec.
// Promises: E14: a head that reads the embedding's matrix is as wide as its rows.
import { fail, type Section } from '../evaluate/section.ts';
import type { EmbedSpec, FactorSpec, HeadSpec, TransformSpec } from '../model.ts';
import type { Slot } from '../schema/key-type.ts';
import { embedKind, headKind, type transformKind } from '../schema/parts/end-kinds.ts';
import { buildOf, type BuiltBy } from '../schema/register.ts';
import { initOf } from './init.ts';
import { normSpec } from './norm.ts';

interface Sizes {
  readonly vocab: number;
  readonly dModel: number;
}

/** @throws Stop */
export function embedSpec(section: Section, { vocab, dModel }: Sizes): EmbedSpec {
  const slot = sectionSlot(section, 'embed');
  const { keys } = buildOf(slot, embedKind);
  const { tie, pos, pad_to: padTo } = keys;
  if (tie.word !== 'none') checkTie(tie, section);
  return {
    tied: tie.word !== 'none',
    rows: padTo === null ? vocab : Math.ceil(vocab / padTo) * padTo,
    factor: factorOf(keys.dim, dModel, 'embed.project', section),
    scale: keys.scale,
    positions: pos?.constructor === 'learned' ? { ...pos.keys, init: initOf(section, { place: 'embed.positions' }) } : null, // prettier-ignore
    sinusoidal: pos?.constructor === 'sinusoidal' ? pos.keys : null,
    norm: keys.norm === null ? null : normSpec(keys.norm),
    init: initOf(section, { place: 'embed' }),
  };
}

/** @throws Stop */
export function headSpec(section: Section, { dModel }: Sizes): HeadSpec {
  const { keys } = buildOf(sectionSlot(section, 'head'), headKind);
  const { norm, transform, scale, softcap, bias, dim } = keys;
  return {
    norm: norm === null ? null : normSpec(norm),
    transform: transform === null ? null : transformSpec(transform, section),
    factor: factorOf(dim, dModel, 'head.project', section),
    scale,
    softcap,
    bias,
    init: initOf(section, { place: 'head' }),
  };
}

function transformSpec({ keys }: BuiltBy<typeof transformKind>, section: Section): TransformSpec {
  const { act, norm, bias } = keys;
  const projection = { bias, init: initOf(section, { place: 'head.transform' }) };
  return { act, norm: norm === null ? null : normSpec(norm), projection };
}

/** Rows of another width than the stream, with a map between. */
function factorOf(
  dim: number | null,
  dModel: number,
  place: 'embed.project' | 'head.project',
  section: Section,
): FactorSpec | null {
  if (dim === null || dim === dModel) return null;
  return { dim, projection: { bias: false, init: initOf(section, { place }) } };
}

/** `tie = head`, or the head's own word: `tie = lm`. */
function checkTie(tie: Slot & { readonly word: string | null }, section: Section): void {
  const head = section.body.keys.get('head');
  const heads = head?.value?.kind === 'name' ? ['head', head.value.name] : ['head'];
  if (heads.includes(tie.word ?? '')) return;
  const message = `embed.tie = ${tie.word ?? '?'}, but the head is ${heads.at(-1) ?? 'head'}`;
  const span = tie.draft.value?.span ?? tie.draft.span;
  fail(section, 'tied-head', span, { message }, { fix: 'embed.tie = head, or none' });
}

/** E14: one matrix has one width. */
export function checkTiedWidths(section: Section, embed: EmbedSpec, head: HeadSpec, dModel: number): void {
  const [rows, logits] = [embed.factor?.dim ?? dModel, head.factor?.dim ?? dModel];
  if (!embed.tied || rows === logits) return;
  const message = `it reads rows of the embedding, which are ${rows} wide, from a state that is ${logits} wide`;
  const span = section.body.keys.get(rows === dModel ? 'head' : 'embed')?.span ?? section.span;
  const fix =
    rows === dModel ? `embed.dim = ${logits}, or embed.tie = none` : `head.dim = ${rows}, or embed.tie = none`;
  fail(section, 'tied-head', span, { message }, { fix });
}

function sectionSlot(section: Section, key: string): Slot {
  const draft = section.body.keys.get(key);
  return draft === undefined
    ? fail(section, 'missing-key', section.span, { key, owner: 'model' })
    : { draft, section, key };
}
