// Takes: folders of references made by another framework. Gives: a line for each, and whether all agree.
// Promises: exit code 1 if any fails or cannot be read; the others are measured all the same.
import { Command } from 'commander';
import { basename, resolve } from 'node:path';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { measureFolder } from '../parity/parity.ts';
import { printResult } from '../parity/print.ts';
import type { ParityResult } from '../parity/result.ts';
import { colorOn, print, printJson, statusLine } from '../terminal.ts';

export interface ParityOptions extends DeviceOptions {
  readonly json?: boolean;
}

export function parityCommand(): Command {
  const command = new Command('parity')
    .description('compare checkpoints with what their own framework makes of them')
    .argument('<folders...>', 'each with config.json and a reference: outputs and one step, or a training curve')
    .option('--json', 'the results as JSON');
  return withDeviceOptions(command)
    .addHelpText(
      'after',
      `
A reference holds config.json, before.safetensors, logits.safetensors, after.safetensors (one SGD step of learning rate 1
later) and expected.json. Its line has the largest error of a logit, of the loss, of a gradient and of their norm, of logits
by the cache, all relative, and whether greedy decoding chooses the same tokens by prefill and by cache.
A curve holds config.json, model.safetensors, tokens.safetensors and curve.json. Its line has the largest error of a loss in
the first 20 steps and in all, of the mean over the last 20, and of the gradient norm. Some runs sit on a saddle and leave it
by rounding: no two libraries agree from there. A run that strays is repeated with every weight moved by one unit in the last
place after each step; it may then differ by twice what that does, and by 1e-4 before. The line says from which step.

Examples:
  modelc parity references/llama
  modelc parity references/* --json`,
    )
    .action(async (folders: string[], options: ParityOptions) => {
      const results = await parity(folders, options, options.json === true ? () => {} : print);
      if (options.json === true) printJson(results);
      if (results.some(({ pass }) => !pass)) process.exitCode = 1;
    });
}

/** `onLine` gets the line of each folder as soon as it is known. @throws DeviceError */
export function parity(
  folders: readonly string[],
  options: DeviceOptions,
  onLine: (line: string) => void,
): Promise<readonly ParityResult[]> {
  const width = Math.max(...folders.map((folder) => basename(resolve(folder)).length));
  return withDevice(options, async (device) => {
    const results: ParityResult[] = [];
    const status = statusLine();
    for (const folder of folders) {
      const result = await measureFolder(device, folder, (phase) => status.show(`${basename(folder)}: ${phase}`));
      status.clear();
      results.push(result);
      onLine(printResult(result, { color: colorOn('stdout'), width }));
    }
    return results;
  });
}
