// Takes: a run or a checkpoint, and a prompt. Gives: text, as it comes.
// Promises: the same checkpoint, prompt and seed give the same text.
import { Command, InvalidArgumentError } from 'commander';
import { compileGeneration } from '../../compiler/compile.ts';
import type { GenerateSpec, Model } from '../../compiler/2-check/model.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { Session } from '../engine/session.ts';
import { type Generated, type GenerateOptions, Generator } from '../inference/generator.ts';
import { checkSourceFile, chooseGenerate } from '../model-file.ts';
import { colorOn, notice, printJson, stopOnSignal } from '../terminal.ts';
import { type Checkpoint, loadCheckpoint, modelOf, restore } from '../training/checkpoint.ts';
import { checkpointPath } from '../training/run-folder.ts';
import { positive } from './train.ts';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';

export interface GenerateFlags extends DeviceOptions {
  readonly prompt?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly greedy?: boolean;
  readonly json?: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('write text with a trained model')
    .argument('<run>', 'folder of a run, or its checkpoint.safetensors')
    .option('--prompt <text>', 'text to continue', '\n')
    .option('--max-tokens <n>', 'tokens to write', positive)
    .option('--temperature <t>', 'above 0; lower is more certain', fraction(0, 100))
    .option('--top-k <k>', 'choose among the k likeliest tokens', positive)
    .option('--top-p <p>', 'choose among the fewest tokens whose probabilities reach p', fraction(0, 1))
    .option('--min-p <p>', 'choose among tokens at least p times as likely as the likeliest', fraction(0, 1))
    .option('--greedy', 'always the likeliest token')
    .option('--seed <n>', 'seed of the choice', Number, 0)
    .option('--stop <texts...>', 'end before any of these texts')
    .option('--json', 'the text and its figures as JSON');
  return withDeviceOptions(command)
    .addHelpText(
      'after',
      `
What is not given comes from the generate block of the model's file.

Examples:
  modelc generate runs/quickstart-Quickstart-1 --prompt 'interface ' --max-tokens 200
  modelc generate runs/quickstart-Quickstart-1 --greedy --stop ';' --json`,
    )
    .action(async (run: string, flags: GenerateFlags) => {
      const { text, generated } = await generate(
        run,
        flags,
        flags.json === true ? () => {} : (part) => process.stdout.write(part),
      );
      if (flags.json === true) printJson(figures(text, generated));
      else describeSpeed(generated);
    });
}

function fraction(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`give a number from ${low} to ${high}.`);
    return value;
  };
}

/** Loads the checkpoint and continues the prompt; `onText` gets the text as it comes. @throws UserError, DeviceError */
export async function generate(
  run: string,
  flags: GenerateFlags,
  onText: (part: string) => void,
): Promise<{ text: string; generated: Generated }> {
  const checkpoint = await loadCheckpoint(checkpointPath(run));
  const model = modelOf(checkpoint, colorOn('stderr'));
  const spec = chooseGenerate(checkSourceFile(checkpoint.source), model);
  return withDevice(flags, (device) => generateOn(device, { checkpoint, model, spec, flags, onText }));
}

interface Request {
  readonly checkpoint: Checkpoint;
  readonly model: Model;
  readonly spec: GenerateSpec | undefined;
  readonly flags: GenerateFlags;
  readonly onText: (part: string) => void;
}

async function generateOn(device: EngineDevice, request: Request): Promise<{ text: string; generated: Generated }> {
  const { checkpoint, model, spec, flags, onText } = request;
  const session = new Session(device);
  const generator = await Generator.open(session, compileGeneration(model, { target: device.target }));
  restore(checkpoint, session, 'parameter');
  const signal = stopOnSignal('');
  const decoder = new TextDecoder();
  let text = '';
  const show = (part: string): void => {
    text += part;
    onText(part);
  };
  try {
    const options = { ...settings(spec, flags), shouldStop: signal.asked };
    const onBytes = (bytes: Uint8Array): void => show(decoder.decode(bytes, { stream: true }));
    const prompt = new TextEncoder().encode(flags.prompt ?? '\n');
    const generated = await generator.generate(prompt, { ...options, onBytes });
    show(decoder.decode());
    return { text, generated };
  } finally {
    signal.release();
    session.destroy();
  }
}

function settings(spec: GenerateSpec | undefined, flags: GenerateFlags): GenerateOptions {
  return {
    temperature: flags.greedy === true ? 0 : (flags.temperature ?? spec?.temperature ?? 1),
    topK: flags.topK ?? spec?.topK ?? null,
    topP: flags.topP ?? spec?.topP ?? null,
    minP: flags.minP ?? spec?.minP ?? null,
    maxTokens: flags.maxTokens ?? spec?.maxTokens ?? 256,
    seed: flags.seed ?? 0,
    stop: flags.stop ?? spec?.stop ?? [],
  };
}

function figures(
  text: string,
  { tokens, reason, promptTokens, prefillMs, decodeMs }: Generated,
): Record<string, unknown> {
  const perSecond = tokens.length > 1 ? ((tokens.length - 1) * 1000) / decodeMs : null;
  return { text, tokens, reason, prompt_tokens: promptTokens, ttft_ms: prefillMs, tokens_per_second: perSecond };
}

function describeSpeed({ tokens, decodeMs, prefillMs }: Generated): void {
  const speed = tokens.length > 1 ? `, ${Math.round(((tokens.length - 1) * 1000) / decodeMs)} tokens/s` : '';
  notice(`\n${tokens.length} tokens, first after ${Math.round(prefillMs)} ms${speed}`);
}
