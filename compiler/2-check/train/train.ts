// Takes: a train block, std, its earlier stage and a variant's overrides laid over each other, and the model it is for.
// Gives: the block, resolved. Promises: E10 to E12 and the sizes: what is given here could be trained.
import { nearest } from '../draft/names.ts';
import { attempt, fail, sectionOf, Stop, tell, type Section } from '../evaluate/section.ts';
import type { BatchBlock, DataBlock, DataSource, TokenizerBlock, TrainBlock } from '../model.ts';
import { readKeys } from '../schema/key-type.ts';
import { ownersOf } from '../schema/register.ts';
import { trainKind } from '../schema/train/train-kind.ts';
import { spanOf } from '../resolve/mixers/place.ts';
import { isUnder, parametersOf, type Applied, type BlockOf } from './applied.ts';
import { batchOf, stepsFor, tokensFor } from './length.ts';
import { checkLoss } from './loss.ts';
import { checkCoverage, readOptimizers } from './optimizer.ts';

type Keys = typeof trainKind.constructors.train.keys;
type Read = ReturnType<typeof readKeys<Keys>>;

/** @throws Stop */
export function trainBlock(block: BlockOf, applied: Applied): TrainBlock {
  const { name, body, span } = block;
  const parent = applied.section;
  const section = sectionOf({ path: 'train', owner: 'train train', parent, body, span }, parent.world);
  const optimizers = attempt(() => readOptimizers(section));
  const keys = attempt(() => readKeys(trainKind.constructors.train.keys, section, ownersOf, (draft) => draft.role === 'optimizer')); // prettier-ignore
  for (const clause of body.clauses) tell(section, 'unknown-key', clause.span, { key: clause.keyword, owner: 'train' });
  const isBuilt = applied.model !== null || applied.towers !== null;
  if (keys === null || optimizers === null || !isBuilt || body.clauses.length > 0) throw new Stop('train');
  const data = sourceOf(section, keys.data, 'data', applied);
  const held = keys.validation.data;
  const validation = {
    ...keys.validation,
    data: held === null ? null : sourceOf(section, held, 'validation', applied),
  };
  const corpus = data.kind === 'corpus' ? (applied.data.get(data.name) ?? null) : null;
  const tokenizer = tokenizerOf(keys.tokenizer, data, corpus);
  const run = lengthOf(section, keys, tokenizer, applied);
  checkLoss(section, { loss: keys.loss, teacher: keys.teacher, reward: keys.reward, init: keys.init, data: corpus }, applied); // prettier-ignore
  checkCoverage(section, { optimizers, params: keys.lora?.targets ?? keys.params }, applied);
  checkParts(section, keys, applied);
  const { save_every: saveEvery, model: _model, tokenizer: _tokenizer, ...plain } = keys;
  const spans = spansOf(section);
  return { ...plain, name, model: applied.name, towers: applied.towers !== null, data, tokenizer, validation, ...run, optimizers, saveEvery, span, spans }; // prettier-ignore
}

export function spansOf({ body, world }: Section): Record<string, Section['span']> {
  const own = [...body.keys].filter(([, { span }]) => !world.prelude.files.has(span.file));
  return Object.fromEntries(own.map(([key, { span, value }]) => [key, value?.span ?? span]));
}

/** A name is that of a data block, or, where nothing in the file is nearly named so, of a corpus outside it. */
function sourceOf(section: Section, source: DataSource, key: string, { data }: Applied): DataSource {
  if (source.kind === 'files' || data.has(source.name)) return source.kind === 'files' ? source : { ...source, external: false }; // prettier-ignore
  const near = nearest(source.name, data.keys());
  if (near === null) return source;
  const draft = section.body.keys.get(key);
  const fix = `did you mean \`${near}\`?`;
  return fail(
    section,
    'unknown-name',
    draft?.value?.span ?? draft?.span ?? section.span,
    { name: source.name },
    { fix },
  );
}

/** The run's own, else that of its data; a corpus outside the file brings its own, no data has none. */
function tokenizerOf(own: TokenizerBlock | null, data: DataSource, corpus: DataBlock | null): TokenizerBlock | null {
  const isElsewhere = data.kind === 'corpus' ? data.external : data.globs.length === 0;
  return own ?? (isElsewhere ? null : (corpus?.tokenizer ?? { kind: 'bytes' }));
}

type Run = Pick<TrainBlock, 'batch' | 'seq' | 'steps' | 'tokens' | 'epochs'>;

function lengthOf(section: Section, keys: Read, tokenizer: TokenizerBlock | null, { model, name }: Applied): Run {
  const { seq, accumulate, epochs } = keys;
  const batch = batchOf(keys.batch, seq);
  if (batch === null) return fail(section, 'missing-key', spanOf(section, 'batch'), { key: 'seq', owner: 'a batch in tokens' }); // prettier-ignore
  if (batch.kind === 'constant' && batch.sequences % accumulate !== 0) {
    fail(section, 'batch-split', spanOf(section, 'accumulate'), { batch: batch.sequences, accumulate });
  }
  if (model !== null && seq !== null && seq > model.context) {
    fail(section, 'seq-context', spanOf(section, 'seq'), { seq, context: model.context, model: name });
  }
  if (tokenizer?.kind === 'bytes' && model !== null && model.vocab < 256) {
    fail(
      section,
      'vocab-bytes',
      spanOf(section, 'tokenizer'),
      { vocab: model.vocab, model: name },
      { fix: 'vocab = 256' },
    );
  }
  if (epochs !== null) return { batch, seq, steps: null, tokens: null, epochs };
  return { batch, seq, ...stepsOf(section, keys, batch), epochs };
}

/** One says the other. */
function stepsOf(section: Section, keys: Read, batch: BatchBlock): Pick<TrainBlock, 'steps' | 'tokens'> {
  const { seq, steps, tokens } = keys;
  if (seq === null) {
    if (tokens !== null) fail(section, 'missing-key', spanOf(section, 'tokens'), { key: 'seq', owner: 'a run over tokens' }); // prettier-ignore
    return { steps, tokens: null };
  }
  if (tokens === null) return { steps, tokens: steps === null ? null : tokensFor(steps, batch, seq) };
  const derived = stepsFor(tokens, batch, seq);
  if (steps !== null && steps !== derived) {
    const message = `steps = ${steps}, but tokens / (batch * seq) = ${derived}; say one of them`;
    fail(section, 'wrong-arguments', spanOf(section, 'steps'), { callee: 'train', message });
  }
  return { steps: derived, tokens };
}

/** Parts that `init` and `keep` name. */
function checkParts(section: Section, keys: Read, applied: Applied): void {
  if (!applied.strict) return;
  const all = parametersOf(applied);
  const has = (path: string): boolean => all.some((each) => isUnder(path, each));
  for (const { part } of keys.init) {
    if (part === 'default' || has(part)) continue;
    const span = section.body.keys.get('init')?.body?.keys.get(part)?.span ?? section.span;
    const near = nearest(part, [...applied.section.body.keys.keys()]);
    const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
    fail(section, 'unknown-target', span, { target: part }, extra);
  }
  checkKept(section, keys.precision.keep, 'precision', has);
}

const classes = ['embed', 'head', 'router', 'norm'];

/** `attn.core` is no parameter: the scores and what they weigh. */
export function checkKept(
  section: Section,
  keep: readonly string[],
  key: string,
  has: (path: string) => boolean,
): void {
  const wrong = keep.find((path) => !classes.includes(path) && !has(path.replace(/\.core$/, '')));
  if (wrong === undefined) return;
  const span = section.body.keys.get(key)?.span ?? section.span;
  fail(section, 'unknown-name', span, { name: wrong });
}
