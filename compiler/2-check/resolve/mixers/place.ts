// Takes: a mixer that is being resolved. Gives: what its rule needs of the place it stands in.
// Promises: the init of a linear map is the target of its parameter's name, also inside experts.
import { attempt, fail, lookup, type Section } from '../../evaluate/section.ts';
import { evaluateDraft } from '../../evaluate/evaluate.ts';
import type { ProjectionSpec } from '../../model.ts';
import { initOf } from '../init.ts';

export interface Place {
  /** The section the mixer is a key of: of the model, or of the experts around it. */
  readonly outer: Section;
  readonly model: Section;
  /** Names of the outermost part, for targets of `init`. */
  readonly chain: readonly string[];
  /** `expert.` inside experts. */
  readonly prefix: string;
  /** For messages. */
  readonly name: string;
  readonly depth: number;
}

/** `bias`: which of the projections have one. */
export function projections<N extends string>(
  names: readonly N[],
  bias: Readonly<Partial<Record<N, boolean>>>,
  place: Place,
): Readonly<Record<N, ProjectionSpec>> {
  const entries = names.map((name) => [name, { bias: bias[name] ?? false, init: initAt(name, place) }] as const);
  // One entry per name, by construction.
  return Object.fromEntries(entries) as Record<N, ProjectionSpec>;
}

export function initAt(part: string, { model, chain, prefix }: Place): ProjectionSpec['init'] {
  return initOf(model, { role: 'mixer', chain, part: `${prefix}${part}` });
}

/** d_model, n_layers: numbers of the model. @throws Stop */
export function modelNumber(key: string, section: Section): number {
  const found = lookup(section, key);
  if (found === null) return fail(section, 'missing-key', section.span, { key, owner: 'model' });
  return Math.round(evaluateDraft(found.draft, found.section, key).value);
}

/** Null when it is not a number: that is reported where the key is read. */
export function numberAt(section: Section, key: string): number | null {
  const found = lookup(section, key);
  const kind = found?.draft.value?.kind;
  if (found === null || kind === 'string' || kind === 'list' || kind === 'construct') return null;
  return attempt(() => evaluateDraft(found.draft, found.section, key).value);
}

export function spanOf(section: Section, key: string): Section['span'] {
  const draft = section.body.keys.get(key);
  return draft?.value?.span ?? draft?.span ?? section.span;
}

export function divisors(n: number): number[] {
  return Array.from({ length: Math.min(n, 4096) }, (_, i) => i + 1).filter((d) => n % d === 0);
}

/** The divisors of `n` nearest to `m`, at most three on each side: what a fix offers. */
export function divisorsAround(n: number, m: number): number[] {
  const all = divisors(n);
  return [...all.filter((each) => each < m).slice(-3), ...all.filter((each) => each > m).slice(0, 3)];
}
