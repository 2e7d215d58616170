// Takes: a model, its weight map, a fixture and a place to run. Gives: failures by vitest.
// Promises: the tolerances of the fixtures' README: logits, loss, every gradient, greedy tokens by prefill and by cache.
import { expect } from 'vitest';
import type { Model } from '../../compiler/2-check/model.ts';
import type { NumericArray } from '../../compiler/3-graph/evaluate.ts';
import { forwardGraph, generateGraph, lossGraph } from '../../compiler/3-graph/model/entry-graphs.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import { makeTrain } from '../compiler/3-graph/model/model-builder.ts';
import type { Fixture } from './fixtures.ts';
import type { GraphSession, OpenSession } from './session.ts';
import { locate, takeParameter } from './weights.ts';
import type { WeightMap } from './weights.ts';

export interface Subject {
  readonly model: Model;
  readonly weights: WeightMap;
  readonly fixture: Fixture;
  readonly open: OpenSession;
}

const largest = (values: NumericArray): number => Array.from(values).reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** The largest |x - y|; NaN counts as infinite. */
function distance(x: NumericArray, y: NumericArray): number {
  if (x.length !== y.length) throw new Error(`${x.length} values against ${y.length}`);
  return Array.from(x).reduce((m, value, i) => {
    const d = Math.abs(value - (y[i] ?? NaN));
    return Number.isNaN(d) ? Infinity : Math.max(m, d);
  }, 0);
}

async function withSession<T>(subject: Subject, use: (session: GraphSession) => Promise<T>): Promise<T> {
  const { model, weights, fixture, open } = subject;
  const session = await open(
    new Map(parameters(model).map((p) => [p.name, takeParameter(weights, p, fixture.before)])),
  );
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

function output(outputs: ReadonlyMap<string, NumericArray>, name: string): NumericArray {
  const value = outputs.get(name);
  if (!value) throw new Error(`no output ${name}`);
  return value;
}

const batchOf = (fixture: Fixture) => ({ batch: fixture.inputIds.length, seq: fixture.inputIds[0]?.length ?? 0 });

export async function checkLogits(subject: Subject): Promise<void> {
  const { model, fixture } = subject;
  await withSession(subject, async (session) => {
    const outputs = await session.run(forwardGraph(model), batchOf(fixture), { tokens: fixture.inputIds.flat() });
    expect(distance(output(outputs, 'logits'), fixture.logits)).toBeLessThan(2e-4 * largest(fixture.logits));
  });
}

const lossInputs = (fixture: Fixture) => {
  const labels = fixture.labels.flat();
  return { tokens: fixture.inputIds.flat(), labels, loss_scale: [1 / labels.length] };
};

export async function checkLoss(subject: Subject): Promise<void> {
  const { model, fixture } = subject;
  await withSession(subject, async (session) => {
    const graph = lossGraph(model, { ignore: null, zLoss: 0 });
    const [loss] = Array.from(output(await session.run(graph, batchOf(fixture), lossInputs(fixture)), 'loss'));
    expect(Math.abs((loss ?? NaN) - fixture.loss)).toBeLessThan(1e-5 * fixture.loss);
  });
}

/** Every tensor after one SGD step, within 1e-4 of the largest |gradient| of the stored tensor it is part of. */
export async function checkStep(subject: Subject): Promise<void> {
  const { model, weights, fixture } = subject;
  const graphs = trainGraphs(model, makeTrain());
  if (!('step' in graphs)) throw new Error('one graph per step expected');
  await withSession(subject, async (session) => {
    const inputs = { ...lossInputs(fixture), lr_scale: [1], step: [1] };
    const outputs = await session.run(graphs.step, batchOf(fixture), inputs);
    const [norm] = Array.from(output(outputs, 'grad_norm'));
    expect(Math.abs((norm ?? NaN) - fixture.gradNorm)).toBeLessThan(1e-4 * fixture.gradNorm);
    const faults: string[] = [];
    for (const parameter of parameters(model)) {
      const { from } = locate(weights, parameter);
      const [before, after] = [fixture.before.get(from), fixture.after.get(from)];
      if (!before || !after) throw new Error(`no tensor ${from}`);
      const gradient = distance(before.data, after.data);
      const wanted = takeParameter(weights, parameter, fixture.after);
      const error = distance(await session.read(parameter.name), wanted);
      // A gradient that is 0 but for rounding (a key bias without RoPE) is compared with the rounding of the weight.
      const rounding = 1e-6 * Math.max(1, largest(before.data));
      if (!(error <= Math.max(1e-4 * gradient, rounding)))
        faults.push(`${parameter.name}: off by ${error} of ${gradient}`);
    }
    expect(faults).toEqual([]);
  });
}

function argmax(values: NumericArray): number {
  return Array.from(values).reduce((best, value, i, all) => (value > (all[best] ?? -Infinity) ? i : best), 0);
}

/** The logits after each token but those of the prompt's first ones, by whole passes without a cache. */
async function logitsByPrefill({ model }: Subject, session: GraphSession, tokens: readonly number[], from: number) {
  const all = output(await session.run(forwardGraph(model), { batch: 1, seq: tokens.length }, { tokens }), 'logits');
  return Array.from({ length: tokens.length - from }, (_, i) =>
    Array.from(all).slice((from + i) * model.vocab, (from + i + 1) * model.vocab),
  );
}

/** The same by the cache: the prompt in chunks of 5, the last one padded, then token by token. */
async function logitsByCache({ model }: Subject, session: GraphSession, tokens: readonly number[], prompt: number) {
  const graph = generateGraph(model);
  const past = 32;
  const step = async (chunk: readonly number[], seq: number, offset: number) => {
    const padded = Array.from({ length: seq }, (_, i) => chunk[i] ?? 0);
    const inputs = { tokens: padded, offset: [offset], last: [chunk.length - 1] };
    return Array.from(output(await session.run(graph, { batch: 1, seq, past }, inputs), 'logits'));
  };
  let last: number[] = [];
  for (let at = 0; at < prompt; at += 5) last = await step(tokens.slice(at, Math.min(at + 5, prompt)), 5, at);
  const logits = [last];
  for (let at = prompt; at < tokens.length; at++) logits.push(await step(tokens.slice(at, at + 1), 1, at));
  return logits;
}

/** Greedy tokens, each given those before it as they should be. Near ties are not compared. */
export async function checkGreedy(subject: Subject): Promise<void> {
  const { fixture } = subject;
  const prompt = fixture.greedyPrompt.length;
  const tokens = [...fixture.greedyPrompt, ...fixture.greedy.slice(0, -1)];
  await withSession(subject, async (session) => {
    const prefill = await logitsByPrefill(subject, session, tokens, prompt - 1);
    const cached = await logitsByCache(subject, session, tokens, prompt);
    expect(distance(cached.flat(), prefill.flat())).toBeLessThan(2e-4 * largest(prefill.flat()));
    if (fixture.greedyMinGap < 1e-3) return;
    expect(prefill.map(argmax)).toEqual(fixture.greedy);
    expect(cached.map(argmax)).toEqual(fixture.greedy);
  });
}
