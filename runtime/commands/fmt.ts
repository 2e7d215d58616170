// Takes: .model files. Gives: the same files in one form.
// Promises: comments and meaning stay; formatting twice changes nothing; a file with syntax errors is left alone.
import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { printFile } from '../../compiler/1-syntax/print-ast.ts';
import { formatDiagnostic } from '../../compiler/diagnostics.ts';
import { readSource } from '../model-file.ts';
import { colorOn, notice, print } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export function fmtCommand(): Command {
  return new Command('fmt')
    .description('format .model files in place')
    .argument('<files...>', '.model files')
    .option('--check', 'change nothing; exit with 1 when a file is not formatted')
    .option('--stdout', 'print the formatted text instead of writing it')
    .addHelpText('after', '\nExamples:\n  modelc fmt specs/*.model\n  modelc fmt --check specs/*.model')
    .action((files: string[], options: { check?: boolean; stdout?: boolean }) => {
      for (const path of files) formatFile(path, options);
    });
}

function formatFile(path: string, options: { check?: boolean; stdout?: boolean }): void {
  const source = readSource(path);
  const { ast, diagnostics } = parseFile(source);
  if (diagnostics.length > 0) {
    throw new UserError(diagnostics.map((each) => formatDiagnostic(each, { color: colorOn('stderr') })).join('\n\n'));
  }
  const text = printFile(ast);
  if (options.stdout === true) return print(text);
  if (text === source.text) return;
  if (options.check === true) {
    notice(`${path} is not formatted; run modelc fmt ${path}`);
    process.exitCode = 1;
    return;
  }
  writeFileAtomic.sync(path, text);
  notice(`formatted ${path}`);
}
