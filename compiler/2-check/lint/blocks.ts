// Takes: train and generate blocks, resolved, and their models. Gives: the lints that apply: I6, W6, W7, W11, W12.
// Promises: never an error; the key each is about can be named in `lint allow`: `train.dropout`, `generate.quant`.
import { diagnostic } from '../../diagnostics.ts';
import type { Span } from '../../../grammar/source.ts';
import type { Code, MessageArgs } from '../../messages.ts';
import type { GenerateBlock, MaskSpec, Model, TrainBlock } from '../model.ts';
import { parameters } from '../parameters/parameters.ts';
import { maskOf, mixersOf } from '../resolve/parts.ts';
import { placedRouters } from './experts.ts';
import type { Lint } from './lint.ts';

type Spanned = { readonly span: Span; readonly spans: Readonly<Record<string, Span>> };

function adder(role: string, { span, spans }: Spanned, lints: Lint[]) {
  return <C extends Code>(code: C, key: string, args: MessageArgs<C>, fix: string): void => {
    const at = spans[key.split('.')[0] ?? key] ?? span;
    lints.push({ key: `${role}.${key}`, diagnostic: diagnostic(code, at, args, fix === '' ? {} : { fix }) });
  };
}

export function lintTrain(train: TrainBlock, model: Model | null): Lint[] {
  const lints: Lint[] = [];
  const add = adder('train', train, lints);
  const { embed, residual, attention } = train.dropout;
  const value = Math.max(embed, residual, attention);
  // Later stages and repeated data overfit.
  const isOnce = train.from === null && (train.epochs === null || train.epochs <= 1);
  if (value > 0 && isOnce) add('dropout', 'dropout', { value }, '');
  for (const key of ['softmax', 'logits'] as const) {
    const format = train.precision[key];
    const what = key === 'softmax' ? 'the sum of a softmax' : 'the loss';
    const path = `precision.${key}`;
    if (format !== 'f32') add('low-precision', path, { key: path, value: format, what }, `${path} = f32`);
  }
  if (train.mup !== null && model !== null) lintMup(train.mup.base, model, add);
  return lints;
}

type Add = ReturnType<typeof adder>;

/** W11: with width m times the base, scores are divided by head_dim and logits by m. */
function lintMup(base: number, model: Model, add: Add): void {
  for (const [name, spec] of mixersOf(model)) {
    if (spec.kind !== 'gqa') continue;
    const wanted = 1 / spec.headDim;
    if (Math.abs(spec.scale - wanted) <= 1e-9) continue;
    const message = `${name}.scale is ${Number(spec.scale.toPrecision(4))}, but scores are divided by head_dim: 1 / ${spec.headDim} = ${Number(wanted.toPrecision(4))}`; // prettier-ignore
    add('mup-scale', 'mup', { message }, `${name}.scale = 1 / head_dim`);
  }
  const wanted = base / model.dModel;
  if (Math.abs(model.head.scale - wanted) <= 1e-9) return;
  const message = `head.scale is ${Number(model.head.scale.toPrecision(4))}, but logits are divided by d_model / base = ${model.dModel} / ${base}`;
  add('mup-scale', 'mup', { message }, `head.scale = ${base} / d_model`);
}

export function lintGenerate(generate: GenerateBlock, model: Model): Lint[] {
  const lints: Lint[] = [];
  const add = adder('generate', generate, lints);
  lintQuant(generate, model, add);
  lintRings(generate, model, add);
  for (const { part, router } of placedRouters(model)) {
    if (router.capacity?.inference !== true) continue;
    const message = `tokens above the capacity of an expert are dropped in generation too, so what a token becomes depends on its batch (factor ${router.capacity.factor})`; // prettier-ignore
    const args = { key: `${part}.router.capacity`, message };
    const fix = `${args.key}: inference = false`;
    lints.push({ key: args.key, diagnostic: diagnostic('train-noise', generate.span, args, { fix }) });
  }
  return lints;
}

/** W12 */
function lintQuant({ quant }: GenerateBlock, model: Model, add: Add): void {
  if (quant?.weights == null) return;
  const format = quant.weights.kind;
  const names = parameters(model).map(({ name }) => name);
  const has: Readonly<Record<string, boolean>> = {
    embed: true,
    head: !model.embed.tied,
    router: placedRouters(model).length > 0,
    norm: names.some((name) => name.endsWith('.gain')),
  };
  const why: Readonly<Record<string, string>> = {
    embed: 'rows that are rare are rounded most',
    head: 'every logit takes its error',
    router: 'small differences of scores choose experts',
    norm: 'they are few numbers that scale all others',
  };
  for (const [part, isThere] of Object.entries(has)) {
    if (!isThere || quant.keep.includes(part)) continue;
    const message = `quantised to ${format}; ${why[part] ?? ''}`;
    add('quantised-part', 'quant.keep', { part, message }, `keep = [${[...quant.keep, part].join(', ')}]`);
  }
}

/** W12: a ring that forgets what the mixer still sees. */
function lintRings({ cache }: GenerateBlock, model: Model, add: Add): void {
  for (const [name, spec] of mixersOf(model)) {
    const own = cache.mixers[name];
    const layout = own !== undefined && 'layout' in own ? own.layout : cache.layout;
    if (layout.kind !== 'ring') continue;
    if (spec.kind !== 'gqa' && spec.kind !== 'mla') continue;
    const reach = windowOf(maskOf(spec)) ?? model.context;
    if (layout.size >= reach) continue;
    const message = `the cache keeps ${layout.size} tokens, but the mixer sees ${reach}`;
    add('quantised-part', 'cache', { part: name, message }, `${name} = ring(${reach})`);
  }
}

function windowOf(mask: MaskSpec): number | null {
  if (mask.kind === 'window' || mask.kind === 'chunk') return mask.size;
  if (mask.kind !== 'all') return null;
  const sizes = mask.parts.flatMap((part) => windowOf(part) ?? []);
  return sizes.length === 0 ? null : Math.min(...sizes);
}
