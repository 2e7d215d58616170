// Takes: two models: of one file, of two files, of two revisions, or a variant and its base. Gives: how they differ.
// Promises: compares what they mean, not how they are written.
import { Command } from 'commander';
import pc from 'picocolors';
import { printDiff } from '../../compiler/explain/diff/print.ts';
import { diffPair, pairsOf } from '../comparing/side.ts';
import { colorOn, print, printJson } from '../terminal.ts';

interface DiffOptions {
  readonly json?: boolean;
  readonly exitCode?: boolean;
}

export function diffCommand(): Command {
  return new Command('diff')
    .description('compare two models: changed keys, layers, sizes and costs, weights')
    .argument('<a>', 'FILE, FILE:MODEL, FILE@REV or FILE@REV:MODEL; REV is a git revision')
    .argument('[b]', 'the same, or the name of a model in the first file; left out: the base of a variant')
    .option('--exit-code', 'end with 1 when they differ')
    .option('--json', 'the difference as JSON')
    .addHelpText(
      'after',
      `
Examples:
  modelc diff specs/quickstart.model QuickstartMQA
  modelc diff specs/quickstart.model:QuickstartMQA                        with its base
  modelc diff specs/quickstart.model                                      every variant with its base
  modelc diff specs/families/llama.model specs/families/qwen3.model
  modelc diff my.model@HEAD~1 my.model                                    what the last commit changed
  modelc diff a.model:Wide b.model:Deep --json`,
    )
    .action((first: string, second: string | undefined, options: DiffOptions) => {
      const diffs = pairsOf(first, second).map(diffPair);
      if (options.json === true) printJson(diffs.length === 1 ? diffs[0] : diffs);
      else print(diffs.map((diff) => printDiff(diff, pc.createColors(colorOn('stdout')))).join('\n\n'));
      if (options.exitCode === true && diffs.some(({ same }) => !same)) process.exitCode = 1;
    });
}
