// Takes: a program and its arguments. Gives: what it printed.
// Promises: no shell; a program that fails is an error with its last lines.
import { spawn } from 'node:child_process';

export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** Standard output. @throws CommandError when the program is missing or ends with an error. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', ...options.env },
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const shown = [program, ...args.filter((arg) => arg !== '-o' && !arg.includes('::'))].join(' ');
    child.on('error', (cause) => reject(new CommandError(`${program} cannot be run: ${cause.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const reason = lastLines(errors.trim() === '' ? output : errors);
      reject(
        new CommandError(`\`${shown}\` ended with ${signal ?? `code ${code ?? '?'}`}${reason ? `:\n${reason}` : ''}`),
      );
    });
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-6).join('\n');
}
