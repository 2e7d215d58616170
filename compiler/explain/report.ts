// Takes: a file's text and its checked models. Gives: the figures that its `report` clauses ask for, as information (I5).
// Promises: without a clause nothing is said; work and times are those of a full context, numbers of 2 bytes.
import type { ClauseItem, Definition, Expr, FileNode } from '../1-syntax/ast.ts';
import type { CheckedFile, Model } from '../2-check/model.ts';
import { diagnostic, type Diagnostic } from '../diagnostics.ts';
import { type Costs, costsOf } from './cost/cost.ts';
import { devices } from './cost/devices.ts';
import { duration } from './cost/print.ts';
import { type Roofline, rooflineOf } from './cost/roofline.ts';
import { bytes, count, number } from './numbers.ts';

/** What `report [..]` may name. */
export type ReportWord = 'params' | 'active_params' | 'flops' | 'intensity' | 'kv' | 'state' | 'ttft' | 'tpot' | 'throughput'; // prettier-ignore

const figures: { readonly [W in ReportWord]: (costs: Costs, bound: Roofline) => string } = {
  params: ({ parameters }) => `${count(parameters.total)} parameters`,
  active_params: ({ parameters }) => `${count(parameters.active)} active`,
  flops: ({ flopsPerToken }) => `${count(flopsPerToken.forward)} FLOPs per token forward, ${count(flopsPerToken.backward)} backward`, // prettier-ignore
  intensity: ({ intensity }) => `${number(intensity.prefill)} FLOPs per byte in prefill, ${number(intensity.decode)} in decode`, // prettier-ignore
  kv: ({ bytes: memory }) => `KV cache ${bytes(memory.kvPerToken)} per token, ${bytes(memory.kvFull)} full`,
  state: ({ bytes: memory }) => `state ${bytes(memory.state)}`,
  ttft: (_, { prefill, device }) => `TTFT at least ${duration(prefill.seconds)} on ${device.name}`,
  tpot: (_, { decode, device }) => `TPOT at least ${duration(decode.seconds)} on ${device.name}`,
  throughput: (_, bound) => `at most ${count(bound.full?.tokensPerSecond ?? bound.tokensPerSecond)} tokens/s on ${bound.device.name}`, // prettier-ignore
};

/** The first device of the table: what a time is worth without one that is named. */
const [reference] = devices;

export function reportsOf(ast: FileNode, file: CheckedFile): Diagnostic[] {
  return ast.items.flatMap((item) => {
    if (item.kind !== 'definition') return [];
    const clauses = (item.block?.items ?? []).filter((each) => each.kind === 'clause' && each.keyword === 'report');
    const model = clauses.length === 0 ? undefined : modelOf(item, file);
    if (model === undefined) return [];
    return clauses.flatMap((clause) => (clause.kind === 'clause' ? reportOf(clause, model) : []));
  });
}

/** Of a model itself; of a generate block what it generates with. */
function modelOf(item: Definition, { models, generates }: CheckedFile): Model | undefined {
  const head = item.heads[0]?.parts[0]?.text;
  const name = item.words[0]?.parts[0]?.text ?? '';
  const span = item.words[0]?.span ?? item.heads[0]?.span;
  if (head === 'model' || head === 'variant') return models.find((model) => model.name === name);
  const block = generates.find((each) => each.span.start === span?.start || (name !== '' && each.name === name));
  return head === 'generate' && block !== undefined ? models.find((model) => model.name === block.model) : undefined;
}

function reportOf({ args, span }: ClauseItem, model: Model): Diagnostic[] {
  const words = args.flatMap(wordsOf).filter((word): word is ReportWord => Object.hasOwn(figures, word));
  if (words.length === 0 || reference === undefined) return [];
  const [costs, bound] = [costsOf(model), rooflineOf(model, reference)];
  const text = words.map((word) => figures[word](costs, bound)).join('; ');
  return [diagnostic('derived-report', span, { model: model.name, figures: text })];
}

function wordsOf(expr: Expr): string[] {
  if (expr.kind === 'list') return expr.items.flatMap(wordsOf);
  return expr.kind === 'name' ? [expr.name] : [];
}
