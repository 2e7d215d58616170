// Takes: a checked model. Gives: the mixers and ffns its layers use, each name once.
import type { BlockExpr, FfnSpec, MaskSpec, MixerSpec, Model } from '../model.ts';

/** Of each name the first layer's; per-layer differences are in the layers themselves. */
export function mixersOf(model: Model): ReadonlyMap<string, MixerSpec> {
  const mixers = new Map<string, MixerSpec>();
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer' && !mixers.has(expr.name)) mixers.set(expr.name, expr.spec);
  });
  return mixers;
}

/** Which positions a mixer sees; recurrent ones see all earlier ones. */
export function maskOf(spec: MixerSpec): MaskSpec {
  if (spec.kind === 'gqa' || spec.kind === 'mla') return spec.mask;
  return spec.kind === 'experts' ? maskOf(spec.expert) : { kind: 'causal' };
}

/** A mixer that lets a token see the ones after it, in some layer. */
export function acausalMixer(model: Model): string | null {
  let found: string | null = null;
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer' && !isCausal(maskOf(expr.spec))) found ??= expr.name;
  });
  return found;
}

/** Whether no query sees a later key: only then can tokens be generated one by one. */
export function isCausal(mask: MaskSpec): boolean {
  return mask.kind === 'causal' || (mask.kind === 'all' && mask.parts.some(isCausal));
}

export function ffnsOf(model: Model): ReadonlyMap<string, FfnSpec> {
  const ffns = new Map<string, FfnSpec>();
  eachPart(model, (expr) => {
    if (expr.kind === 'ffn' && !ffns.has(expr.name)) ffns.set(expr.name, expr.spec);
  });
  return ffns;
}

export function eachPart(model: Model, visit: (expr: BlockExpr) => void): void {
  const walk = (expr: BlockExpr): void => {
    visit(expr);
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(walk);
    else if ('input' in expr) walk(expr.input);
  };
  for (const { equations } of model.layers) for (const { value } of equations) walk(value);
}
