// Takes: whether to help it. Gives: jax-js on its WebAssembly device.
// Promises: without help it runs as npm gives it in Node. With help it has what a browser, or a later Node, would give it:
// relaxed SIMD and Web Workers, one for each processor.
import { setFlagsFromString } from 'node:v8';
import { weightDecay } from '../../../compiler/4-autograd/step/parameter-groups.ts';
import { batchOf, type Contestant, firstValues, matmulError, matmulSizes, type MatmulName, matrix, readStepWork, timed, type Work } from '../work.ts'; // prettier-ignore
import type { Parameters, Shape, StepData } from './jax-model.ts';
import { lendWebWorkers } from './web-workers.ts';

type Jax = typeof import('@jax-js/jax');

export async function openJax(help: boolean): Promise<Contestant> {
  if (help) {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
    lendWebWorkers();
  }
  const jax = await import('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return {
    description: help ? 'jax-js 0.1.25, relaxed SIMD and Web Workers lent to it' : 'jax-js 0.1.25 as it runs in Node',
    works: {
      'matmul 512': () => prepareMatmul(jax, 'matmul 512'),
      'matmul 1024': () => prepareMatmul(jax, 'matmul 1024'),
      step: () => prepareStep(jax),
    },
    close: () => {},
  };
}

async function prepareMatmul(jax: Jax, name: MatmulName): Promise<Work> {
  const { numpy: np } = jax;
  const size = matmulSizes[name];
  const [x, y] = [matrix(size, 1), matrix(size, 2)];
  const [a, b] = [np.array(x, { shape: [size, size] }), np.array(y, { shape: [size, size] })];
  const value = matmulError(x, y, await np.matmul(a.ref, b.ref).data(), size);
  const run = async (): Promise<void> => {
    const c = np.matmul(a.ref, b.ref);
    await jax.blockUntilReady(c);
    c.dispose();
  };
  return async () => ({ ms: await timed(run), value });
}

/** What step.model says; the losses are compared with modelc's, so that a difference would show. */
const facts = { heads: 4, headDim: 32, eps: 1e-6, theta: 10_000 };

async function prepareStep(jax: Jax): Promise<Work> {
  const { compileStep } = await import('./jax-model.ts');
  const { numpy: np } = jax;
  const work = await readStepWork();
  const { model, train } = work;
  const [adamw] = train.optimizers;
  if (adamw?.kind !== 'adamw') throw new Error('step.model trains with AdamW');
  const shape: Shape = { ...facts, batch: train.batch, seq: train.seq, layers: model.nLayers, vocab: model.vocab };
  const decays = new Set(work.parameters.filter((one) => weightDecay(one, adamw) > 0).map(({ name }) => name));
  const compiled = compileStep(shape, adamw, decays);
  const made = (fill: (parameter: (typeof work.parameters)[number]) => Float32Array<ArrayBuffer>): Parameters =>
    Object.fromEntries(work.parameters.map((one) => [one.name, np.array(fill(one), { shape: one.dims.map(({ size }) => size) })])); // prettier-ignore
  const zeros = (): Parameters => made((one) => firstValues(work, one).fill(0));
  let state = { parameters: made((one) => firstValues(work, one)), m: zeros(), v: zeros() };
  const angles = (fn: (angle: number) => number): Float32Array<ArrayBuffer> => rotations(shape, fn);
  const [cos, sin] = [angles(Math.cos), angles(Math.sin)];
  const table = [shape.seq, 1, shape.headDim / 2];
  let step = 0;
  const dataOf = (index: number): StepData => {
    const { tokens, labels } = batchOf(work, index);
    const correct = adamw.betas.map((beta) => 1 - beta ** (index + 1));
    return {
      tokens: np.array(Int32Array.from(tokens), { shape: [tokens.length] }),
      labels: np.array(Int32Array.from(labels), { shape: [labels.length] }),
      cos: np.array(cos, { shape: table }),
      sin: np.array(sin, { shape: table }),
      rate: np.array(adamw.lr / (correct[0] ?? 1)),
      correction: np.array(Math.sqrt(correct[1] ?? 1)),
      decay: np.array(adamw.lr * adamw.weightDecay),
    };
  };
  return async () => {
    let value = Number.NaN;
    const ms = await timed(async () => {
      const [loss, parameters, m, v] = compiled(state.parameters, state.m, state.v, dataOf(step++));
      state = { parameters, m, v };
      value = (await loss.data())[0] ?? Number.NaN;
      await jax.blockUntilReady([parameters, m, v]);
    });
    return { ms, value };
  };
}

/** [seq, 1, head_dim / 2]: of position p and dim j, p * theta^(-2j / head_dim). */
function rotations({ seq, headDim }: Shape, fn: (angle: number) => number): Float32Array<ArrayBuffer> {
  const half = headDim / 2;
  return Float32Array.from({ length: seq * half }, (_, i) =>
    fn(Math.floor(i / half) * facts.theta ** (-(i % half) / half)),
  );
}
