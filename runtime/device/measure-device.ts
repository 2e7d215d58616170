// Takes: an open device. Gives: what it computes in a second.
// Promises: the road of every model: a graph, compiled for the device, run by a session; the result is read back.
import { GraphBuilder } from '../../compiler/3-graph/builder.ts';
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { Session } from '../engine/session.ts';

const SIZE = 512;

export interface Measurement {
  /** f32 product of two 512 x 512 matrices, 10^9 operations a second. */
  readonly matmulGflops: number;
}

/** @throws DeviceError */
export async function measureDevice(device: EngineDevice, seconds = 1): Promise<Measurement> {
  const session = new Session(device);
  try {
    const product = await session.load(compileGraph(matmul(), {}, { target: device.target }));
    const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7919) % 1000) / 1000);
    for (const name of ['a', 'b']) product.write(name, values);
    const run = async (times: number): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < times; i++) product.run();
      await product.read('c');
      return (performance.now() - start) / 1000;
    };
    await run(1);
    const once = await run(2);
    const times = Math.max(2, Math.min(5000, Math.round((2 * seconds) / once)));
    return { matmulGflops: (2 * SIZE ** 3 * times) / (await run(times)) / 1e9 };
  } finally {
    session.destroy();
  }
}

/** c[m, n] = the sum over k of a[m, k] b[k, n]. */
function matmul() {
  const builder = new GraphBuilder('measure.matmul');
  const dims = { m: SIZE, k: SIZE, n: SIZE };
  const input = (name: string, ...names: readonly (keyof typeof dims)[]) =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: names.map((dim) => ({ name: dim, size: dims[dim] })) } }, []); // prettier-ignore
  builder.output('c', builder.add('contract', { over: ['k'] }, [input('a', 'm', 'k'), input('b', 'k', 'n')]));
  return builder.finish();
}
