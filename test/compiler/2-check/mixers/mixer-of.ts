// Takes: a mixer as it is written. Gives: its spec in a small model, and its parameters.
import type { MixerSpec, Model } from '../../../../compiler/2-check/model.ts';
import { mixerParameters } from '../../../../compiler/2-check/parameters/mixers.ts';
import { dim, elements, type Parameter } from '../../../../compiler/2-check/parameters/parameter.ts';
import { eachPart } from '../../../../compiler/2-check/resolve/parts.ts';
import { check, modelOf, small } from '../prelude.ts';

/** The text of a model of d_model 768 and 6 layers whose mixer `attn` is `value`. */
export function textWith(value: string, items = '', after = ''): string {
  return small(items, after).replace('attn = gqa { heads = 12 }', `attn = ${value}`);
}

export function modelWith(value: string, items = '', after = '', name?: string): Model {
  return modelOf(textWith(value, items, after), name);
}

/** The mixers of all layers, in order. */
export function perLayer(model: Model): MixerSpec[] {
  const specs: MixerSpec[] = [];
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer') specs.push(expr.spec);
  });
  return specs;
}

export function specOf<K extends MixerSpec['kind']>(value: string, kind: K): Extract<MixerSpec, { readonly kind: K }> {
  const [spec] = perLayer(modelWith(value));
  if (spec?.kind !== kind) throw new Error(`attn is ${spec?.kind ?? 'nothing'}`);
  // Of that kind, as was asked.
  return spec as Extract<MixerSpec, { readonly kind: K }>;
}

export function parametersOf(value: string, dModel = 768): Parameter[] {
  const text = textWith(value).replace('d_model = 768', `d_model = ${dModel}`);
  const [spec] = perLayer(modelOf(text));
  if (spec === undefined) throw new Error('no mixer');
  return mixerParameters(spec, dim('d_model', dModel));
}

export function sizeOf(value: string, dModel = 768): number {
  return parametersOf(value, dModel).reduce((sum, each) => sum + elements(each), 0);
}

/** Errors and warnings as `code: message`, without those that hold for any small model. */
export function faultsOf(text: string): string[] {
  const found = check(text).diagnostics.filter(({ severity }) => severity !== 'info');
  return found.map(({ code, message }) => `${code}: ${message}`);
}
