// Takes: a resolved model. Gives: the lints that apply: warnings and infos of the language page, with their numbers.
// Promises: never an error: real models trip each of these; the key each is about can be named in `lint allow`.
import type { Span } from '../../../grammar/source.ts';
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { openConstruct } from '../schema/register.ts';
import { attempt, type Section } from '../evaluate/section.ts';
import type { ResolvedModel } from '../resolve/model.ts';
import { lintExperts } from './experts.ts';
import { lintFfns } from './ffns.ts';
import { lintMixers } from './mixers.ts';
import { widthLint, type Add } from './width.ts';

export interface Lint {
  /** `mlp.width`: what `lint allow` may name. */
  readonly key: string;
  readonly diagnostic: Diagnostic;
}

export function lintModel(resolved: ResolvedModel, section: Section): Lint[] {
  const { model } = resolved;
  const lints: Lint[] = [];
  const add: Add = (code, key, args, extra) => {
    lints.push({ key, diagnostic: diagnostic(code, spanOfKey(section, key), args, extra) });
  };
  lintSizes(resolved, add);
  lintMixers(model, section, add);
  lintFfns(model, section, add);
  lintExperts(model, add);
  lintStack(resolved, add);
  return lints;
}

/** W1, W2, I1, I3 */
function lintSizes({ model, profile }: ResolvedModel, add: Add): void {
  const { vocab, dModel, nLayers, embed } = model;
  if (embed.rows % 64 !== 0) {
    add('vocab-multiple', 'vocab', { vocab: embed.rows, next: Math.ceil(embed.rows / 64) * 64 }, { fix: 'embed.pad_to = 64' }); // prettier-ignore
  }
  if (profile === 'production' && (vocab < 100_000 || vocab > 250_000)) add('vocab-range', 'vocab', { vocab });
  widthLint('d_model', dModel, add);
  const aspect = dModel / nLayers;
  if (aspect < 100 || aspect > 200) add('aspect', 'n_layers', { dModel, nLayers, aspect });
}

/** W8 */
function lintStack({ model, stack }: ResolvedModel, add: Add): void {
  for (const { length, items } of stack.cycles) {
    const rest = model.nLayers % length;
    if (rest === 0) continue;
    const tail = items.slice(0, rest).map(printExpr).join(', ');
    add('cycle-tail', 'stack', { nLayers: model.nLayers, cycle: length, tail });
  }
}

/** Where a key was written; where it is a default, where its outermost part was. */
function spanOfKey(section: Section, key: string): Span {
  const { files } = section.world.prelude;
  let [span, at]: [Span, Section] = [section.span, section];
  const parts = key.split('.');
  for (const [index, part] of parts.entries()) {
    const draft = at.body.keys.get(part);
    if (draft === undefined || files.has(draft.span.file)) break;
    span = draft.span;
    if (index < parts.length - 1) at = attempt(() => openConstruct({ draft, section: at, key: part })) ?? at;
  }
  return span;
}
