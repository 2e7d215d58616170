// Takes: nothing. Gives: the model a train or generate block is applied to, and its parameters by class and by part.
// Promises: `matches` knows no layers: `attn.q` is that of every layer, of every tower, of multi-token prediction.
import type { Body } from '../draft/draft.ts';
import type { Span } from '../../../grammar/source.ts';
import type { Section } from '../evaluate/section.ts';
import type { DataBlock, Model, ParameterSelector, TowerModel } from '../model.ts';
import { parameters } from '../parameters/parameters.ts';
import type { Parameter } from '../parameters/parameter.ts';
import { towerParameters } from '../parameters/towers.ts';

/** A block of one role as the file has it, std and variants laid over each other. */
export interface BlockOf {
  readonly name: string;
  readonly body: Body;
  readonly span: Span;
}

/** What a block is applied to. */
export interface Applied {
  readonly name: string;
  /** Of the model: the block's names are looked up here. */
  readonly section: Section;
  /** Both null: it could not be built; the block is checked all the same. */
  readonly model: Model | null;
  readonly towers: TowerModel | null;
  /** False: a variant that says nothing of this block, so what it does not have of it is no fault. */
  readonly strict: boolean;
  /** True: an earlier stage of the block is the variant's own, so the block may be for its base alone. */
  readonly mayDiffer: boolean;
  readonly data: ReadonlyMap<string, DataBlock | null>;
}

const known = new WeakMap<Model | TowerModel, readonly Parameter[]>();

export function parametersOf({ model, towers }: Applied): readonly Parameter[] {
  const from = model ?? towers;
  if (from === null) return [];
  const list =
    known.get(from) ?? (model === null ? (towers === null ? [] : towerParameters(towers)) : parameters(model));
  known.set(from, list);
  return list;
}

/** Whether a part's path is a parameter's, or above it. */
export function isUnder(path: string, { name }: Parameter): boolean {
  const plain = name
    .replace(/(^|\.)layers\.\d+(?=\.|$)/, '')
    .replace(/^\./, '')
    .replace(/^mtp\.\d+/, 'mtp');
  const starts = [plain, plain.slice(plain.indexOf('.') + 1), name];
  return starts.some((each) => each === path || each.startsWith(`${path}.`));
}

/** `all` and `rest` are no names of a parameter. */
export function names(selector: ParameterSelector, parameter: Parameter): boolean {
  return selector.kind === 'part' ? isUnder(selector.path, parameter) : selector.name === parameter.class;
}

export function selectorText(selector: ParameterSelector): string {
  return selector.kind === 'part' ? selector.path : selector.name;
}
