// Takes: nothing. Gives: who is measured, each in a process of its own.
// Promises: no flag, memory or thread of one reaches another; one that fails says so and the others go on.
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { DeviceOptions } from '../../runtime/index.ts';
import type { Contestant, Run, WorkName } from './work.ts';

const modelc = async (options: DeviceOptions): Promise<Contestant> => (await import('./modelc.ts')).openModelc(options);
const jax = async (help: boolean): Promise<Contestant> => (await import('./peers/jax.ts')).openJax(help);
const onnxruntime = async (threads: number): Promise<Contestant> =>
  (await import('./peers/onnxruntime.ts')).openOnnxruntime(threads);

export const contestants = {
  'modelc cpu, 1 thread': () => modelc({ device: 'cpu', threads: 1 }),
  'modelc cpu, 2 threads': () => modelc({ device: 'cpu', threads: 2 }),
  'modelc software WebGPU': () => modelc({ device: 'software' }),
  'jax-js': () => jax(false),
  'jax-js, helped': () => jax(true),
  'onnxruntime, 1 thread': () => onnxruntime(1),
  'onnxruntime, 2 threads': () => onnxruntime(2),
} satisfies Record<string, () => Promise<Contestant>>;

export type ContestantName = keyof typeof contestants;
export const contestantNames = Object.keys(contestants) as ContestantName[];

export type Request = { readonly ask: 'prepare' | 'run'; readonly work: WorkName };
export type Reply =
  | { readonly kind: 'open'; readonly description: string; readonly works: readonly WorkName[] }
  | { readonly kind: 'prepared'; readonly ms: number }
  | { readonly kind: 'ran'; readonly run: Run }
  | { readonly kind: 'failed'; readonly reason: string };

/** A contestant's process, seen from the one that measures. */
export class Player {
  readonly name: ContestantName;
  description = '';
  works: readonly WorkName[] = [];
  readonly #child: ChildProcess;
  /** The end of what it wrote to standard error; shown when it ends before its time. */
  #errors = '';

  constructor(name: ContestantName) {
    this.name = name;
    const child = join(import.meta.dirname, 'child.ts');
    this.#child = fork(child, [name], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-2000);
    });
  }

  async open(): Promise<void> {
    const reply = await this.#reply();
    if (reply.kind !== 'open') throw new Error(`${this.name} does not open: ${reasonOf(reply)}`);
    this.description = reply.description;
    this.works = reply.works;
  }

  /** Milliseconds it took. */
  async prepare(work: WorkName): Promise<number> {
    const reply = await this.#ask({ ask: 'prepare', work });
    if (reply.kind !== 'prepared') throw new Error(`${this.name} cannot do ${work}: ${reasonOf(reply)}`);
    return reply.ms;
  }

  async run(work: WorkName): Promise<Run> {
    const reply = await this.#ask({ ask: 'run', work });
    if (reply.kind !== 'ran') throw new Error(`${this.name} fails at ${work}: ${reasonOf(reply)}`);
    return reply.run;
  }

  stop(): void {
    this.#child.kill();
  }

  #ask(request: Request): Promise<Reply> {
    const reply = this.#reply();
    this.#child.send(request);
    return reply;
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve) => {
      const ended = (code: number | null): void =>
        resolve({ kind: 'failed', reason: `its process ended with ${code}` });
      this.#child.once('exit', ended);
      this.#child.once('message', (reply: Reply) => {
        this.#child.off('exit', ended);
        resolve(reply);
      });
    });
  }
}

const reasonOf = (reply: Reply): string => (reply.kind === 'failed' ? reply.reason : reply.kind);
