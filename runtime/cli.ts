#!/usr/bin/env node
// Takes: the command line. Gives: an exit code: 0 done, 1 the user's or the environment's fault, 2 a bug of modelc.
// Promises: names the commands and nothing else; every failure is one sentence, a bug comes with its stack.
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCommand } from './commands/check.ts';
import { compileCommand } from './commands/compile.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/exchange/export.ts';
import { importCommand } from './commands/exchange/import.ts';
import { explainCommand } from './commands/explain.ts';
import { fmtCommand } from './commands/fmt.ts';
import { generateCommand } from './commands/generate.ts';
import { lspCommand } from './commands/lsp.ts';
import { benchCommand } from './commands/measuring/bench.ts';
import { parityCommand } from './commands/parity.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { referenceCommand } from './commands/reference.ts';
import { trainCommand } from './commands/train.ts';
import { packageRoot } from './model-file.ts';
import { isUserFault } from './user-error.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };

const commands = [
  checkCommand(), fmtCommand(), explainCommand(), diffCommand(), compileCommand(),
  trainCommand(), generateCommand(), importCommand(), exportCommand(), parityCommand(), benchCommand(),
  quickstartCommand(), doctorCommand(), referenceCommand(), lspCommand(version),
]; // prettier-ignore

const program = new Command('modelc')
  .description(
    'Compiles declarative .model files to fused WebGPU and WebAssembly kernels: training, generation, comparison.',
  )
  .version(version)
  .showSuggestionAfterError()
  .addHelpText('after', '\nmodelc <command> --help says more of each. Start with: modelc quickstart');
for (const command of commands) {
  command.exitOverride().showHelpAfterError('(--help says more)');
  program.addCommand(command);
}
program.exitOverride();

// Whoever reads may have read enough: `modelc compile ... | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (isUserFault(error)) {
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`modelc has a bug; please report it with the .model file and this text:\n${text}\n`);
  return 2;
}
