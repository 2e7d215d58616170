// Takes: the folder of a reference. Gives: failures by vitest where the oracle is off.
// Promises: the tolerances of `modelc parity`: logits, loss, every gradient, greedy tokens by prefill and by cache.
import { expect } from 'vitest';
import type { Model } from '../../compiler/2-check/model.ts';
import type { NumericArray } from '../../compiler/3-graph/evaluate.ts';
import { forwardGraph, generateGraph } from '../../compiler/3-graph/model/entry-graphs.ts';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import { argmax, distance, largest, relative } from '../../runtime/parity/numbers.ts';
import { gradientError } from '../../runtime/parity/reference/gradients.ts';
import { readLogits, readReference, type Reference } from '../../runtime/parity/reference/reference.ts';
import { openHub, type HubFolder } from '../../runtime/weights/hub-folder.ts';
import { makeTrain } from '../compiler/3-graph/model/model-builder.ts';
import { Oracle } from './oracle.ts';

export interface Subject {
  readonly folder: string;
  readonly hub: HubFolder;
  readonly model: Model;
  readonly reference: Reference;
}

/** `change` makes another model of the imported one, with the same weights. */
export async function withReference<T>(
  folder: string,
  use: (subject: Subject) => Promise<T>,
  change: (model: Model) => Model = (model) => model,
): Promise<T> {
  const hub = await openHub(folder, { checkpoint: 'before.safetensors' });
  try {
    return await use({ folder, hub, model: change(hub.model), reference: readReference(folder) });
  } finally {
    await hub.weights.close();
  }
}

const batchOf = ({ inputIds }: Reference) => ({ batch: inputIds.length, seq: inputIds[0]?.length ?? 0 });

/** Relative to the largest |logit|. */
export async function logitsError({ folder, hub, model, reference }: Subject): Promise<number> {
  const { batch, seq } = batchOf(reference);
  const wanted = await readLogits(folder, [batch, seq, model.vocab]);
  const oracle = await Oracle.open(hub);
  const outputs = oracle.run(forwardGraph(model), { batch, seq }, { tokens: reference.inputIds.flat() });
  return distance(outputs('logits'), wanted) / largest(wanted);
}

/** Loss, norm of the gradient, and every tensor after one SGD step. */
export async function checkStep({ folder, hub, model, reference }: Subject): Promise<void> {
  const graphs = trainGraphs(model, makeTrain());
  if (!('step' in graphs)) throw new Error('one graph per step expected');
  const labels = reference.labels.flat();
  const inputs = {
    tokens: reference.inputIds.flat(),
    labels,
    loss_scale: [1 / labels.length],
    lr_scale: [1],
    step: [1],
  };
  const oracle = await Oracle.open(hub);
  const outputs = oracle.run(graphs.step, batchOf(reference), inputs);
  expect(relative(Number(outputs('loss')[0]), reference.loss)).toBeLessThan(1e-5);
  expect(relative(Number(outputs('grad_norm')[0]), reference.gradNorm)).toBeLessThan(1e-4);
  const after = await openHub(folder, { checkpoint: 'after.safetensors' });
  const { error, at } = await gradientError(oracle, { before: hub, after }, 1e-4);
  await after.weights.close();
  expect(error, `gradient of ${at ?? ''}`).toBeLessThan(1e-4);
}

/** The logits after each token but those of the prompt's first ones, by one whole pass without a cache. */
function byPrefill(oracle: Oracle, model: Model, tokens: readonly number[], from: number): NumericArray[] {
  const all = Array.from(oracle.run(forwardGraph(model), { batch: 1, seq: tokens.length }, { tokens })('logits'));
  const { vocab } = model;
  return Array.from({ length: tokens.length - from }, (_, i) => all.slice((from + i) * vocab, (from + i + 1) * vocab));
}

/** The same by the cache: the prompt in chunks of 5, the last one padded, then token by token. */
function byCache(oracle: Oracle, model: Model, tokens: readonly number[], prompt: number): NumericArray[] {
  const graph = generateGraph(model);
  const step = (chunk: readonly number[], seq: number, offset: number): NumericArray => {
    const padded = Array.from({ length: seq }, (_, i) => chunk[i] ?? 0);
    const inputs = { tokens: padded, offset: [offset], last: [chunk.length - 1] };
    return oracle.run(graph, { batch: 1, seq, past: 32 }, inputs)('logits');
  };
  const starts = Array.from({ length: Math.ceil(prompt / 5) }, (_, i) => 5 * i);
  const prefill = starts.map((at) => step(tokens.slice(at, Math.min(at + 5, prompt)), 5, at));
  const decode = Array.from({ length: tokens.length - prompt }, (_, i) => step(tokens.slice(prompt + i, prompt + i + 1), 1, prompt + i)); // prettier-ignore
  return [...prefill.slice(-1), ...decode];
}

/** Greedy tokens, each given those before it as they should be. Near ties are not compared. */
export async function checkGreedy({ hub, model, reference }: Subject): Promise<void> {
  const prompt = reference.greedyPrompt.length;
  const tokens = [...reference.greedyPrompt, ...reference.greedy.slice(0, -1)];
  const prefill = byPrefill(await Oracle.open(hub), model, tokens, prompt - 1);
  const cached = byCache(await Oracle.open(hub), model, tokens, prompt);
  const errors = cached.map((logits, i) => distance(logits, prefill[i] ?? []));
  expect(Math.max(...errors)).toBeLessThan(2e-4 * Math.max(...prefill.map(largest)));
  if (reference.greedyMinGap < 1e-3) return;
  expect(prefill.map(argmax)).toEqual(reference.greedy);
  expect(cached.map(argmax)).toEqual(reference.greedy);
}
