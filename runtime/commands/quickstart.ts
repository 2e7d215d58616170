// Takes: nothing. Gives: a model trained on this machine, and text it writes.
// Promises: needs no driver and no rights: without a GPU the CPU does it; nothing is downloaded.
import { Command } from 'commander';
import { join, relative } from 'node:path';
import { packageRoot } from '../model-file.ts';
import { notice, print } from '../terminal.ts';
import { generate } from './generate.ts';
import { train } from './train.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { withDeviceOptions } from '../device/with-device.ts';

export function quickstartCommand(): Command {
  const command = new Command('quickstart')
    .description('train specs/quickstart.model on real text, then write text with it')
    .option('--data <globs...>', 'text files to learn from (default: TypeScript declarations of this package)')
    .option('--steps <n>', 'steps instead of those of the file', Number)
    .option('--out <folder>', 'where the run goes')
    .option('--prompt <text>', 'text to continue after training', 'interface ');
  return withDeviceOptions(command)
    .addHelpText('after', '\nExamples:\n  modelc quickstart\n  modelc quickstart --data "notes/**/*.md" --prompt "# "')
    .action(quickstart);
}

interface QuickstartOptions extends DeviceOptions {
  readonly data?: readonly string[];
  readonly steps?: number;
  readonly out?: string;
  readonly prompt: string;
}

async function quickstart({ prompt, ...options }: QuickstartOptions): Promise<void> {
  const file = join(packageRoot(), 'specs', 'quickstart.model');
  const { result, folder } = await train(file, options);
  if (result.interrupted) return;
  notice('\nthe model continues the prompt:');
  let text = prompt; // shown with the first letters, below what opening the device has to say
  await generate(folder.path, { ...options, prompt }, (part) => {
    process.stdout.write(text + part);
    text = '';
  });
  const path = relative(process.cwd(), folder.path);
  print('\n');
  notice(
    `run:   ${path}\nagain: npx modelc generate ${path} --prompt 'export function '\nlook:  ${join(path, 'report.html')}`,
  );
}
