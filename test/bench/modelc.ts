// Takes: a device. Gives: modelc on it, through the public API.
// Promises: a matrix product is a graph down the whole road, a step is `Trainer.step`, decoding is `Generator.generate`.
import { GraphBuilder } from '../../compiler/3-graph/builder.ts';
import { add, constant } from '../../compiler/3-graph/expr-build.ts';
import { elementwise } from '../../compiler/3-graph/node-build.ts';
import type { Graph, Node } from '../../compiler/3-graph/ops.ts';
import {
  compileGeneration, compileGraph, compileTraining, type DeviceOptions, type EngineDevice, Generator, initializeParameters,
  openDevice, Session, textBatches, Trainer,
} from '../../runtime/index.ts'; // prettier-ignore
import {
  type Contestant,
  matmulError,
  matmulSizes,
  type MatmulName,
  matrix,
  readStepWork,
  timed,
  type Work,
} from './work.ts';

export async function openModelc(options: DeviceOptions): Promise<Contestant> {
  const device = await openDevice(options);
  return {
    description: device.describe(),
    works: {
      'matmul 512': () => prepareMatmul(device, 'matmul 512'),
      'matmul 1024': () => prepareMatmul(device, 'matmul 1024'),
      step: () => prepareStep(device),
      decode: () => prepareDecode(device),
    },
    close: () => device.close(),
  };
}

async function prepareMatmul(device: EngineDevice, name: MatmulName): Promise<Work> {
  const size = matmulSizes[name];
  const [a, b] = [matrix(size, 1), matrix(size, 2)];
  const product = await new Session(device).load(compileGraph(matmulGraph(size), {}, { target: device.target }));
  product.write('a', a);
  product.write('b', b);
  product.write('one', Float32Array.of(1));
  product.run();
  const value = matmulError(a, b, await product.read('c'), size);
  const run = async (): Promise<void> => {
    product.run();
    await product.read('two');
  };
  return async () => ({ ms: await timed(run), value });
}

/** c[m, n] = the sum over k of a[m, k] b[k, n]; and a number to wait for, as the peers wait without copying c. */
function matmulGraph(size: number): Graph {
  const builder = new GraphBuilder('matmul');
  const input = (name: string, ...dims: readonly string[]): Node =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: dims.map((dim) => ({ name: dim, size })) } }, []); // prettier-ignore
  builder.output('c', builder.add('contract', { over: ['k'] }, [input('a', 'm', 'k'), input('b', 'k', 'n')]));
  builder.output(
    'two',
    elementwise(builder, [input('one')], (one) => add(one, constant(1, 'f32'))),
  );
  return builder.finish();
}

async function prepareStep(device: EngineDevice): Promise<Work> {
  const { model, train, corpus } = await readStepWork();
  const session = new Session(device);
  const trainer = await Trainer.open(session, compileTraining(model, train, { target: device.target }), train, textBatches(corpus, train)); // prettier-ignore
  initializeParameters(session, model, train.seed);
  let step = 0;
  return async () => {
    let value = Number.NaN;
    const ms = await timed(async () => {
      value = (await trainer.step(step++)).loss;
    });
    return { ms, value };
  };
}

/** 16 tokens of prompt, then as many as the context holds. */
async function prepareDecode(device: EngineDevice): Promise<Work> {
  const { model, train, corpus } = await readStepWork();
  const session = new Session(device);
  const generator = await Generator.open(session, compileGeneration(model, { target: device.target }));
  initializeParameters(session, model, train.seed);
  const prompt = corpus.held.subarray(0, 16);
  const options = {
    temperature: 0.8,
    topK: 40,
    topP: null,
    minP: null,
    seed: 1,
    stop: [],
    maxTokens: model.context - 16,
  };
  return async () => {
    const { tokens, decodeMs } = await generator.generate(prompt, options);
    return { ms: decodeMs, value: tokens.length - 1 }; // the first comes of the prompt
  };
}
