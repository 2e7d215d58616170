// Takes: a number of threads. Gives: onnxruntime-node's CPU provider.
// Promises: exactly so many threads; the product is written where it lay before, nothing is allocated.
import { type Contestant, matmulError, matmulSizes, type MatmulName, matrix, timed, type Work } from '../work.ts';
import { onnxMatmul } from './onnx-matmul.ts';

export function openOnnxruntime(threads: number): Contestant {
  return {
    description: `onnxruntime-node 1.30.0, CPU provider, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    works: {
      'matmul 512': () => prepareMatmul('matmul 512', threads),
      'matmul 1024': () => prepareMatmul('matmul 1024', threads),
    },
    close: () => {},
  };
}

async function prepareMatmul(name: MatmulName, threads: number): Promise<Work> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(onnxMatmul(matmulSizes[name]), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
  const size = matmulSizes[name];
  const [a, b, c] = [matrix(size, 1), matrix(size, 2), new Float32Array(size * size)];
  const tensor = (data: Float32Array) => new Tensor('float32', data, [size, size]);
  const [feeds, fetches] = [{ a: tensor(a), b: tensor(b) }, { c: tensor(c) }];
  const run = async (): Promise<void> => {
    await session.run(feeds, fetches);
  };
  await run();
  const value = matmulError(a, b, c, size);
  return async () => ({ ms: await timed(run), value });
}
