// Takes: the section of a model of towers, everything overlaid. Gives: the TowerModel.
// Promises: every tower is resolved as a model of its own, with its faults; a model with a fault is not built.
import { canonicalTowers } from '../../canonical/tower-tree.ts';
import { attempt, fail, Stop, type Section } from '../../evaluate/section.ts';
import type { Body } from '../../draft/draft.ts';
import type { NormSpec, Tower, TowerInput, TowerModel } from '../../model.ts';
import { readKeys, type ReadKeys, type Slot } from '../../schema/key-type.ts';
import { construct } from '../../schema/kind.ts';
import { ownersOf, type BuiltBy } from '../../schema/register.ts';
import { towerKind, towersKeys, type poolKind } from '../../schema/parts/tower-kinds.ts';
import type { normKind } from '../../schema/norm-kinds.ts';
import { spanOf } from '../mixers/place.ts';
import { checkDeclared, checkUsed, isTower, isTowerSection } from '../declared.ts';
import { initOf } from '../init.ts';
import { resolveLayers } from '../layers.ts';
import { checkModelAssertions } from '../model.ts';
import { normSpec } from '../norm.ts';
import { resolveStack } from '../stack.ts';

const places = ['embed', 'embed.positions', 'patches', 'cls', 'project'] as const;

type TowerKeys = ReadKeys<typeof towerKind.constructors.tower.keys>;

/** Whether a model block holds towers: then it is one of towers. */
export function hasTowers({ keys }: Body): boolean {
  return [...keys.values()].some(({ role }) => role === 'tower');
}

/** @throws Stop after the faults were reported. */
export function resolveTowers(model: Section, name: string): TowerModel {
  const keys = attempt(() => readKeys(towersKeys, model, ownersOf, isTower));
  const slots = [...model.body.keys].flatMap(([key, draft]): Slot[] =>
    draft.role === 'tower' ? [{ draft, section: model, key }] : [],
  );
  const bias = keys?.project.keys.bias ?? false;
  const towers = slots.flatMap((slot) => attempt(() => resolveTower(slot, bias)) ?? []);
  if (keys === null || towers.length < slots.length) throw new Stop(name);
  if (towers.length < 2) {
    const range = 'at least 2: towers are compared with each other';
    fail(model, 'out-of-range', model.span, { key: `towers of ${name}`, value: towers.length, range });
  }
  const { project, temperature } = keys;
  const { init, apply } = temperature.keys;
  const bare = {
    name,
    towers,
    project: { dim: project.keys.dim, bias },
    temperature: { learned: temperature.constructor === 'learned', init, apply },
    span: model.span,
  };
  return { ...bare, canonical: canonicalTowers({ ...bare, canonical: '' }) };
}

function resolveTower(slot: Slot, bias: boolean): Tower {
  const { section } = construct(slot, towerKind);
  const keys = attempt(() => readKeys(towerKind.constructors.tower.keys, section, ownersOf, isTowerSection));
  const declared = checkDeclared(section, keys?.n_layers ?? 1, places);
  if (keys === null || !declared) throw new Stop(slot.key);
  checkModelAssertions(section);
  const { input, inputs } = inputOf(keys, section);
  const { d_model: dModel, n_layers: nLayers, cls, pos, pool } = keys;
  const context = inputs + (cls === null ? 0 : 1);
  const layers = resolveLayers(resolveStack(section, nLayers), section);
  checkUsed(section);
  return {
    name: slot.key,
    input,
    context,
    positions: pos === null ? null : { length: context, init: initOf(section, { place: 'embed.positions' }) },
    classToken: cls === null ? null : initOf(section, { place: 'cls' }),
    dModel,
    nLayers,
    layers,
    preNorm: normOf(keys.pre_norm),
    postNorm: normOf(keys.post_norm),
    pool: pool.constructor === 'mean' ? { kind: 'mean' } : { kind: 'token', token: poolToken(pool, context) },
    project: { bias, init: initOf(section, { place: 'project' }) },
  };
}

function normOf(norm: BuiltBy<typeof normKind> | null): NormSpec | null {
  return norm === null ? null : normSpec(norm);
}

/** Tokens, or patches; `inputs`: how many positions they take. @throws Stop */
function inputOf(keys: TowerKeys, section: Section): { readonly input: TowerInput; readonly inputs: number } {
  const { vocab, context, patches } = keys;
  const owner = `tower ${section.path}`;
  if (patches === null) {
    const missing = vocab === null ? 'vocab` or `patches' : 'context';
    if (vocab === null || context === null) return fail(section, 'missing-key', section.span, { key: missing, owner });
    return { input: { kind: 'token', vocab, init: initOf(section, { place: 'embed' }) }, inputs: context };
  }
  for (const key of ['vocab', 'context'] as const) {
    const fix = 'a tower of images takes its positions from `patches`';
    if (keys[key] === null) continue;
    fail(section, 'foreign-key', spanOf(section, key), { key, owner: 'towers of images', others: 'towers of texts' }, { fix }); // prettier-ignore
  }
  const { size, of, channels, bias } = patches.keys;
  if (of % size !== 0) {
    const span = patches.construct.span;
    fail(section, 'not-whole', span, { key: `${section.path}.patches: of / size`, value: of / size });
  }
  const projection = { bias, init: initOf(section, { place: 'patches' }) };
  return { input: { kind: 'patches', size, image: of, channels, projection }, inputs: (of / size) ** 2 };
}

type TokenPool = Extract<BuiltBy<typeof poolKind>, { readonly constructor: 'token' }>;

function poolToken({ keys: { at }, construct: made }: TokenPool, context: number): number | 'eos' {
  if (at === 'eos' || at < context) return at;
  return fail(made.section, 'out-of-range', made.span, { key: 'pool: token', value: at, range: `below ${context}, the positions there are` }); // prettier-ignore
}
