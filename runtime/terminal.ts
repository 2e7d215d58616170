// Takes: what a command has to say. Gives: text on the terminal: colours, a progress line, notices.
// Promises: colours and a moving line only on a terminal; data goes to stdout, everything else to stderr.
import { isatty } from 'node:tty';
import { type Options, SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { Progress } from './training/run.ts';

/** Whether text for stdout (or stderr) may be coloured. */
export const colorOn = (stream: 'stdout' | 'stderr'): boolean =>
  pc.isColorSupported && isatty(stream === 'stdout' ? 1 : 2) && process.env['NO_COLOR'] === undefined;

/** Something a person should know that is not the command's result. */
export function notice(text: string): void {
  process.stderr.write(`${colorOn('stderr') ? pc.dim(text) : text}\n`);
}

/** The command's result. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Where a run stands. */
interface Steps {
  readonly step: number;
  readonly steps: number;
}

export interface ProgressLine<P> {
  readonly update: (progress: P) => void;
  readonly stop: () => void;
}

/** A moving line on a terminal, else about twenty lines over the whole run. */
export function progressLine<P extends Steps>(steps: number, text: (progress: P) => string): ProgressLine<P> {
  return process.stderr.isTTY ? movingLine(steps, text) : sparseLines(steps, text);
}

function movingLine<P extends Steps>(steps: number, text: (progress: P) => string): ProgressLine<P> {
  const options: Options = {
    format: `${colorOn('stderr') ? pc.cyan('{bar}') : '{bar}'} {facts}`,
    barsize: 20,
    hideCursor: true,
    stream: process.stderr,
    gracefulExit: false,
    fps: 10,
  };
  const bar = new SingleBar(options);
  bar.start(steps, 0, { facts: 'compiling' });
  return { update: (progress) => bar.update(progress.step, { facts: text(progress) }), stop: () => bar.stop() };
}

function sparseLines<P extends Steps>(steps: number, text: (progress: P) => string): ProgressLine<P> {
  const every = Math.max(1, Math.floor(steps / 20));
  return {
    update: (progress) => {
      const worth = progress.step === 1 || progress.step % every === 0 || progress.step === progress.steps;
      if (worth) process.stderr.write(`${text(progress)}\n`);
    },
    stop: () => {},
  };
}

/** One line on a terminal that says what is done now and goes when a result comes; nothing elsewhere. */
export function statusLine(): { readonly show: (text: string) => void; readonly clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} };
  const start = '\r\u001b[K';
  return {
    show: (text) => process.stderr.write(`${start}${text.slice(0, (process.stderr.columns || 80) - 1)}`),
    clear: () => process.stderr.write(start),
  };
}

/** Of one run: `step 3/40  loss 2.113  8,120 tokens/s  0:12 left`. */
export function progressText(progress: Progress): string {
  const { step, steps, loss, validation, tokens_per_second: speed, secondsLeft } = progress;
  const held = validation === null ? '' : `  validation ${validation.toFixed(3)}`;
  return `step ${step}/${steps}  loss ${loss.toFixed(3)}${held}  ${speed.toLocaleString('en')} tokens/s  ${duration(secondsLeft)} left`;
}

/** 75 -> `1:15` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/**
 * Asks for a stop on the first Ctrl-C (or SIGTERM), leaves at once on the second.
 * `release` gives the signals back.
 */
export function stopOnSignal(message: string): { readonly asked: () => boolean; readonly release: () => void } {
  let asked = false;
  const handler = (): void => {
    if (asked) process.exit(130);
    asked = true;
    process.stderr.write(`\n${message}\n`);
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return {
    asked: () => asked,
    release: () => {
      process.off('SIGINT', handler);
      process.off('SIGTERM', handler);
    },
  };
}
