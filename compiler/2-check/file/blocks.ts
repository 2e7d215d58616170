// Takes: the train, generate, data and sweep blocks of a file and its models. Gives: each block for each model it is for.
// Promises: a block belongs to the model it names (a stage to that of the stage before it), else to the file's only one,
//   and to that model's variants, each with its own overrides; a model without a generate block gets std's.
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import { nearest } from '../draft/names.ts';
import type { Prelude } from '../draft/prelude.ts';
import { attempt, type Section } from '../evaluate/section.ts';
import type { DataBlock, GenerateBlock, SweepBlock, TrainBlock } from '../model.ts';
import type { Applied } from '../train/applied.ts';
import { dataBlock } from '../train/data.ts';
import { generateBlock } from '../train/generate.ts';
import { sweepBlock } from '../train/sweep.ts';
import { trainBlock } from '../train/train.ts';
import { bodyFor, ownLayers, stagesBefore } from './layers.ts';
import { blockOverride, isBlockKey, type FileModel } from './models.ts';
import type { BlockOutline, Outline } from './outline.ts';

interface Context {
  readonly models: readonly FileModel[];
  readonly prelude: Prelude;
  /** In which data blocks stand. */
  readonly file: Section;
  readonly report: (diagnostic: Diagnostic) => void;
}

export interface Blocks {
  readonly trains: readonly { readonly block: TrainBlock; readonly model: FileModel }[];
  readonly generates: readonly { readonly block: GenerateBlock; readonly model: FileModel }[];
  readonly data: readonly DataBlock[];
  readonly sweeps: readonly SweepBlock[];
}

export function resolveBlocks(outline: Outline, context: Context): Blocks {
  const trains: { block: TrainBlock; model: FileModel }[] = [];
  const generates: { block: GenerateBlock; model: FileModel }[] = [];
  checkOverrides(outline, context);
  const data = dataBlocks(outline, context);
  const sweeps = outline.blocks.flatMap((block) =>
    block.role === 'sweep' ? (sweep(block, outline, context) ?? []) : [],
  );
  for (const block of outline.blocks) {
    if (block.role !== 'train' && block.role !== 'generate') continue;
    for (const model of targets(block, outline, context)) {
      const body = bodyFor(block, model, { ...context, blocks: outline.blocks });
      if (body === null) continue;
      const own = { name: block.name, body, span: block.span };
      const applied = apply(block, model, outline, data);
      if (block.role === 'train') {
        const found = attempt(() => trainBlock(own, applied));
        if (found !== null) trains.push({ block: found, model });
      } else {
        const found = attempt(() => generateBlock(own, applied));
        if (found !== null) generates.push({ block: found, model });
      }
    }
  }
  const sound = [...data.values()].filter((each) => each !== null);
  return { trains, generates: [...generates, ...defaultGenerates(outline, context)], data: sound, sweeps };
}

function apply(block: BlockOutline, model: FileModel, { blocks }: Outline, data: Applied['data']): Applied {
  const { name, section, resolved, towers, lineage } = model;
  const own = ownLayers(block, model).length > 1;
  const changed = stagesBefore(block, blocks).some((stage) => lineage.some((each) => blockOverride(each, stage.role, stage.name) !== null)); // prettier-ignore
  return {
    name,
    section,
    model: resolved?.model ?? null,
    towers,
    strict: own || lineage.length === 1 || namedModel(block) === name,
    mayDiffer: changed && !own,
    data,
  };
}

function dataBlocks({ blocks }: Outline, { file, prelude }: Context): Map<string, DataBlock | null> {
  const std = prelude.defaults.get('data data');
  return new Map(
    blocks.flatMap((block): [string, DataBlock | null][] => {
      if (block.role !== 'data') return [];
      const keys = new Map([...(std?.keys ?? []), ...block.body.keys]);
      const body = { keys, clauses: block.body.clauses };
      return [[block.name, attempt(() => dataBlock({ ...block, body }, file))]];
    }),
  );
}

function sweep(block: BlockOutline, outline: Outline, context: Context): SweepBlock | null {
  const [model] = targets(block, outline, context);
  return model === undefined ? null : attempt(() => sweepBlock(block, model.section, model.name));
}

/** Of models that no generate block is for, when they can be decoded at all. */
function defaultGenerates(outline: Outline, context: Context): { block: GenerateBlock; model: FileModel }[] {
  if (outline.blocks.some(({ role }) => role === 'generate')) return [];
  return context.models.flatMap((model) => {
    const { section, resolved } = model;
    if (resolved === null) return [];
    const quiet = { ...section, world: { ...section.world, report: () => {} } };
    const own = { name: 'generate', body: context.prelude.generate, span: section.span };
    const applied = { name: model.name, section: quiet, model: resolved.model, towers: null, strict: true, mayDiffer: false, data: new Map() }; // prettier-ignore
    const block = attempt(() => generateBlock(own, applied));
    return block === null ? [] : [{ block, model }];
  });
}

function namedModel({ body }: BlockOutline): string | null {
  const value = body.keys.get('model')?.value;
  return value?.kind === 'name' ? value.name : null;
}

/** The model a block is for, and its variants. */
function targets(block: BlockOutline, outline: Outline, { models, report }: Context): readonly FileModel[] {
  const line = [block, ...(block.role === 'train' ? stagesBefore(block, outline.blocks) : [])];
  const naming = line.find(({ body }) => body.keys.has('model'));
  const draft = naming?.body.keys.get('model');
  const roots = models.filter(({ lineage }) => lineage.length === 1);
  if (naming !== undefined && draft !== undefined) {
    const name = namedModel(naming);
    const found = models.find((each) => each.name === name);
    if (found !== undefined) return family(found, models);
    if (naming !== block) return [];
    const near = nearest(name ?? '', models.map((each) => each.name)); // prettier-ignore
    const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
    report(diagnostic('unknown-model', draft.value?.span ?? draft.span, { name: name ?? '' }, extra));
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

/** A variant can only override blocks that the file has. */
function checkOverrides(outline: Outline, { report }: Context): void {
  const known = new Set(outline.blocks.map(({ role, name }) => (role === name ? role : `${role} ${name}`)));
  for (const { body } of outline.models) {
    for (const [key, { span }] of body.keys) {
      if (isBlockKey(key) && !known.has(key)) report(diagnostic('unknown-name', span, { name: key }));
    }
  }
}
