// Takes: .model files. Gives: the same files in one form.
// Promises: comments and meaning stay; formatting twice changes nothing; a file with faults is left alone.
import { Command } from 'commander';
import type { FileNode } from '../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { printFile } from '../../compiler/1-syntax/print-ast.ts';
import { explicitFile } from '../../compiler/2-check/explicit/explicit.ts';
import { formatDiagnostic } from '../../compiler/diagnostics.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { checkSourceFile, readPrelude, readSource, requireSound } from '../model-file.ts';
import { colorOn, notice, print } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { writeText } from '../write-text.ts';

interface Options {
  readonly check?: boolean;
  readonly stdout?: boolean;
  readonly explicit?: boolean;
}

export function fmtCommand(): Command {
  return new Command('fmt')
    .description('format .model files in place')
    .argument('<files...>', '.model files')
    .option('--check', 'change nothing; exit with 1 when a file is not formatted')
    .option('--stdout', 'print the formatted text instead of writing it')
    .option('--explicit', 'the long form: write out every default that the file leaves to std')
    .addHelpText(
      'after',
      `
Examples:
  modelc fmt specs/*.model
  modelc fmt --check specs/*.model
  modelc fmt --explicit --stdout specs/quickstart.model   the same model with nothing left out`,
    )
    .action((files: string[], options: Options) => {
      for (const path of files) formatFile(path, options);
    });
}

function formatFile(path: string, options: Options): void {
  const source = readSource(path);
  const text = printFile(options.explicit === true ? longForm(source) : shortForm(source));
  if (options.stdout === true) return print(text);
  if (text === source.text) return;
  if (options.check === true) {
    notice(`${path} is not formatted; run modelc fmt ${path}`);
    process.exitCode = 1;
    return;
  }
  writeText(path, text);
  notice(`formatted ${path}`);
}

function shortForm(source: SourceFile): FileNode {
  const { ast, diagnostics } = parseFile(source);
  if (diagnostics.length === 0) return ast;
  throw new UserError(diagnostics.map((each) => formatDiagnostic(each, { color: colorOn('stderr') })).join('\n\n'));
}

/** What derives can only be told in a file that checks. @throws UserError */
function longForm(source: SourceFile): FileNode {
  const { ast } = requireSound(checkSourceFile(source), colorOn('stderr'));
  return explicitFile(
    ast,
    readPrelude().map((file) => parseFile(file).ast),
  );
}
