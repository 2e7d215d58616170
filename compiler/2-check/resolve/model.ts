// Takes: a model's section, everything overlaid. Gives: the Model.
// Promises: every declared part is checked, used or not; a model with a fault is not built.
import { checkCondition } from '../evaluate/condition.ts';
import { attempt, fail, Stop, tell, type Section } from '../evaluate/section.ts';
import { canonicalText } from '../canonical/text.ts';
import type { EmbedSpec, Equation, HeadSpec, Layer, Model } from '../model.ts';
import { readKeys, type Slot } from '../schema/key-type.ts';
import { embedKind, headKind, modelKeys } from '../schema/kinds.ts';
import { buildOf, ownersOf } from '../schema/register.ts';
import { blockCall, expandBlock, labelOf, part } from './block.ts';
import { checkInitTargets, initOf } from './init.ts';
import { mtpSpec } from './mtp.ts';
import { normSpec } from './norm.ts';
import { resolveStack, type Stack } from './stack.ts';
import { unbuiltRoles } from '../draft/from-items.ts';
import type { Draft } from '../draft/draft.ts';

export interface ResolvedModel {
  readonly model: Model;
  readonly stack: Stack;
}

const partRoles: ReadonlySet<string> = new Set(['norm', 'mixer', 'ffn']);
/** Keys of a model block that have a block of their own. */
const sections: ReadonlySet<string> = new Set(['embed', 'head', 'init', 'stack', 'mtp']);

/** @throws Stop after the faults were reported. */
export function resolveModel(section: Section, name: string): ResolvedModel {
  checkTowers(section);
  const sizes = attempt(() => readKeys(modelKeys, section, ownersOf, isSection));
  const declared = section.world.sizesOnly || checkDeclared(section);
  if (sizes === null) throw new Stop(name);
  const { vocab, context, d_model: dModel, n_layers: nLayers } = sizes;
  const embed = attempt(() => embedSpec(section, vocab));
  const head = attempt(() => headSpec(section));
  const stack = attempt(() => resolveStack(section, nLayers));
  if (stack === null || embed === null || head === null || !declared) throw new Stop(name);
  const layers = resolveLayers(stack, section);
  const bare = {
    name,
    vocab,
    context,
    dModel,
    nLayers,
    embed,
    layers,
    head,
    mtp: mtpSpec(section, nLayers),
    weights: [],
    span: section.span,
  };
  const canonical = section.world.sizesOnly ? '' : canonicalText({ ...bare, canonical: '' });
  return { model: { ...bare, canonical }, stack };
}

function isSection(draft: Draft, key: string): boolean {
  return (
    sections.has(key) ||
    unbuiltRoles.has(key) ||
    draft.role !== null ||
    key.startsWith('train ') ||
    key.startsWith('generate ')
  );
}

/** A model of towers is another kind of model: nothing else of it can be read. */
function checkTowers(section: Section): void {
  const towers = [...section.body.keys].filter(([, { role }]) => role === 'tower');
  towers.forEach(([name, { span }]) => tell(section, 'todo-block', span, { name }));
  if (towers.length > 0) throw new Stop('tower');
}

/** Parts are checked even when no block uses them; what is not built is named. */
function checkDeclared(section: Section): boolean {
  let sound = true;
  checkInitTargets(section);
  checkUsed(section);
  for (const [key, draft] of section.body.keys) {
    const slot: Slot = { draft, section, key };
    const { role } = draft;
    if (unbuiltRoles.has(role ?? key)) {
      tell(section, 'todo-block', draft.span, { name: key });
      // A map of names on disk does not change the function.
      sound &&= role === 'weights';
    } else if (role !== null && partRoles.has(role) && atLayer(section, 0, () => attempt(() => part(slot))) === null) {
      sound = false;
    }
  }
  return sound;
}

/** E1: every part and block is named somewhere, if only as what another one derives from. */
function checkUsed(section: Section): void {
  const { usedNames, prelude } = section.world;
  for (const [key, { role, span }] of section.body.keys) {
    const named = role !== null && (partRoles.has(role) || role === 'block');
    if (!named || usedNames.has(key) || prelude.names.has(key) || prelude.files.has(span.file)) continue;
    tell(section, 'unused-name', span, { name: key });
  }
}

function atLayer<T>(section: Section, layer: number, run: () => T): T {
  const { state } = section.world;
  const outer = state.layer;
  state.layer = layer;
  try {
    return run();
  } finally {
    state.layer = outer;
  }
}

/** Layers of one label share their equations when nothing in them depends on the layer. */
function resolveLayers(stack: Stack, section: Section): readonly Layer[] {
  const shared = new Map<string, readonly Equation[]>();
  const { state } = section.world;
  return stack.places.map(({ expr, named }, index) =>
    atLayer(section, index, () => {
      const call = blockCall(expr, section);
      const block = labelOf(call, named);
      const known = shared.get(block);
      if (known !== undefined) return { index, block, equations: known };
      state.usesLayer = false;
      const equations = expandBlock(call, named, section);
      if (!state.usesLayer) shared.set(block, equations);
      return { index, block, equations };
    }),
  );
}

function embedSpec(section: Section, vocab: number): EmbedSpec {
  const slot = sectionSlot(section, 'embed');
  const { keys } = buildOf(slot, embedKind);
  const init = initOf(section, { place: 'embed' });
  const { tie, pos } = keys;
  const head = section.body.keys.get('head');
  const heads = head?.value?.kind === 'name' ? ['head', head.value.name] : ['head'];
  if (tie.word !== 'none' && !heads.includes(tie.word ?? '')) {
    const message = `embed.tie = ${tie.word ?? '?'}, but the head is ${heads.at(-1) ?? 'head'}`;
    fail(
      section,
      'tied-head',
      tie.draft.value?.span ?? tie.draft.span,
      { message },
      { fix: 'embed.tie = head, or none' },
    );
  }
  return {
    tied: tie.word !== 'none',
    rows: vocab,
    scale: keys.scale,
    positions: pos === null ? null : { length: pos.keys.length, init: initOf(section, { place: 'embed.positions' }) },
    norm: keys.norm === null ? null : normSpec(keys.norm),
    init,
  };
}

function headSpec(section: Section): HeadSpec {
  const { keys } = buildOf(sectionSlot(section, 'head'), headKind);
  const { norm, scale, softcap, bias } = keys;
  const init = initOf(section, { place: 'head' });
  return { norm: norm === null ? null : normSpec(norm), scale, softcap, bias, init };
}

function sectionSlot(section: Section, key: string): Slot {
  const draft = section.body.keys.get(key);
  return draft === undefined
    ? fail(section, 'missing-key', section.span, { key, owner: 'model' })
    : { draft, section, key };
}

/** `assert` and `require` of the model block, which may ask for its own size. */
export function checkModelAssertions(section: Section): void {
  for (const { keyword, args, span } of section.body.clauses) {
    if (keyword !== 'assert' && keyword !== 'require') {
      tell(section, 'unknown-key', span, { key: keyword, owner: 'model' });
    } else args.forEach((arg) => attempt(() => checkCondition(arg, section)));
  }
}
