// Takes: the text of a .model file. Gives: checked models, and Plans for training and generation.
// Promises: one line per stage; no file access, no device.
import type { SourceFile } from '../grammar/source.ts';
import type { FileNode } from './1-syntax/ast.ts';
import { parseFile } from './1-syntax/parse-file.ts';
import { checkFile } from './2-check/check.ts';
import type { CheckedFile, HeldWeights, Model, RecomputeSpec, TrainSpec } from './2-check/model.ts';
import { parameters } from './2-check/parameters/parameters.ts';
import { forwardGraph, generateGraph, lossGraph, streamGraph } from './3-graph/model/entry-graphs.ts';
import type { Graph } from './3-graph/ops.ts';
import { withHalfWeights } from './3-graph/precision/half-weights.ts';
import { unbuilt } from './3-graph/model/unbuilt.ts';
import { blocksOf } from './4-autograd/recompute/blocks.ts';
import { trainGraphs } from './4-autograd/train-graph.ts';
import { sessionMemory } from './7-plan/plan-stats.ts';
import type { Plan } from './7-plan/plan.ts';
import { compileGraph, type CompileOptions } from './compile-graph.ts';
import { UnbuiltError, type Diagnostic } from './diagnostics.ts';
import { withoutEchoes } from './echoes.ts';
import { reportsOf } from './explain/report.ts';
import { fewestRecomputed } from './recompute-within.ts';

export interface CheckedSource {
  readonly ast: FileNode;
  readonly file: CheckedFile;
  /** Of both the syntax and the meaning; in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `prelude`: the files of specs/std. A file with errors still gives whatever could be resolved. */
export function checkSource(source: SourceFile, prelude: readonly SourceFile[]): CheckedSource {
  const { ast, diagnostics: syntax } = parseFile(source);
  return {
    ast,
    ...checkTree(
      ast,
      syntax,
      prelude.map((file) => parseFile(file).ast),
    ),
  };
}

/** The same of trees that were parsed before; `syntax`: the faults of that. */
export function checkTree(
  ast: FileNode,
  syntax: readonly Diagnostic[],
  prelude: readonly FileNode[],
): Omit<CheckedSource, 'ast'> {
  const { file, diagnostics: meaning } = checkFile(ast, prelude);
  return { file, diagnostics: withoutEchoes(syntax, [...meaning, ...reportsOf(ast, file)]) };
}

export type TrainingPlans = {
  readonly evaluate: Plan;
  /** Blocks that the backward pass computes again, and all there are. */
  readonly blocks: { readonly recomputed: number; readonly all: number };
} & (
  | /** Forward, backward and optimizer in one. */
    { readonly kind: 'whole'; readonly step: Plan }
    /** `accumulate` per micro-batch, then `apply`. */
  | { readonly kind: 'accumulated'; readonly accumulate: Plan; readonly apply: Plan }
);

/** In the order in which a run loads them. */
export function trainingPlanList(plans: TrainingPlans): readonly Plan[] {
  return plans.kind === 'whole' ? [plans.step, plans.evaluate] : [plans.accumulate, plans.apply, plans.evaluate];
}

/** @throws UnbuiltError */
function requireBuilt(model: Model): void {
  const missing = unbuilt(model);
  if (missing.length > 0) throw new UnbuiltError(missing);
}

/**
 * Plans of a training run; micro-batches of [batch / accumulate, seq].
 * @throws PlanError `over-limit` when `recompute = auto(limit)` cannot be kept.
 */
export function compileTraining(model: Model, train: TrainSpec, options: CompileOptions): TrainingPlans {
  requireBuilt(model);
  const sizes = { batch: train.batch / train.accumulate, seq: train.seq };
  const evaluate = compileGraph(lossGraph(model, train.loss, train.precision), sizes, options);
  const { recompute = { kind: 'none' } } = train;
  const plansWith = (spec: RecomputeSpec, to: CompileOptions): TrainingPlans => {
    const graphs = trainGraphs(model, { ...train, recompute: spec });
    const all = blocksOf('step' in graphs ? graphs.step : graphs.accumulate).length;
    const shared = { evaluate, blocks: { all, recomputed: spec.kind === 'blocks' ? (spec.first ?? all) : 0 } };
    if ('step' in graphs) return { kind: 'whole', step: compileGraph(graphs.step, sizes, to), ...shared };
    const accumulate = compileGraph(graphs.accumulate, sizes, to);
    return { kind: 'accumulated', accumulate, apply: compileGraph(graphs.apply, sizes, to), ...shared };
  };
  if (recompute.kind !== 'auto') return plansWith(recompute, options);
  const { onStage, ...quiet } = options;
  const found = fewestRecomputed({
    blocks: model.layers.length,
    limit: recompute.limit,
    plansWith: (first) => plansWith({ kind: 'blocks', first }, quiet),
    bytesOf: (plans) => sessionMemory(trainingPlanList(plans)).total,
  });
  return onStage ? plansWith({ kind: 'blocks', first: found.blocks.recomputed }, options) : found;
}

export interface GenerationPlans {
  /** Positions that may be used. The cache holds them rounded up to whole chunks. */
  readonly context: number;
  /** Tokens one run of `prefill` takes. */
  readonly chunk: number;
  readonly prefill: Plan;
  readonly decode: Plan;
}

export interface GenerationOptions extends CompileOptions {
  readonly batch?: number;
  readonly chunk?: number;
  readonly context?: number;
  /** Null or absent: f32. */
  readonly weights?: HeldWeights | null;
}

/** Plans to generate with a cache: the prompt in chunks, then a token at a time. */
export function compileGeneration(model: Model, options: GenerationOptions): GenerationPlans {
  requireBuilt(model);
  const { batch, context, capacity } = sizesOf(model, options);
  const graph = withWeights(generateGraph(seenUpTo(model, context)), options);
  const decode = compileGraph({ ...graph, name: 'decode' }, { batch, seq: 1, past: capacity }, options);
  return { ...compilePrompt(model, options), decode };
}

/** The same without the Plan for a token: for texts that `compileStream` goes on with. */
export function compilePrompt(model: Model, options: GenerationOptions): Omit<GenerationPlans, 'decode'> {
  requireBuilt(model);
  const { batch, context, chunk, capacity } = sizesOf(model, options);
  const graph = withWeights(generateGraph(seenUpTo(model, context)), options);
  const prefill = compileGraph({ ...graph, name: 'prefill' }, { batch, seq: chunk, past: capacity }, options);
  return { context, chunk, prefill };
}

/** A Plan that chooses every token on the device and goes on from it; shares weights and caches with `compileGeneration`. */
export function compileStream(model: Model, options: GenerationOptions): Plan {
  requireBuilt(model);
  const { batch, context, capacity } = sizesOf(model, options);
  const graph = withWeights(streamGraph(seenUpTo(model, context)), options);
  return compileGraph({ ...graph, name: 'stream' }, { batch, seq: 1, past: capacity, line: capacity + 1 }, options);
}

function sizesOf(model: Model, options: GenerationOptions) {
  const { batch = 1, context = model.context } = options;
  const chunk = Math.min(options.chunk ?? 64, context);
  return { batch, context, chunk, capacity: Math.ceil(context / chunk) * chunk };
}

const withWeights = (graph: Graph, { weights = null }: GenerationOptions): Graph =>
  weights === null ? graph : withHalfWeights(graph, weights.keep);

/** Tables of positions need no rows that the cache does not have, unless they are weights. */
function seenUpTo(model: Model, context: number): Model {
  const seen = { ...model, context };
  const shapes = (of: Model): string => JSON.stringify(parameters(of).map(({ name, dims }) => [name, dims]));
  return shapes(seen) === shapes(model) ? seen : model;
}

/** Logits of whole sequences, without a cache. */
export function compileForward(
  model: Model,
  sizes: { readonly batch: number; readonly seq: number },
  options: CompileOptions,
): Plan {
  requireBuilt(model);
  return compileGraph(forwardGraph(model), sizes, options);
}
