// Takes: two models: of one file, of two files, of two revisions, or a variant and its base. Gives: how they differ.
// Promises: compares what they mean, not how they are written; `--train` trains both on the same batches.
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { printGraphs, printKernels } from '../../compiler/explain/diff/compiled/print.ts';
import { printBrief, printDiff } from '../../compiler/explain/diff/print.ts';
import { compare, type Comparison, type ComparisonRequest } from '../comparing/comparison.ts';
import { printCurves } from '../comparing/curves.ts';
import { comparisonHtml } from '../comparing/page.ts';
import { namesOf, pairsOf } from '../comparing/side.ts';
import { colorOn, notice, print, printJson } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { writeText } from '../write-text.ts';
import { positive } from './train.ts';
import { withDeviceOptions } from '../device/with-device.ts';

interface DiffOptions extends ComparisonRequest {
  readonly html?: string;
  readonly json?: boolean;
  readonly exitCode?: boolean;
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description('compare two models: changed keys, layers, sizes and costs, weights, training')
    .argument('<a>', 'FILE, FILE:MODEL, FILE@REV or FILE@REV:MODEL; REV is a git revision')
    .argument('[b]', 'the same, or the name of a model in the first file; left out: the base of a variant')
    .option('--graph', 'ops that differ, forward and training')
    .option('--kernels', 'kernels that differ, for the GPU or with --device cpu')
    .option('--train <n>', 'train both for n steps on the same batches, and compare their losses', positive)
    .option('--data <globs...>', 'with --train: text files instead of those of the train block')
    .option('--batch <n>', 'with --train: sequences per step', positive)
    .option('--seq <n>', 'with --train: tokens per sequence', positive)
    .addOption(new Option('--seed <n>', 'with --train: of weights, batches and dropout').argParser(Number))
    .option('--exit-code', 'end with 1 when they differ')
    .option('--html <file>', 'write a page with all of it')
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
  modelc diff specs/quickstart.model QuickstartMQA --graph --kernels --device cpu
  modelc diff specs/quickstart.model QuickstartMQA --train 200 --html mqa.html
  modelc diff a.model:Wide b.model:Deep --json`,
    )
    .action(diff);
}

async function diff(first: string, second: string | undefined, options: DiffOptions): Promise<void> {
  const pairs = pairsOf(first, second);
  if (options.train !== undefined && pairs.length > 1) {
    throw new UserError(`--train compares two models; name one of ${pairs.map(({ b }) => b.model.name).join(', ')}`);
  }
  const comparisons: Comparison[] = [];
  for (const pair of pairs) comparisons.push(await compare(pair, options));
  if (options.html !== undefined) writePage(options.html, comparisons);
  if (options.json === true) printJson(pairs.length === 1 ? comparisons.map(plain)[0] : comparisons.map(plain));
  else print(comparisons.map((each) => text(each, pairs.length > 1)).join('\n\n'));
  if (options.exitCode === true && comparisons.some((each) => !each.diff.same)) process.exitCode = 1;
}

function writePage(path: string, comparisons: readonly Comparison[]): void {
  writeText(path, comparisonHtml(comparisons));
  notice(`wrote ${path}`);
}

function plain({ diff, graphs, kernels, curves }: Comparison): unknown {
  return {
    ...diff,
    ...(graphs === null ? {} : { graphs }),
    ...(kernels === null ? {} : { kernels }),
    ...(curves === null ? {} : { training: curves }),
  };
}

/** `brief`: one of several. */
function text({ pair, diff, graphs, kernels, curves }: Comparison, brief: boolean): string {
  const paint = pc.createColors(colorOn('stdout'));
  const [a, b] = namesOf(pair);
  const parts = [(brief ? printBrief : printDiff)({ ...diff, a, b }, paint)];
  if (graphs !== null) parts.push(printGraphs(graphs, paint));
  if (kernels !== null) parts.push(printKernels(kernels, paint));
  if (curves !== null) {
    const colors = colorOn('stdout') ? { first: paint.cyan, second: paint.yellow } : null;
    parts.push(`${paint.bold('training')}\n${printCurves(curves, colors, process.stdout.columns ?? 80)}`);
  }
  return parts.join('\n\n');
}
