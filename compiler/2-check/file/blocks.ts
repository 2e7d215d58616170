// Takes: the train and generate blocks of a file and its models. Gives: a spec for each model a block applies to.
// Promises: a block belongs to the model it names, else to the file's only one, and to that model's variants, each
//   with its own overrides; a model without a generate block gets std's.
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import type { Body } from '../draft/draft.ts';
import { nearest } from '../draft/names.ts';
import { overlayBody } from '../draft/overlay.ts';
import type { Prelude } from '../draft/prelude.ts';
import { attempt } from '../evaluate/section.ts';
import type { GenerateSpec, TrainSpec } from '../model.ts';
import { generateSpec } from '../train/generate.ts';
import { trainSpec, type BlockOf } from '../train/train.ts';
import { blockOverride, isBlockKey, type FileModel } from './models.ts';
import type { BlockOutline, Outline } from './outline.ts';

interface Context {
  readonly models: readonly FileModel[];
  readonly prelude: Prelude;
  readonly report: (diagnostic: Diagnostic) => void;
}

export interface Specs {
  readonly trains: readonly { readonly spec: TrainSpec; readonly model: FileModel }[];
  readonly generates: readonly GenerateSpec[];
}

export function resolveBlocks(outline: Outline, context: Context): Specs {
  const trains: { spec: TrainSpec; model: FileModel }[] = [];
  const generates: GenerateSpec[] = [];
  checkOverrides(outline, context);
  for (const block of outline.blocks) {
    for (const model of targets(block, context)) {
      const resolved = model.resolved?.model ?? null;
      const own = { name: block.name, body: bodyFor(block, model, context), span: block.span };
      if (block.role === 'train') {
        const spec = attempt(() => trainSpec(own, model.section, resolved));
        if (spec !== null) trains.push({ spec, model });
      } else {
        const spec = attempt(() => generateSpec(own, model.section, resolved));
        if (spec !== null) generates.push(spec);
      }
    }
  }
  return { trains, generates: [...generates, ...defaultGenerates(outline, generates, context)] };
}

/** Models that no generate block is for, when they can be decoded at all. */
function defaultGenerates(outline: Outline, given: readonly GenerateSpec[], context: Context): GenerateSpec[] {
  if (outline.blocks.some(({ role }) => role === 'generate')) return [];
  const silent = context.models.filter(({ name }) => !given.some(({ model }) => model === name));
  return silent.flatMap(({ section, resolved }) => {
    if (resolved === null) return [];
    const quiet = { ...section, world: { ...section.world, report: () => {} } };
    const block: BlockOf = { name: 'generate', body: context.prelude.generate, span: section.span };
    return attempt(() => generateSpec(block, quiet, resolved.model)) ?? [];
  });
}

/** The model a block is for, and its variants. */
function targets(block: BlockOutline, { models, report }: Context): readonly FileModel[] {
  const draft = block.body.keys.get('model');
  const named = draft?.value?.kind === 'name' ? draft.value.name : null;
  const roots = models.filter(({ lineage }) => lineage.length === 1);
  if (draft !== undefined) {
    const found = models.find(({ name }) => name === named);
    if (found !== undefined) return family(found, models);
    const near = nearest(named ?? '', models.map(({ name }) => name)); // prettier-ignore
    const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
    report(diagnostic('unknown-model', draft.value?.span ?? draft.span, { name: named ?? '' }, extra));
    return [];
  }
  const [only, second] = roots;
  if (only !== undefined && second === undefined) return family(only, models);
  if (second !== undefined) {
    const fix = `model = ${roots.map(({ name }) => name).join(' or ')}`;
    report(diagnostic('missing-key', block.span, { key: 'model', owner: `${block.role} ${block.name}` }, { fix }));
  }
  return [];
}

function family(model: FileModel, models: readonly FileModel[]): readonly FileModel[] {
  return models.filter(({ lineage }) => lineage.some(({ name }) => name === model.name));
}

/** std, then the block, then what each variant on the way says about it. */
function bodyFor(block: BlockOutline, { lineage }: FileModel, { prelude, report }: Context): Body {
  const overrides = [...lineage].reverse().flatMap((outline) => blockOverride(outline, block.role, block.name) ?? []);
  const layers = [block.body, ...overrides];
  return layers.reduce(
    (base, body) =>
      overlayBody(base, body, (name, { span }) =>
        report(diagnostic('let-override', span, { name, model: block.name })),
      ),
    defaultsFor(block, layers, prelude),
  );
}

/** std's optimizer stands in for none, not beside the file's own. */
function defaultsFor(block: BlockOutline, layers: readonly Body[], prelude: Prelude): Body {
  const std = prelude[block.role];
  const own = layers.some(({ keys }) => [...keys.values()].some(({ role }) => role === 'optimizer'));
  if (!own) return std;
  return { ...std, keys: new Map([...std.keys].filter(([, { role }]) => role !== 'optimizer')) };
}

/** A variant can only override blocks that the file has. */
function checkOverrides(outline: Outline, { report }: Context): void {
  const known = new Set(outline.blocks.map(({ role, name }) => (role === name ? role : `${role} ${name}`)));
  for (const { body } of outline.models) {
    for (const [key, { span }] of body.keys) {
      if (isBlockKey(key) && !known.has(key)) report(diagnostic('unknown-name', span, { name: key }));
    }
  }
}
