// Takes: the number of threads, and `close` or `leave`. Gives: a line of what they computed.
// Promises: nothing that keeps a process alive but the device, which it closes or leaves open.
import { openDevice } from '../../../runtime/engine/open-device.ts';
import { Session } from '../../../runtime/engine/session.ts';
import { backAndForth, fold } from './wasm-plans.ts';

const [threads, end] = process.argv.slice(2);
const device = await openDevice({ device: 'cpu', threads: Number(threads) });
const session = new Session(device);
const size = 1000;
const executable = await session.load(
  backAndForth(
    'process',
    size,
    Array.from({ length: 20 }, () => fold(size, 10)),
  ),
);
session.write(
  'a',
  Float32Array.from({ length: size }, (_, i) => i),
);
for (let i = 0; i < 10; i++) executable.run();
const sum = [...(await session.read('a'))].reduce((total, value) => total + value, 0);
process.stdout.write(`${sum.toFixed(3)}\n`);
if (end === 'close') device.close();
