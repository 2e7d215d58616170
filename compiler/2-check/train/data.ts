// Takes: a data block. Gives: it, resolved. Promises: shares of its sources sum to 1; a filter says what judges.
import type { Expr } from '../../1-syntax/ast.ts';
import { attempt, fail, sectionOf, Stop, tell, type Section } from '../evaluate/section.ts';
import type { DataBlock, DedupBlock, FilterBlock, SourceBlock } from '../model.ts';
import { dedupKind, sourceKind } from '../schema/data/data-kinds.ts';
import { filterKind } from '../schema/data/filter-kinds.ts';
import { dataKind } from '../schema/data/sweep-kind.ts';
import { readKeys, type KeyType, type Slot } from '../schema/key-type.ts';
import { ownersOf } from '../schema/register.ts';
import { plainType, sectionType } from '../schema/train/plain.ts';
import type { BlockOf } from './applied.ts';

const [sourceType, filterType, dedupType] = [sectionType(sourceKind), sectionType(filterKind), plainType(dedupKind)];
const roles = new Set(['source', 'filter', 'dedup']);

/** @throws Stop */
export function dataBlock({ name, body, span }: BlockOf, parent: Section): DataBlock {
  const section = sectionOf({ path: '', owner: 'data data', parent, body, span }, parent.world);
  const keys = attempt(() => readKeys(dataKind.constructors.data.keys, section, ownersOf, (draft) => roles.has(draft.role ?? ''))); // prettier-ignore
  for (const clause of body.clauses) tell(section, 'unknown-key', clause.span, { key: clause.keyword, owner: 'data' });
  const sources = partsOf(section, 'source', (part) => ({ ...read(sourceType, part), ...part }));
  const filters = partsOf(section, 'filter', (part) => ({ ...part, spec: checkFilter(read(filterType, part), part) }));
  const dedups = partsOf(section, 'dedup', (part) => dedupOf(part));
  if (keys === null || [...sources, ...filters, ...dedups].includes(null) || body.clauses.length > 0)
    throw new Stop(name);
  const sound = sources.filter((each) => each !== null);
  const total = sound.reduce((sum, { weight }) => sum + weight, 0);
  return {
    name,
    ...keys,
    sources: sound.map(({ name: source, path: paths, weight, span: at }): SourceBlock => ({ name: source, paths, weight, share: weight / total, span: at })), // prettier-ignore
    filters: filters.flatMap((each): FilterBlock[] => (each === null ? [] : [{ name: each.name, ...each.spec, span: each.span }])), // prettier-ignore
    dedups: dedups.filter((each) => each !== null),
    span,
  };
}

interface Part {
  readonly name: string;
  readonly slot: Slot;
  readonly span: Section['span'];
}

/** `source web { ... }` is the key `source web`. Null: a part with a fault. */
function partsOf<T>(section: Section, role: string, make: (part: Part) => T): (T | null)[] {
  return [...section.body.keys].flatMap(([key, draft]) => {
    if (draft.role !== role) return [];
    const name = key.slice(role.length + 1);
    const slot = { draft, section, key: key.replace(' ', '.') };
    return [attempt(() => make({ name, slot, span: draft.span }))];
  });
}

function read<T>(type: KeyType<T>, { slot }: Part): T {
  return type.read(slot);
}

function dedupOf(part: Part): DedupBlock {
  const { draft } = part.slot;
  const word: Expr = { kind: 'name', name: part.name, span: draft.span };
  const spec = dedupType.read({ ...part.slot, draft: { ...draft, value: draft.value ?? word } });
  if (spec.kind === 'exact') return { ...spec, span: part.span };
  return { ...spec, threshold: (1 / spec.bands) ** (1 / spec.rows), span: part.span };
}

/** A filter either asks a model, or draws documents like a target. */
function checkFilter(spec: Omit<FilterBlock, 'name' | 'span'>, { name, slot, span }: Part): typeof spec {
  const { keep, model, target, features } = spec;
  const lacks = (key: string): never => fail(slot.section, 'missing-key', span, { key, owner: `filter ${name}` });
  const spare = (key: string): never => fail(slot.section, 'unused-name', slot.draft.body?.keys.get(key)?.span ?? span, { name: key }); // prettier-ignore
  if (keep.kind === 'importance') {
    if (target.length === 0) lacks('target');
    if (features === null) lacks('features');
    return spec;
  }
  const ofModel = keep.kind === 'random' || keep.of !== 'length';
  if (ofModel && model === null) lacks('model');
  if (target.length > 0) spare('target');
  if (features !== null) spare('features');
  return spec;
}
