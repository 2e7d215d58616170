// Takes: a resolved model. Gives: the lints of its feed-forward parts: widths, ratios, parameters matched to an mlp.
// Promises: W2 once per width, I2 for dense gated units only, W10 where a match is asked for or a ratio is mistaken.
import { attempt, type Section } from '../evaluate/section.ts';
import type { ExpertsSpec, FfnSpec, GluSpec, MlpSpec, Model } from '../model.ts';
import { ffnTree } from '../canonical/ffn-trees.ts';
import { inline } from '../canonical/tree.ts';
import { ffnsOf } from '../resolve/parts.ts';
import { settle, wordOf } from '../schema/key-type.ts';
import { openConstruct } from '../schema/register.ts';
import { widthLint, type Add } from './width.ts';

/** A part and where it stands: `moe`, `moe.expert`, `moe.shared_expert`. */
export interface PlacedFfn {
  readonly path: string;
  readonly spec: FfnSpec;
  /** The experts it is one of. */
  readonly of: ExpertsSpec | null;
}

/** Each part, its inner parts behind it. */
export function placedFfns(model: Model): readonly PlacedFfn[] {
  const within = (path: string, spec: FfnSpec, of: ExpertsSpec | null): PlacedFfn[] => {
    const own = { path, spec, of };
    if (spec.kind !== 'experts') return [own];
    const shared = spec.shared === null ? [] : within(`${path}.shared_expert`, spec.shared.expert, spec);
    return [own, ...within(`${path}.expert`, spec.expert, spec), ...shared];
  };
  return [...ffnsOf(model)].flatMap(([name, spec]) => within(name, spec, null));
}

export function lintFfns(model: Model, section: Section, add: Add): void {
  // A named part first: it is told by its own name, not as the expert that it also is.
  const parts = [...placedFfns(model)].sort((a, b) => Number(a.of !== null) - Number(b.of !== null));
  const told = new Set<string>();
  for (const { path, spec, of } of parts) {
    const text = inline(ffnTree(spec));
    if (spec.kind === 'experts' || told.has(text)) continue;
    told.add(text);
    if (!isMultiple(path, spec.width, of)) widthLint(`${path}.width`, spec.width, add, widthFix(path, spec.width, of, model)); // prettier-ignore
    if (spec.kind === 'glu') lintGlu(path, spec, of, model, section, add);
    if (spec.kind === 'mlp' && of === null) lintMlp(path, spec, model, add);
  }
}

/** Whether a shared expert is some experts wide: then it is told of those. */
function isMultiple(path: string, width: number, of: ExpertsSpec | null): boolean {
  return (
    path.endsWith('.shared_expert') && of !== null && of.expert.kind !== 'experts' && width % of.expert.width === 0
  );
}

/** W2: where the active width is that of a dense part, it is the dense one that moves. */
function widthFix(path: string, width: number, of: ExpertsSpec | null, model: Model): string | null {
  if (of === null) return null;
  const { topK, shared } = of;
  const used = topK + (shared?.count ?? 0);
  const near = [Math.max(64, Math.floor(width / 64) * 64), Math.floor(width / 64) * 64 + 64];
  const dense = [...ffnsOf(model)].find(([, spec]) => spec.kind !== 'experts' && spec.width === width * used)?.[0];
  const widths = [...new Set(near)];
  if (dense === undefined) return `${path}.width = ${widths.join(' or ')}`;
  const active = widths.map((each) => each * used).join(' or ');
  return `${dense}.width = ${active}: ${dense}.width / ${used} is then ${widths.join(' or ')}`;
}

/** I2, W10 */
function lintGlu(
  path: string,
  { width }: GluSpec,
  of: ExpertsSpec | null,
  model: Model,
  section: Section,
  add: Add,
): void {
  // prettier-ignore
  const { dModel } = model;
  const ratio = width / dModel;
  if (isNear(ratio, 8 / 3)) return;
  if (!wantsMatch(path, section)) {
    if (of === null) add('glu-ratio', `${path}.width`, { ffn: path, width, dModel, ratio });
    return;
  }
  const [own, mlp] = [3 * dModel * width, 8 * dModel * dModel];
  const message = `match = mlp, but three maps of width ${width} = ${digits(ratio)} d_model have ${millions(own)} weights, an mlp of 4 d_model ${millions(mlp)}`;
  const fix = `ratio = 8/3 (width ${Math.floor((8 / 3) * (dModel / 64) + 0.5) * 64}), or match = none`;
  add('parameter-match', `${path}.match`, { part: path, message }, { fix });
}

/** W10 */
function lintMlp(path: string, { width }: MlpSpec, { dModel }: Model, add: Add): void {
  const ratio = width / dModel;
  if (!isNear(ratio, 8 / 3)) return;
  const message = `width ${width} = ${digits(ratio)} d_model is the ratio of a gated unit; two maps of it have ${millions(2 * dModel * width)} weights, those of 4 d_model ${millions(8 * dModel * dModel)}`;
  add('parameter-match', `${path}.width`, { part: path, message }, { fix: `ratio = 4 (width ${4 * dModel}), or glu` });
}

/** Within 5 %. */
function isNear(a: number, b: number): boolean {
  return Math.abs(a / b - 1) <= 0.05;
}

/** Whether the file says `match = mlp`: it is a wish about sizes, and no part of the function. */
function wantsMatch(path: string, model: Section): boolean {
  let section = model;
  for (const key of path.split('.')) {
    const draft = section.body.keys.get(key);
    const found = draft && { draft, section, key };
    const inner = found && attempt(() => openConstruct(found));
    if (!inner) return false;
    section = inner;
  }
  const draft = section.body.keys.get('match');
  const said = draft && settle({ draft, section, key: 'match' }, (word) => word === 'mlp');
  return said !== undefined && wordOf(said.draft.value) === 'mlp';
}

function millions(count: number): string {
  return `${digits(count / 1e6)}M`;
}

function digits(x: number): string {
  return String(Number(x.toPrecision(4)));
}
