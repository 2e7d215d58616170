// Takes: a block of the file and the model it is for. Gives: std, the stage it goes on from, the block itself and what each
//   variant says of it, laid over each other. Promises: what a later layer sets wins; a ring of stages is reported.
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import type { Body, Draft } from '../draft/draft.ts';
import { nearest } from '../draft/names.ts';
import { overlayBody } from '../draft/overlay.ts';
import type { Prelude } from '../draft/prelude.ts';
import { blockOverride, type FileModel } from './models.ts';
import type { BlockOutline } from './outline.ts';

export interface LayerContext {
  readonly blocks: readonly BlockOutline[];
  readonly prelude: Prelude;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** How long a run is, said in one of these ways. */
const lengths = ['steps', 'tokens', 'epochs'];
/** What a stage does not take over from the one before it. */
const ownOfStage = new Set(['from', 'init', 'teacher', 'reward', 'params', 'lora']);

/** Null: a fault, reported. */
export function bodyFor(
  block: BlockOutline,
  model: FileModel,
  context: LayerContext,
  later: readonly BlockOutline[] = [],
): Body | null {
  // prettier-ignore
  const { prelude, report } = context;
  const own = ownLayers(block, model);
  const stage = block.role === 'train' ? stageOf(own) : null;
  if (stage !== null && (later.includes(block) || stage.name === block.name)) {
    const path = [...later.map(({ name }) => name), block.name, stage.name];
    report(diagnostic('cycle', stage.span, { path: later.includes(block) ? path.slice(0, -1) : path }));
    return null;
  }
  const earlier = stage === null ? null : earlierStage(stage, context);
  if (earlier === 'unknown') return null;
  const before = earlier === null ? null : bodyFor(earlier, model, context, [...later, block]);
  if (earlier !== null && before === null) return null;
  const std = withoutSeq(block.role === 'generate' ? prelude.generate : prelude.train, model);
  const taken = before === null ? std : without(before, (key) => ownOfStage.has(key));
  const base = before === null ? taken : { ...taken, keys: new Map([...fromStd(std), ...taken.keys]) };
  const replaced = own.some(({ keys }) => [...keys.values()].some(({ role }) => role === 'optimizer'));
  const start = replaced ? without(base, (_, { role }) => role === 'optimizer') : base;
  return own.reduce((body, patch) => lay(body, patch, (name, { span }) => report(diagnostic('let-override', span, { name, model: block.name }))), start); // prettier-ignore
}

/** The block itself, then what each variant on the way says about it. */
export function ownLayers(block: BlockOutline, { lineage }: FileModel): readonly Body[] {
  return [
    block.body,
    ...[...lineage].reverse().flatMap((outline) => blockOverride(outline, block.role, block.name) ?? []),
  ];
}

/** std's value of what no stage takes over. */
function fromStd(std: Body): [string, Draft][] {
  return [...std.keys].filter(([key]) => ownOfStage.has(key));
}

function lay(base: Body, patch: Body, onLet: Parameters<typeof overlayBody>[2]): Body {
  const isLong = lengths.some((key) => patch.keys.has(key));
  return overlayBody(isLong ? without(base, (key) => lengths.includes(key)) : base, patch, onLet);
}

function without({ keys, clauses }: Body, isOut: (key: string, draft: Draft) => boolean): Body {
  return { keys: new Map([...keys].filter(([key, draft]) => !isOut(key, draft))), clauses };
}

/** A model of towers has no context that a sequence could be as long as. */
function withoutSeq(std: Body, { towers, section }: FileModel): Body {
  const isTowers = towers !== null || !section.body.keys.has('context');
  return isTowers ? without(std, (key) => key === 'seq') : std;
}

/** The name behind `from`; null: none, or a checkpoint. */
export function stageOf(layers: readonly Body[]): { readonly name: string; readonly span: Draft['span'] } | null {
  const draft = layers.findLast(({ keys }) => keys.has('from'))?.keys.get('from');
  const value = draft?.value;
  return value?.kind === 'name' && value.name !== 'none' ? { name: value.name, span: value.span } : null;
}

function earlierStage(
  stage: { name: string; span: Draft['span'] },
  { blocks, report }: LayerContext,
): BlockOutline | 'unknown' {
  // prettier-ignore
  const trains = blocks.filter(({ role }) => role === 'train');
  const found = trains.find(({ name }) => name === stage.name);
  if (found !== undefined) return found;
  const names = trains.map(({ name }) => name);
  const near = nearest(stage.name, names);
  const fix =
    near === null ? `runs of this file: ${names.join(', ')}; a checkpoint is a text` : `did you mean \`${near}\`?`;
  report(diagnostic('unknown-name', stage.span, { name: stage.name }, { fix }));
  return 'unknown';
}

/** The stages before a block, nearest first. */
export function stagesBefore(block: BlockOutline, blocks: readonly BlockOutline[]): readonly BlockOutline[] {
  const line: BlockOutline[] = [];
  for (let at: BlockOutline | undefined = block; at !== undefined;) {
    const stage = stageOf([at.body]);
    const before: BlockOutline | undefined = blocks.find(({ role, name }) => role === 'train' && name === stage?.name);
    if (before === undefined || line.includes(before) || before === block) return line;
    line.push(before);
    at = before;
  }
  return line;
}
