// Takes: a file's text and its checked models. Gives: the figures that its `report` clauses ask for, as information (I5).
// Promises: without a clause nothing is said; work and times are those of a full context, numbers of 2 bytes.
import type { Span } from '../../grammar/source.ts';
import type { ClauseItem, Definition, Expr, FileNode } from '../1-syntax/ast.ts';
import type { CheckedFile, Model } from '../2-check/model.ts';
import { diagnostic, type Diagnostic } from '../diagnostics.ts';
import { type Costs, costsOf } from './cost/cost.ts';
import { devices } from './cost/devices.ts';
import { duration } from './cost/print.ts';
import { type Roofline, rooflineOf } from './cost/roofline.ts';
import { bytes, count, number } from './numbers.ts';

/** What a figure is made of. */
interface Facts {
  readonly costs: Costs;
  readonly bound: Roofline;
  /** Of a reply. */
  readonly tokens: number;
}

/** What `report [..]` may name. */
const figures = {
  params: ({ costs }) => `${count(costs.parameters.total)} parameters`,
  active_params: ({ costs }) => `${count(costs.parameters.active)} active`,
  flops: ({ costs: { flopsPerToken: flops } }) => `${count(flops.forward)} FLOPs per token forward, ${count(flops.backward)} backward`, // prettier-ignore
  intensity: ({ costs: { intensity } }) => `${number(intensity.prefill)} FLOPs per byte in prefill, ${number(intensity.decode)} in decode`, // prettier-ignore
  kv: ({ costs: { bytes: memory } }) => `KV cache ${bytes(memory.kvPerToken)} per token, ${bytes(memory.kvFull)} full`,
  state: ({ costs }) => `state ${bytes(costs.bytes.state)}`,
  cache: ({ costs: { bytes: memory } }) => `KV cache and state ${bytes(memory.kvFull + memory.state)} full`,
  memory: ({ costs: { bytes: memory } }) => `weights, cache and state ${bytes(memory.weights.bf16 + memory.kvFull + memory.state)}`, // prettier-ignore
  ttft: ({ bound }) => `TTFT at least ${duration(bound.prefill.seconds)} on ${bound.device.name}`,
  tpot: ({ bound }) => `TPOT at least ${duration(bound.decode.seconds)} on ${bound.device.name}`,
  latency: ({ bound, tokens }) => `a reply of ${tokens} tokens at least ${duration(bound.prefill.seconds + (tokens - 1) * bound.decode.seconds)} on ${bound.device.name}`, // prettier-ignore
  throughput: ({ bound }) => `at most ${count(bound.full?.tokensPerSecond ?? bound.tokensPerSecond)} tokens/s on ${bound.device.name}`, // prettier-ignore
} as const satisfies Readonly<Record<string, (facts: Facts) => string>>;

export type ReportWord = keyof typeof figures;

/** The first device of the table: what a time is worth without one that is named. */
const [reference] = devices;

export function reportsOf(ast: FileNode, file: CheckedFile): Diagnostic[] {
  return ast.items.flatMap((item) => {
    if (item.kind !== 'definition') return [];
    const clauses = (item.block?.items ?? []).filter((each) => each.kind === 'clause');
    const reports = clauses.filter(({ keyword }) => keyword === 'report');
    const about = reports.length === 0 ? null : subjectOf(item, file);
    return about === null ? [] : reports.flatMap((clause) => reportOf(clause, about));
  });
}

interface Subject {
  readonly model: Model;
  readonly tokens: number;
}

/** Of a model itself; of a generate block what it generates with. */
function subjectOf(item: Definition, { models, generates }: CheckedFile): Subject | null {
  const head = item.heads[0]?.parts[0]?.text;
  const name = item.words[0]?.parts[0]?.text ?? '';
  const start = (item.words[0] ?? item.heads[0])?.span.start;
  const block = head === 'generate' ? generates.find(({ span }) => span.start === start) : undefined;
  const model = models.find((each) => each.name === (head === 'generate' ? block?.model : name));
  return model === undefined ? null : { model, tokens: block?.maxTokens ?? 1 };
}

function reportOf({ args, span }: ClauseItem, { model, tokens }: Subject): Diagnostic[] {
  const names = args.flatMap(namesOf);
  const unknown = names.filter(({ name }) => !isWord(name));
  const faults = unknown.map(({ name, span: at }) => {
    const fix = `one of ${Object.keys(figures).join(', ')}`;
    return diagnostic('unknown-name', at, { name }, { fix });
  });
  const words = names.map(({ name }) => name).filter(isWord);
  if (words.length === 0 || reference === undefined) return faults;
  const facts: Facts = { costs: costsOf(model), bound: rooflineOf(model, reference), tokens };
  const text = words.map((word) => figures[word](facts)).join('; ');
  return [...faults, diagnostic('derived-report', span, { model: model.name, figures: text })];
}

function isWord(name: string): name is ReportWord {
  return Object.hasOwn(figures, name);
}

function namesOf(expr: Expr): { readonly name: string; readonly span: Span }[] {
  if (expr.kind === 'list') return expr.items.flatMap(namesOf);
  return [{ name: expr.kind === 'name' ? expr.name : 'this', span: expr.span }];
}
