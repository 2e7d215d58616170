// Takes: the mixers of a resolved model. Gives: their lints: W3, W4, I4.
import { openConstruct } from '../schema/register.ts';
import { attempt, type Section } from '../evaluate/section.ts';
import type { GqaSpec, MaskSpec, MixerSpec, MlaSpec, Model } from '../model.ts';
import { eachPart, maskOf, mixersOf } from '../resolve/parts.ts';
import { widthLint, type Add } from './width.ts';

export function lintMixers(model: Model, section: Section, add: Add): void {
  for (const [name, spec] of mixersOf(model)) {
    lintMask(name, spec, model, add);
    if (spec.kind === 'gqa') lintHeads(name, spec, model, add);
    if (spec.kind === 'mla') widthLint(`${name}.kv_rank`, spec.kvRank, add);
    if (spec.kind === 'gqa' || spec.kind === 'mla') lintYarn(name, spec, section, add);
  }
  lintReach(model, add);
}

/** I4 */
function lintHeads(mixer: string, { heads, headDim }: GqaSpec, { dModel }: Model, add: Add): void {
  if (heads * headDim !== dModel) add('heads-width', `${mixer}.heads`, { mixer, heads, headDim, dModel });
}

/** W4 */
function lintMask(mixer: string, spec: MixerSpec, { context }: Model, add: Add): void {
  const window = windowOf(maskOf(spec));
  if (window !== null && window >= context) add('window-no-effect', `${mixer}.mask`, { mixer, window, context });
}

/** W4: how far information travels when every layer is local. Recurrent layers carry it without end. */
function lintReach(model: Model, add: Add): void {
  const mixers: { readonly name: string; readonly window: number | null }[] = [];
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer') mixers.push({ name: expr.name, window: windowOf(maskOf(expr.spec)) });
  });
  const locals = mixers.flatMap(({ window }) => window ?? []);
  if (locals.length === 0 || locals.length < mixers.length) return;
  const window = Math.max(...locals);
  const reach = 4 * window * locals.length;
  const { context } = model;
  if (context <= reach) return;
  add('window-reach', `${mixers[0]?.name ?? ''}.mask`, { window, locals: locals.length, reach, context });
}

export function windowOf(mask: MaskSpec): number | null {
  if (mask.kind === 'window') return mask.size;
  if (mask.kind !== 'all') return null;
  const sizes = mask.parts.flatMap((part) => windowOf(part) ?? []);
  return sizes.length === 0 ? null : Math.min(...sizes);
}

/** W3: runtimes disagree on both when a file does not say them. */
function lintYarn(name: string, { rope }: GqaSpec | MlaSpec, section: Section, add: Add): void {
  if (rope?.scaling.kind !== 'yarn') return;
  const written = writtenKeys([name, 'rope', 'scaling'], section);
  const key = `${name}.rope.scaling`;
  if (!written.has('truncate')) {
    const message = 'truncate is not said; transformers rounds the ramp to whole dims, gpt-oss was trained without';
    add('yarn-truncate', key, { mixer: name, message }, { fix: 'truncate = true, or false' });
  }
  const { factor, attentionFactor, mscale, mscaleAllDim } = rope.scaling;
  if (written.has('attention_factor') && attentionFactor !== null) return;
  if (mscale !== null && mscaleAllDim !== null) return;
  const value = (0.1 * Math.log(factor) + 1).toFixed(4);
  const half = mscale !== null ? 'mscale without mscale_all_dim' : mscaleAllDim !== null ? 'mscale_all_dim without mscale' : null; // prettier-ignore
  const why = half === null ? 'without the file saying so' : `because ${half} says nothing`;
  const message = `cos and sin are scaled by 0.1 ln(${factor}) + 1 = ${value} ${why}`;
  add('yarn-truncate', key, { mixer: name, message }, { fix: `attention_factor = ${value}` });
}

/** Keys of a construct that stand in the file, not in std. */
function writtenKeys(path: readonly string[], section: Section): ReadonlySet<string> {
  let at = section;
  for (const key of path) {
    const draft = at.body.keys.get(key);
    const from = at;
    const inner = draft === undefined ? null : attempt(() => openConstruct({ draft, section: from, key }));
    if (inner === null) return new Set();
    at = inner;
  }
  const { files } = section.world.prelude;
  return new Set([...at.body.keys].flatMap(([key, { span }]) => (files.has(span.file) ? [] : [key])));
}
