// Takes: the mtp block of a model. Gives: its MtpSpec; null where there is none.
// Promises: its block is called as in a stack, as the layer behind the last; every name of its input is bound.
import type { Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { fail, lookup, pathOf, type Section } from '../evaluate/section.ts';
import type { Layer, MtpSpec, NormSpec } from '../model.ts';
import { mismatch, settle, wordOf, type Slot } from '../schema/key-type.ts';
import { mtpKind } from '../schema/parts/mtp-kind.ts';
import { buildOf } from '../schema/register.ts';
import { blockCall, expandBlock, labelOf, part } from './block.ts';
import { initOf } from './init.ts';
import { normSpec } from './norm.ts';

type Input = MtpSpec['input'][number];

/** @throws Stop */
export function mtpSpec(model: Section, nLayers: number): MtpSpec | null {
  const draft = model.body.keys.get('mtp');
  if (draft === undefined || (wordOf(draft.value) === 'none' && draft.body === null)) return null;
  const { keys } = buildOf({ draft, section: model, key: 'mtp' }, mtpKind);
  const { depth, state, share } = keys;
  return {
    depth,
    input: inputs(keys.input, model),
    state,
    layer: layerOf(keys.block, model, nLayers),
    projection: { bias: false, init: initOf(model, { place: 'mtp.project' }) },
    norm: keys.norm === null ? null : normSpec(keys.norm),
    share: (['embed', 'head'] as const).filter((place) => share.includes(place)),
    lossWeight: keys.loss_weight,
  };
}

function layerOf(slot: Slot, model: Section, nLayers: number): Layer {
  const { value } = slot.draft;
  if (value === null || slot.draft.body !== null) return mismatch(slot, 'a block with its arguments');
  const call = blockCall(value, model);
  const { state } = model.world;
  const outer = state.layer;
  state.layer = nLayers;
  try {
    return { index: nLayers, block: labelOf(call, new Map()), equations: expandBlock(call, new Map(), model) };
  } finally {
    state.layer = outer;
  }
}

const expects = 'concat(...) of embed(next) and state, each perhaps normed';

/** `concat(rms.enorm(embed(next)), rms.hnorm(state))` */
function inputs(slot: Slot, model: Section): readonly Input[] {
  const at = settle(slot, (word) => word === 'state');
  const { value } = at.draft;
  if (value === null || at.draft.body !== null) return mismatch(at, expects);
  const joined = value.kind === 'call' && wordOf(value.callee) === 'concat' ? value.args.map((arg) => arg.value) : [value]; // prettier-ignore
  const list = joined.map((expr) => input(expr, at, model));
  const twice = list.find(({ from }, index) => list.findIndex((each) => each.from === from) < index);
  if (list.length > 0 && twice === undefined) return list;
  const found = list.length === 0 ? 'nothing' : `\`${twice?.from ?? ''}\` twice`;
  return fail(at.section, 'wrong-type', value.span, { key: pathOf(at.section, at.key), expected: expects, found });
}

function input(expr: Expr, slot: Slot, model: Section): Input {
  if (expr.kind === 'group') return input(expr.value, slot, model);
  const source = sourceOf(expr);
  if (source !== null) return { from: source, norm: null, instance: null };
  const [inner, more] = expr.kind === 'call' ? expr.args : [];
  const from = inner === undefined ? null : sourceOf(inner.value);
  if (expr.kind !== 'call' || more !== undefined || from === null) return refuse(expr, slot);
  const { callee } = expr;
  const template = callee.kind === 'member' ? wordOf(callee.object) : wordOf(callee);
  const found = template === null ? null : lookup(model, template);
  if (template === null || found === null || found.draft.role !== 'norm') return refuse(expr, slot);
  const spec: NormSpec = normOf(found, slot);
  return { from, norm: spec, instance: callee.kind === 'member' ? `${template}.${callee.name.text}` : template };
}

function normOf(found: Slot, slot: Slot): NormSpec {
  const made = part(found);
  return made.kind === 'norm' ? made.spec : mismatch(slot, expects);
}

function sourceOf(expr: Expr): Input['from'] | null {
  if (wordOf(expr) === 'state') return 'state';
  if (expr.kind !== 'call' || wordOf(expr.callee) !== 'embed') return null;
  const [arg, more] = expr.args;
  return arg !== undefined && more === undefined && wordOf(arg.value) === 'next' ? 'embed' : null;
}

function refuse(expr: Expr, { section, key }: Slot): never {
  return fail(section, 'wrong-type', expr.span, { key: pathOf(section, key), expected: expects, found: `\`${printExpr(expr)}\`` }); // prettier-ignore
}
