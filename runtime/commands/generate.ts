// Takes: a run, a checkpoint, an imported folder or one of the Hugging Face hub, and a prompt or a chat. Gives: text, as it comes.
// Promises: the same weights, prompt and seed give the same text; the cache is no larger than the text needs.
import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import type { HeldWeights } from '../../compiler/2-check/model.ts';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { Chat } from '../inference/chat.ts';
import { contextOf } from '../inference/context.ts';
import type { Generated, Generator } from '../inference/generator.ts';
import { openGeneration } from '../inference/open-generation.ts';
import { isUnlimited } from '../inference/sample.ts';
import { type SettingFlags, type Settings, settingsOf } from '../inference/settings.ts';
import { describeDropped, readAll, terminalChat } from '../inference/terminal-chat.ts';
import { chooseGenerate } from '../model-file.ts';
import type { Measure } from '../profile/measure.ts';
import { printProfile } from '../profile/print-profile.ts';
import { ProfiledText } from '../profile/profiled-text.ts';
import type { Summary } from '../profile/summarize.ts';
import { notice, print, printJson, stopOnSignal } from '../terminal.ts';
import { requireFit, requireTokens } from '../tokenizer/fit.ts';
import { readJson } from '../tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { UserError } from '../user-error.ts';
import { folderOf, openModel, type OpenModel } from '../weights/open-model.ts';
import { positive } from './train.ts';

export interface GenerateFlags extends DeviceOptions, SettingFlags {
  readonly prompt?: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly context?: number;
  readonly json?: boolean;
  /** Folder of the profile; true: that of the working directory. */
  readonly profile?: string | true;
}

export interface Written {
  readonly text: string;
  readonly generated: Generated;
  /** Empty where none was asked for. */
  readonly profile: readonly Summary[];
}

const examples = `
What is not given comes from the generate block of the model's file, then from generation_config.json.

Examples:
  modelc generate runs/quickstart-Quickstart-1 --prompt 'interface ' --max-tokens 200
  modelc generate runs/quickstart-Quickstart-1 --greedy --stop ';' --json
  modelc generate ./SmolLM3-3B --chat --system 'Answer in one sentence.'
  modelc generate ./SmolLM3-3B --chat --prompt 'Why is the sky blue?' --json
  modelc generate ./gpt2 --prompt - --context 512 < story.txt
  modelc generate ./gpt2 --prompt 'Once' --max-tokens 16 --profile`;

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('write text with a trained or imported model, or chat with it')
    .argument(
      '<path>',
      'folder of a run, its checkpoint.safetensors, an imported folder, or one of the Hugging Face hub',
    )
    .option('--prompt <text>', 'text to continue; - reads it from standard input')
    .option('--chat', 'talk, by the chat template of the model; with --prompt a single turn')
    .option('--system <text>', 'what stands before a chat')
    .option('--max-tokens <n>', 'tokens to write (default: 256; of a chat, 1024 an answer)', positive)
    .option(
      '--context <n>',
      'positions of the cache (default: as many as the text needs; of a chat, up to 4096)',
      positive,
    ) // prettier-ignore
    .option('--temperature <t>', 'above 0; lower is more certain', fraction(0, 100))
    .option('--top-k <k>', 'choose among the k likeliest tokens', positive)
    .option('--top-p <p>', 'choose among the fewest tokens whose probabilities reach p', fraction(0, 1))
    .option('--min-p <p>', 'choose among tokens at least p times as likely as the likeliest', fraction(0, 1))
    .option('--greedy', 'always the likeliest token')
    .option('--seed <n>', 'seed of the choice', Number, 0)
    .option('--stop <texts...>', 'end before any of these texts')
    .option(
      '--profile [folder]',
      'time every kernel of the prompt and of three tokens (default: modelc-profile): profile.json, trace.json',
    )
    .option('--json', 'the text and its figures as JSON');
  return withDeviceOptions(command)
    .addHelpText('after', examples)
    .action(async (path: string, flags: GenerateFlags) => {
      const isTalk = flags.chat === true && flags.prompt === undefined;
      if (isTalk && flags.json === true) throw new UserError('--json gives one answer; give --prompt with --chat');
      if (flags.chat === true && flags.profile !== undefined) throw new UserError('--profile measures a prompt; leave --chat out'); // prettier-ignore
      if (isTalk) return talk(path, flags);
      const onText = flags.json === true ? () => {} : (part: string) => void process.stdout.write(part);
      const { text, generated, profile } = await generate(path, flags, onText);
      const measured = profile.length > 0 ? { profile } : {};
      if (flags.json === true) return printJson({ ...figures(text, generated), ...measured });
      describeSpeed(generated, '\n');
      if (profile.length > 0) print(`\n${profile.map(printProfile).join('\n\n')}`);
      return undefined;
    });
}

function fraction(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`give a number from ${low} to ${high}.`);
    return value;
  };
}

/** What all ways of generating have. */
interface Opened {
  readonly open: OpenModel;
  readonly flags: GenerateFlags;
  readonly settings: Settings;
  /** How matrices are held; null: in f32. */
  readonly held: HeldWeights | null;
}

async function withModel<T>(path: string, flags: GenerateFlags, work: (opened: Opened) => Promise<T>): Promise<T> {
  if (flags.system !== undefined && flags.chat !== true) throw new UserError('--system stands before a chat; give --chat too'); // prettier-ignore
  const open = await openModel(path);
  try {
    requireFit(open.tokenizer, open.model.vocab);
    const generation = (await readJson(join(folderOf(open.path), 'generation_config.json'))) ?? {};
    return await work({ open, flags, ...settingsFor(open, flags, generation) });
  } finally {
    await open.weights.close();
  }
}

function settingsFor(
  { file, model }: OpenModel,
  flags: GenerateFlags,
  generation: Readonly<Record<string, unknown>>,
): Pick<Opened, 'settings' | 'held'> {
  const spec = chooseGenerate(file, model);
  if (spec === undefined) throw new TypeError(`internal: the prelude has no generate block for ${model.name}`);
  // A file without a generate block has that of the prelude, at the place of its model.
  const { weights: held } = spec;
  if (spec.span.start !== model.span.start) return { settings: settingsOf(flags, spec, generation, spec), held };
  const defaults = { ...spec, maxTokens: flags.chat === true ? 1024 : spec.maxTokens };
  return { settings: settingsOf(flags, undefined, generation, defaults), held };
}

/** Continues a prompt, or answers it; `onText` gets the text as it comes. @throws UserError, DeviceError */
export function generate(path: string, flags: GenerateFlags, onText: (part: string) => void): Promise<Written> {
  return withModel(path, flags, async (opened) => {
    const prompt = flags.prompt === '-' ? await readAll(process.stdin) : flags.prompt;
    const signal = stopOnSignal('');
    try {
      if (flags.chat === true)
        return await withChat(opened, async (chat) => ({
          ...(await chat.say(prompt ?? '', { ...opened.settings, shouldStop: signal.asked, onText })),
          profile: [],
        }));
      return await continued(opened, prompt, signal.asked, onText);
    } finally {
      signal.release();
    }
  });
}

async function continued(
  opened: Opened,
  prompt: string | undefined,
  shouldStop: () => boolean,
  onText: (part: string) => void,
): Promise<Written> {
  const { flags, settings } = opened;
  const { model, tokenizer } = opened.open;
  const tokens = promptTokens(tokenizer, prompt);
  requireTokens(tokens, tokenizer, model.vocab);
  const context = contextOf({ model: model.context, asked: flags.context, tokens: tokens.length + settings.maxTokens });
  if (tokens.length >= context)
    notice(`the prompt has ${tokens.length} tokens, the context ${context}: only its end is read`);
  const profiled = flags.profile === undefined ? undefined : new ProfiledText(flags.profile);
  const work = async (generator: Generator, device: EngineDevice): Promise<Written> => {
    profiled?.begin(device);
    if (profiled) await generator.prefill(tokens.slice(1 - context));
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    const show = (part: string): void => {
      text += part;
      onText(part);
    };
    const generated = await generator.generate(tokens, {
      ...settings,
      shouldStop,
      stopTokens: tokenizer.stops,
      decoder: tokenizer.decoder(tokens),
      onBytes: (bytes) => show(decoder.decode(bytes, { stream: true })),
    });
    show(decoder.decode());
    return { text, generated, profile: profiled?.finish(device) ?? [] };
  };
  return onDevice(opened, context, work, profiled?.measure);
}

/** Without a prompt a text begins as the tokenizer begins one. */
function promptTokens(tokenizer: Tokenizer, prompt: string | undefined): readonly number[] {
  if (prompt !== undefined) return tokenizer.encode(prompt);
  const begin = tokenizer.encode('');
  if (begin.length > 0) return begin;
  return tokenizer.end === null ? tokenizer.encode('\n') : [tokenizer.end];
}

function talk(path: string, flags: GenerateFlags): Promise<void> {
  const { stdin: input, stdout: output } = process;
  return withModel(path, flags, (opened) =>
    withChat(opened, (chat, context) =>
      terminalChat(chat, opened.settings, { input, output, isTerminal: input.isTTY && output.isTTY }, (answer) => {
        describeSpeed(answer.generated, '');
        describeDropped(answer, context);
      }),
    ),
  );
}

function withChat<T>(opened: Opened, work: (chat: Chat, context: number) => Promise<T>): Promise<T> {
  const { flags } = opened;
  const { model, tokenizer } = opened.open;
  // A tokenizer without a template is told of before the weights are read.
  tokenizer.chat([{ role: 'user', content: 'x' }]);
  const context = contextOf({ model: model.context, asked: flags.context, tokens: null });
  const fits = (tokens: readonly number[]): void => requireTokens(tokens, tokenizer, model.vocab);
  return onDevice(opened, context, (generator) =>
    work(new Chat(generator, tokenizer, flags.system ?? null, fits), context),
  );
}

function onDevice<T>(
  { open, flags, held, settings }: Opened,
  context: number,
  work: (generator: Generator, device: EngineDevice) => Promise<T>,
  measure?: Measure,
): Promise<T> {
  // prettier-ignore
  return withDevice(flags, async (device: EngineDevice) => {
    const { generator, close } = await openGeneration(open, device, context, { held, measure, chooses: isUnlimited(settings) });
    try {
      return await work(generator, device);
    } finally {
      close();
    }
  });
}

function figures(
  text: string,
  { tokens, reason, promptTokens: prompt, prefillMs, decodeMs }: Generated,
): Record<string, unknown> {
  const perSecond = tokens.length > 1 ? ((tokens.length - 1) * 1000) / decodeMs : null;
  return { text, tokens, reason, prompt_tokens: prompt, ttft_ms: prefillMs, tokens_per_second: perSecond };
}

function describeSpeed({ tokens, decodeMs, prefillMs }: Generated, before: string): void {
  const speed = tokens.length > 1 ? `, ${Math.round(((tokens.length - 1) * 1000) / decodeMs)} tokens/s` : '';
  notice(`${before}${tokens.length} tokens, first after ${Math.round(prefillMs)} ms${speed}`);
}
