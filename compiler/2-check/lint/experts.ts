// Takes: a resolved model. Gives: the lints of routers, and of precision: what is computed in less than f32.
// Promises: W5 for every router that nothing balances; W6 for routers and norms, each template once.
import type { FfnSpec, MixerSpec, Model, NormSpec, RouterSpec } from '../model.ts';
import { eachPart, mixersOf } from '../resolve/parts.ts';
import { placedFfns } from './ffns.ts';
import type { Add } from './width.ts';

export interface PlacedRouter {
  /** `moe`: its router is `moe.router`. */
  readonly part: string;
  readonly n: number;
  readonly topK: number;
  readonly router: RouterSpec;
}

export function placedRouters(model: Model): readonly PlacedRouter[] {
  const ofMixer = (part: string, spec: MixerSpec): PlacedRouter[] =>
    spec.kind === 'experts' ? [{ ...spec, part }, ...ofMixer(`${part}.expert`, spec.expert)] : [];
  const mixers = [...mixersOf(model)].flatMap(([name, spec]) => ofMixer(name, spec));
  const ffns = placedFfns(model).flatMap(({ path, spec }) =>
    spec.kind === 'experts' ? [{ ...spec, part: path }] : [],
  );
  return [...mixers, ...ffns];
}

export function lintExperts(model: Model, add: Add): void {
  for (const { part, n, topK, router } of placedRouters(model)) {
    if (topK < n && !isBalanced(router)) {
      const fix = 'balance = aux(coef = 1e-2), or select_bias = aux_free';
      add('expert-balance', `${part}.router.balance`, { part, n, topK }, { fix });
    }
    lowPrecision(`${part}.router.dtype`, router.dtype, 'a router that chooses by small differences of scores', add);
  }
  lintNorms(model, add);
}

/** Sinkhorn and expert choice balance by choosing, a hash by its table. */
function isBalanced({ balance, selectBias, select }: RouterSpec): boolean {
  return balance.length > 0 || selectBias !== null || select.kind !== 'token_choice';
}

function lowPrecision(key: string, value: 'f32' | 'bf16' | 'f16', what: string, add: Add): void {
  if (value !== 'f32') add('low-precision', key, { key, value, what }, { fix: `${key} = f32` });
}

type KeyedNorm = readonly [key: string, spec: NormSpec | null];
type SpecOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;

function normsOf(spec: MixerSpec): readonly KeyedNorm[] {
  // The row of the spec's own kind.
  const rule = norms[spec.kind] as (spec: MixerSpec) => readonly KeyedNorm[];
  return rule(spec);
}

/** The norms inside a mixer, by the key that sets them. */
const norms: { readonly [K in MixerSpec['kind']]: (spec: SpecOf<K>) => readonly KeyedNorm[] } = {
  gqa: ({ qkNorm, outNorm }) => [['qk_norm', qkNorm], ['out_norm', outNorm]], // prettier-ignore
  mla: ({ latentNorm }) => [['latent_norm', latentNorm]],
  mamba: ({ innerNorm }) => [['inner_norm', innerNorm]],
  mamba2: ({ out }) => [['out', out?.norm ?? null]],
  gated_delta: ({ out }) => [['out', out?.norm ?? null]],
  linear: ({ outNorm }) => [['out_norm', outNorm]],
  rwkv7: () => [],
  conv: () => [],
  rg_lru: () => [],
  experts: ({ expert }) => normsOf(expert).map(([key, spec]) => [`expert.${key}`, spec]),
};

function ffnNorms(spec: FfnSpec): readonly KeyedNorm[] {
  if (spec.kind === 'mlp' || spec.kind === 'glu') return [['norm', spec.norm]];
  return spec.kind === 'experts' ? ffnNorms(spec.expert).map(([key, of]) => [`expert.${key}`, of]) : [];
}

function lintNorms(model: Model, add: Add): void {
  const told = new Set<string>();
  const norm = (name: string, spec: NormSpec | null): void => {
    if (spec === null || told.has(name)) return;
    told.add(name);
    lowPrecision(`${name}.reduce`, spec.reduce, 'the mean of a norm', add);
  };
  eachPart(model, (expr) => {
    if (expr.kind === 'norm') norm(expr.instance.split('.')[0] ?? expr.instance, expr.spec);
    if (expr.kind === 'ffn') for (const [key, spec] of ffnNorms(expr.spec)) norm(`${expr.name}.${key}`, spec);
    if (expr.kind === 'mixer') for (const [key, spec] of normsOf(expr.spec)) norm(`${expr.name}.${key}`, spec);
  });
  norm('embed.norm', model.embed.norm);
  norm('head.transform.norm', model.head.transform?.norm ?? null);
  // A head normed by the template `rms` was told with `rms`.
  if (!told.has('rms')) norm('head.norm', model.head.norm);
}
