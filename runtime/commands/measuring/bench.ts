// Takes: what is to be measured, on which device. Gives: times and rates, each beside what the device reaches at best.
// Promises: nothing is written; random weights and tokens, so no data is needed; exit code 1 when a benchmark fails.
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { bench, type BenchRequest } from '../../bench/bench.ts';
import type { AttentionSize, MatmulSize } from '../../bench/graphs.ts';
import { printBench } from '../../bench/print-bench.ts';
import { type BenchName, benchNames } from '../../bench/result.ts';
import { withDevice, withDeviceOptions } from '../../device/with-device.ts';
import type { DeviceOptions } from '../../engine/open-device.ts';
import { notice, print, printJson } from '../../terminal.ts';
import { positive } from '../train.ts';

interface BenchFlags extends DeviceOptions, Omit<BenchRequest, 'benches'> {
  readonly json?: boolean;
}

const examples = `
train, prefill and decode measure a model with random weights: specs/bench.model, 124 M parameters on a GPU, a small one
elsewhere. matmul and attention measure one product and causal attention. Shares are of the best product and the best
copy of this device, measured in the same run.

Examples:
  modelc bench
  modelc bench train --model my.model --batch 8 --seq 512
  modelc bench train decode --model specs/bench.model:Bench1B --batch 1
  modelc bench matmul --matmul-size 8192x8192x8192 --type f16
  modelc bench attention --attention-size 4x32x4096x128
  modelc bench --device cpu --json`;

export function benchCommand(): Command {
  const command = new Command('bench')
    .description('measure training, prefill, decode, products and attention beside what the device reaches at best')
    .addArgument(new Argument('[benches...]', 'which (default: all)').choices(benchNames))
    .option('--model <file>', 'FILE.model or FILE.model:MODEL instead of the built-in one')
    .option('--batch <n>', 'sequences at once (default: 16 to train, 1 to generate; less without a GPU)', positive)
    .option('--seq <n>', 'tokens per sequence, positions of the cache (default: the context)', positive)
    .option('--steps <n>', 'training steps and decoded tokens to measure', positive)
    .addOption(
      new Option('--type <type>', 'of the elements of products and attention, in training too')
        .choices(['f32', 'f16'])
        .default('f32'),
    ) // prettier-ignore
    .option('--matmul-size <MxNxK>', 'default: 4096x4096x4096, without a GPU 512x512x512', matmulSize)
    .option(
      '--attention-size <size>',
      'batch x heads x seq x head_dim; default: 16x12x1024x64, less without a GPU',
      attentionSize,
    ) // prettier-ignore
    .option('--seconds <s>', 'about how long each product, copy and attention is measured', seconds)
    .option('--json', 'all figures as JSON');
  return withDeviceOptions(command).addHelpText('after', examples).action(runBench);
}

async function runBench(benches: readonly BenchName[], flags: BenchFlags): Promise<void> {
  const asked = benches.length > 0 ? benches : benchNames;
  const report = await withDevice(flags, (device) => bench(device, { ...flags, benches: asked }, notice));
  if (flags.json === true) printJson(report);
  else print(printBench(report));
  if (Object.keys(report.faults).length > 0) process.exitCode = 1;
}

function matmulSize(text: string): MatmulSize {
  const [m = 0, n = 0, k = 0] = sizes(text, 3, '4096x4096x4096');
  return { m, n, k };
}

function attentionSize(text: string): AttentionSize {
  const [batch = 0, heads = 0, seq = 0, depth = 0] = sizes(text, 4, '16x12x1024x64');
  return { batch, heads, seq, depth };
}

function sizes(text: string, count: number, example: string): number[] {
  const numbers = text.split('x').map(Number);
  if (numbers.length === count && numbers.every((size) => Number.isInteger(size) && size >= 1)) return numbers;
  throw new InvalidArgumentError(`give ${count} whole numbers, as in ${example}.`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 600) return value;
  throw new InvalidArgumentError('give a number of seconds.');
}
