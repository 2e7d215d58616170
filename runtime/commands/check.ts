// Takes: .model files. Gives: every diagnostic in them.
// Promises: exit code 1 when there is an error, 0 when there are only warnings and hints.
import { Command } from 'commander';
import { type Diagnostic, formatDiagnostic } from '../../compiler/diagnostics.ts';
import { positionOf } from '../../grammar/source.ts';
import { checkSourceFile, readSource } from '../model-file.ts';
import { colorOn, print, printJson } from '../terminal.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check .model files and print every fault, warning and hint with its place')
    .argument('<files...>', '.model files')
    .option('--json', 'diagnostics as JSON')
    .option('--quiet', 'errors only')
    .addHelpText(
      'after',
      '\nExamples:\n  modelc check specs/quickstart.model\n  modelc check --json specs/families/*.model',
    )
    .action((files: string[], options: { json?: boolean; quiet?: boolean }) => {
      const all = files.map((path) => ({ path, diagnostics: diagnosticsOf(path, options.quiet === true) }));
      if (options.json === true)
        printJson(all.map(({ path, diagnostics }) => ({ path, diagnostics: diagnostics.map(plain) })));
      else for (const each of all) printFile(each.path, each.diagnostics);
      const failed = all.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error'));
      process.exitCode = failed ? 1 : 0;
    });
}

function diagnosticsOf(path: string, quiet: boolean): readonly Diagnostic[] {
  const { diagnostics } = checkSourceFile(readSource(path));
  return quiet ? diagnostics.filter(({ severity }) => severity === 'error') : diagnostics;
}

function printFile(path: string, diagnostics: readonly Diagnostic[]): void {
  for (const each of diagnostics) print(`${formatDiagnostic(each, { color: colorOn('stdout') })}\n`);
  const count = (severity: string): number => diagnostics.filter((each) => each.severity === severity).length;
  print(
    `${path}: ${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${plural(count('info'), 'hint')}`,
  );
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** A diagnostic as plain data: 1-based line and column. */
export function plain({ code, severity, message, span, notes, fix }: Diagnostic): Record<string, unknown> {
  const start = positionOf(span.file, span.start);
  const end = positionOf(span.file, span.end);
  return { code, severity, message, path: span.file.path, start, end, notes: notes?.map((note) => note.message), fix };
}
