// Takes: the folder of a run. Gives: the places and the writing of what a run leaves behind.
// Promises: metrics of steps after the last checkpoint are dropped on resume, so no step stands twice.
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../user-error.ts';
import { companions, copyFiles } from '../weights/write/companions.ts';

/** One line of metrics.jsonl. */
export interface Metrics {
  /** 1-based: steps done. */
  readonly step: number;
  /** Mean over the tokens of the step, before the step; with z-loss, where the spec has it. */
  readonly loss: number;
  /** Global norm of the gradients before clipping; null in the file where they overflowed. */
  readonly grad_norm: number;
  /** Learning rate as a fraction of `lr`. */
  readonly lr_scale: number;
  readonly tokens_per_second: number;
  /** Seconds of training, interruptions apart. */
  readonly seconds: number;
  readonly validation_loss?: number;
  /** In mixed precision: what the next step multiplies the loss by, and how many were left out as gradients overflowed. */
  readonly loss_scale?: number;
  readonly skipped_steps?: number;
}

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get checkpoint(): string {
    return join(this.path, 'checkpoint.safetensors');
  }

  get metrics(): string {
    return join(this.path, 'metrics.jsonl');
  }

  get report(): string {
    return join(this.path, 'report.html');
  }

  /**
   * `from`: a folder, or a file in it, whose tokenizer and configuration come along, since weights mean nothing without them.
   * @throws UserError when the folder cannot be made, or holds a run already.
   */
  create(sourceText: string, from: string | null = null): void {
    if (existsSync(this.checkpoint)) {
      throw new UserError(
        `${this.path} holds a run already; resume it with --resume ${this.path}, or choose another --out`,
      );
    }
    try {
      mkdirSync(this.path, { recursive: true });
      writeFileSync(join(this.path, 'source.model'), sourceText);
      writeFileSync(this.metrics, '');
      if (from !== null)
        copyFiles(statSync(from).isDirectory() ? from : dirname(from), this.path, ['config.json', ...companions]);
    } catch (error) {
      throw new UserError(`cannot write into ${this.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  append(metrics: Metrics): void {
    appendFileSync(this.metrics, `${JSON.stringify(metrics)}\n`);
  }

  readMetrics(): Metrics[] {
    if (!existsSync(this.metrics)) return [];
    const lines = readFileSync(this.metrics, 'utf8').split('\n');
    return lines.flatMap((line) => {
      try {
        return line.trim() === '' ? [] : [JSON.parse(line) as Metrics];
      } catch {
        return []; // the last line of a run that was killed in the middle of it
      }
    });
  }

  /** Keeps the metrics of the first `steps` steps. */
  truncateMetrics(steps: number): void {
    const kept = this.readMetrics().filter(({ step }) => step <= steps);
    writeFileSync(this.metrics, kept.map((each) => `${JSON.stringify(each)}\n`).join(''));
  }
}

/** `path` is a run's folder or a checkpoint file; gives the checkpoint's path. */
export function checkpointPath(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder ? new RunFolder(path).checkpoint : path;
}

/** runs/<name>-1, runs/<name>-2, ...: the first that is free. */
export function freshFolder(name: string): string {
  for (let i = 1; ; i++) {
    const path = join('runs', `${name}-${i}`);
    if (!existsSync(path)) return path;
  }
}
