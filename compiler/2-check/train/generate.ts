// Takes: a generate block of a model, std's defaults and a variant's overrides laid over it. Gives: it, resolved.
// Promises: E10: token by token only where no token sees a later one, unmasking only where all do.
import type { ClauseItem, Expr } from '../../1-syntax/ast.ts';
import { nearest } from '../draft/names.ts';
import { attempt, fail, pathOf, sectionOf, Stop, tell, type Section } from '../evaluate/section.ts';
import type { CacheBlock, GenerateBlock, Model, ReportFigure, SpeculateBlock } from '../model.ts';
import { acausalMixer, mixersOf } from '../resolve/parts.ts';
import { readKeys, wordOf, type Slot } from '../schema/key-type.ts';
import { construct } from '../schema/kind.ts';
import { cacheKind, decodingKind, mixerCache } from '../schema/generate/cache-kinds.ts';
import { generateKind } from '../schema/generate/generate-kind.ts';
import { ownersOf } from '../schema/register.ts';
import { isUnder, parametersOf, type Applied, type BlockOf } from './applied.ts';
import { causalMixer } from './loss.ts';
import { checkKept, spansOf } from './train.ts';

/** @throws Stop */
export function generateBlock(block: BlockOf, applied: Applied): GenerateBlock {
  const { name, body, span } = block;
  const { section: parent, model, towers } = applied;
  const section = sectionOf({ path: 'generate', owner: 'generate generate', parent, body, span }, parent.world);
  const isMixer = (key: string): boolean => parent.body.keys.get(key)?.role === 'mixer';
  const keys = attempt(() => readKeys(generateKind.constructors.generate.keys, section, ownersOf, (_, key) => isMixer(key))); // prettier-ignore
  const report = attempt(() => body.clauses.flatMap((clause) => figures(clause, section)));
  const cache = keys && attempt(() => cacheOf(keys.cache, isMixer));
  const absorb = attempt(() => absorbOf(section, model, isMixer));
  if (towers !== null) fail(section, 'wrong-type', span, { key: 'generate.model', expected: 'a language model', found: `${towers.name}, a model of towers` }); // prettier-ignore
  if (!keys || !report || !cache || !absorb || model === null) throw new Stop('generate');
  checkMask(section, keys.unmask !== null, model);
  if (keys.speculate !== null) checkDraft(section, keys.speculate, model, applied);
  if (applied.strict) {
    const all = parametersOf(applied);
    checkKept(section, keys.quant?.keep ?? [], 'quant', (path) => all.some((each) => isUnder(path, each)));
  }
  const { max_tokens: maxTokens, model: _model, ...plain } = keys;
  return { ...plain, name, model: model.name, maxTokens, cache, absorb, report, span, spans: spansOf(section) };
}

/** E10 */
function checkMask(section: Section, unmask: boolean, model: Model): void {
  const mixer = unmask ? causalMixer(model) : acausalMixer(model);
  if (mixer === null) return;
  const fix = unmask ? `${mixer}.mask = full` : `${mixer}.mask = causal, or unmask { ... }`;
  fail(section, 'decode-mask', section.span, { model: model.name, mixer, unmask }, { fix });
}

function checkDraft(section: Section, { draft }: SpeculateBlock, model: Model, { section: { world } }: Applied): void {
  const span = section.body.keys.get('speculate')?.span ?? section.span;
  if (draft.kind === 'mtp' && model.mtp === null) {
    const fix = 'mtp depth = 1 { ... } in the model';
    fail(section, 'missing-key', span, { key: 'mtp', owner: `draft = mtp: model ${model.name}` }, { fix });
  }
  if (draft.kind !== 'model') return;
  const other = world.models.section(draft.name);
  const vocab = other === null ? null : attempt(() => vocabOf(other));
  if (vocab === null || vocab === model.vocab) return;
  const args = { key: 'generate.speculate.draft', expected: `a model of the vocab ${model.vocab} of ${model.name}`, found: `${draft.name} of ${vocab}` }; // prettier-ignore
  fail(section, 'wrong-type', span, args);
}

function vocabOf(section: Section): number | null {
  const draft = section.body.keys.get('vocab');
  return draft?.value?.kind === 'number' ? draft.value.value : null;
}

/** A key with the name of a mixer is about that mixer. */
function cacheOf(slot: Slot, isMixer: (key: string) => boolean): CacheBlock {
  const { section } = construct(slot, cacheKind);
  const keys = readKeys(cacheKind.constructors.kv_cache.keys, section, ownersOf, (_, key) => isMixer(key));
  const own = [...section.body.keys].filter(([key]) => isMixer(key));
  return { ...keys, mixers: Object.fromEntries(own.map(([key, draft]) => [key, mixerCache.read({ draft, section, key })])) }; // prettier-ignore
}

/** `attn.absorb = true` */
function absorbOf(section: Section, model: Model | null, isMixer: (key: string) => boolean): Record<string, boolean> {
  const absorb: Record<string, boolean> = {};
  for (const [key, draft] of section.body.keys) {
    const spec = isMixer(key) ? model && mixersOf(model).get(key) : null;
    if (!spec) continue;
    const body = draft.body ?? { keys: new Map(), clauses: [] };
    const inner = sectionOf({ path: pathOf(section, key), owner: `decoding ${spec.kind}`, parent: section, body, span: draft.span }, section.world); // prettier-ignore
    const table = spec.kind === 'mla' ? decodingKind.constructors.mla.keys : {};
    const { absorb: own } = { absorb: null, ...readKeys(table, inner, ownersOf) } as { absorb: boolean | null };
    if (own !== null) absorb[key] = own;
  }
  return absorb;
}

const known = ['ttft', 'tpot', 'throughput', 'latency', 'memory', 'intensity', 'cache'] as const satisfies readonly ReportFigure[]; // prettier-ignore

/** `report [ttft, tpot]` */
function figures({ keyword, args, span }: ClauseItem, section: Section): readonly ReportFigure[] {
  if (keyword !== 'report') {
    tell(section, 'unknown-key', span, { key: keyword, owner: 'generate' });
    throw new Stop('generate');
  }
  const words: readonly Expr[] = args.flatMap((arg) => (arg.kind === 'list' ? arg.items : [arg]));
  return words.map((expr) => {
    const word = wordOf(expr) ?? '';
    const figure = known.find((each) => each === word);
    if (figure !== undefined) return figure;
    const near = nearest(word, known);
    const fix = near === null ? `figures: ${known.join(', ')}` : `did you mean \`${near}\`?`;
    return fail(section, 'unknown-name', expr.span, { name: word }, { fix });
  });
}
