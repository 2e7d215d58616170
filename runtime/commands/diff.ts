// Takes: two models: of one file, of two files, of two revisions, or a variant and its base. Gives: how they differ.
// Promises: compares what they mean, not how they are written; `--train` trains both on the same batches.
import { Command, Option } from 'commander';
import pc from 'picocolors';
import type { ModelDiff } from '../../compiler/explain/diff/diff.ts';
import { printDiff } from '../../compiler/explain/diff/print.ts';
import { printCurves } from '../comparing/curves.ts';
import { diffPair, type Pair, pairsOf } from '../comparing/side.ts';
import type { BothCurves } from '../comparing/train-both.ts';
import { trainPair } from '../comparing/train-pair.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { colorOn, print, printJson } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { positive } from './train.ts';
import { withDeviceOptions } from './with-device.ts';

interface DiffOptions extends DeviceOptions {
  readonly train?: number;
  readonly data?: readonly string[];
  readonly batch?: number;
  readonly seq?: number;
  readonly seed?: number;
  readonly json?: boolean;
  readonly exitCode?: boolean;
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description('compare two models: changed keys, layers, sizes and costs, weights, training')
    .argument('<a>', 'FILE, FILE:MODEL, FILE@REV or FILE@REV:MODEL; REV is a git revision')
    .argument('[b]', 'the same, or the name of a model in the first file; left out: the base of a variant')
    .option('--train <n>', 'train both for n steps on the same batches, and compare their losses', positive)
    .option('--data <globs...>', 'with --train: text files instead of those of the train block')
    .option('--batch <n>', 'with --train: sequences per step', positive)
    .option('--seq <n>', 'with --train: tokens per sequence', positive)
    .addOption(new Option('--seed <n>', 'with --train: of weights, batches and dropout').argParser(Number))
    .option('--exit-code', 'end with 1 when they differ')
    .option('--json', 'the difference as JSON');
  return withDeviceOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  modelc diff specs/quickstart.model QuickstartMQA
  modelc diff specs/quickstart.model:QuickstartMQA                        with its base
  modelc diff specs/quickstart.model                                      every variant with its base
  modelc diff specs/families/llama.model specs/families/qwen3.model
  modelc diff my.model@HEAD~1 my.model                                    what the last commit changed
  modelc diff specs/quickstart.model QuickstartMQA --train 200 --device cpu
  modelc diff a.model:Wide b.model:Deep --json`,
    )
    .action(diff);
}

/** What is said of one pair. */
interface Comparison {
  readonly pair: Pair;
  readonly diff: ModelDiff;
  readonly curves: BothCurves | null;
}

async function diff(first: string, second: string | undefined, options: DiffOptions): Promise<void> {
  const pairs = pairsOf(first, second);
  if (options.train !== undefined && pairs.length > 1) {
    throw new UserError(`--train compares two models; name one of ${pairs.map(({ b }) => b.model.name).join(', ')}`);
  }
  const comparisons: Comparison[] = [];
  for (const pair of pairs) {
    const curves = options.train === undefined ? null : await trainPair(pair, { ...options, steps: options.train });
    comparisons.push({ pair, diff: diffPair(pair), curves });
  }
  if (options.json === true) printJson(comparisons.length === 1 ? plain(comparisons[0]) : comparisons.map(plain));
  else print(comparisons.map(text).join('\n\n'));
  if (options.exitCode === true && comparisons.some((each) => !each.diff.same)) process.exitCode = 1;
}

function plain(comparison: Comparison | undefined): unknown {
  return { ...comparison?.diff, ...(comparison?.curves ? { training: comparison.curves } : {}) };
}

function text({ diff, curves }: Comparison): string {
  const paint = pc.createColors(colorOn('stdout'));
  const parts = [printDiff(diff, paint)];
  if (curves !== null) {
    const colors = colorOn('stdout') ? { first: paint.cyan, second: paint.yellow } : null;
    parts.push(`${paint.bold('training')}\n${printCurves(curves, colors, process.stdout.columns ?? 80)}`);
  }
  return parts.join('\n\n');
}
