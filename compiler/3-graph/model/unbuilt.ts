// Takes: a checked model. Gives: what of it cannot be lowered to a graph yet, each with its place.
// Promises: a model with no such place lowers; the tables know every kind, so nothing unbuilt slips through.
import type { Span } from '../../../grammar/source.ts';
import type { FfnSpec, GqaSpec, Init, MixerSpec, Model, NormSpec } from '../../2-check/model.ts';
import { eachPart } from '../../2-check/resolve/parts.ts';
import { parameters } from '../../2-check/parameters/parameters.ts';
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';

/** Kinds that `lowerLayer` knows. */
const builtMixers: { readonly [K in MixerSpec['kind']]: boolean } = {
  gqa: true,
  mla: false,
  mamba: false,
  mamba2: false,
  gated_delta: false,
  linear: false,
  rwkv7: false,
  conv: false,
  rg_lru: false,
  experts: false,
};
const builtFfns: { readonly [K in FfnSpec['kind']]: boolean } = {
  mlp: true,
  glu: true,
  experts: false,
  channel_mix: false,
};
const builtInits: { readonly [K in Init['kind']]: boolean } = {
  normal: true,
  trunc_normal: true,
  uniform: true,
  constant: true,
  log_range: true,
  step_size: true,
  copy: false,
};

/** Keys of gqa that are not built, and when they are in force. */
const laterKeys: readonly (readonly [string, (spec: GqaSpec) => boolean])[] = [
  ['v_dim', ({ vDim, headDim }) => vDim !== headDim],
  ['kv_from', ({ kvFrom }) => kvFrom !== null],
  ['kv_share', ({ kvShare }) => kvShare],
  ['sink', ({ sink }) => sink !== null],
  ['gate', ({ gate }) => gate !== null],
];

/** Empty: the model lowers. */
export function unbuilt(model: Model): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const report = (each: Diagnostic): void => void found.set(each.message, each);
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer') mixer(expr.name, expr.spec, expr.span, report);
    if (expr.kind === 'ffn') ffn(expr.name, expr.spec, expr.span, report);
    if (expr.kind === 'norm') norm(expr.instance, expr.spec, expr.span, report);
  });
  const { embed, head, mtp, span } = model;
  if (embed.norm !== null) norm('embed.norm', embed.norm, span, report);
  if (head.norm !== null) norm('head.norm', head.norm, span, report);
  if (head.transform?.norm) norm('head.transform.norm', head.transform.norm, span, report);
  if (mtp !== null) report(diagnostic('todo-block', span, { name: 'mtp' }));
  for (const { name, init } of parameters(model)) {
    if (!builtInits[init.kind]) report(diagnostic('todo-value', span, { key: `init of ${name}`, value: init.kind }));
  }
  return [...found.values()];
}

type Report = (diagnostic: Diagnostic) => void;

function mixer(name: string, spec: MixerSpec, span: Span, report: Report): void {
  if (!builtMixers[spec.kind]) return report(diagnostic('todo-constructor', span, { kind: 'mixer', name: spec.kind }));
  if (spec.kind !== 'gqa') return;
  for (const [key, inForce] of laterKeys) {
    if (inForce(spec)) report(diagnostic('todo-key', span, { key, owner: `gqa (${name})` }));
  }
  if (spec.qkNorm !== null) norm(`${name}.qk_norm`, spec.qkNorm, span, report);
  if (spec.outNorm !== null) norm(`${name}.out_norm`, spec.outNorm, span, report);
}

function ffn(name: string, spec: FfnSpec, span: Span, report: Report): void {
  if (!builtFfns[spec.kind]) return report(diagnostic('todo-constructor', span, { kind: 'ffn', name: spec.kind }));
  if ((spec.kind === 'mlp' || spec.kind === 'glu') && spec.norm !== null) norm(`${name}.norm`, spec.norm, span, report);
  if (spec.kind !== 'glu') return;
  if (spec.clamp !== null) report(diagnostic('todo-key', span, { key: 'clamp', owner: 'glu' }));
  if (spec.upOffset !== 0) report(diagnostic('todo-key', span, { key: 'up_offset', owner: 'glu' }));
}

function norm(name: string, { reduce }: NormSpec, span: Span, report: Report): void {
  if (reduce !== 'f32') report(diagnostic('todo-value', span, { key: `${name}.reduce`, value: reduce }));
}
