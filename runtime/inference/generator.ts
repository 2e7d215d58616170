// Takes: a session with a model's weights and the Plans for prefill and decode. Gives: text, token by token.
// Promises: the same seed gives the same tokens; the cache never holds more than the context.
import type { GenerationPlans } from '../../compiler/compile.ts';
import { hashOf, uniform } from '../data/random.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';
import { UserError } from '../user-error.ts';
import { type SampleSettings, sampleToken } from './sample.ts';
import { StopFilter } from './stop-filter.ts';

export interface GenerateOptions extends SampleSettings {
  readonly maxTokens: number;
  readonly seed: number;
  readonly stop: readonly string[];
  /** Called with bytes as soon as they are certain to belong to the text. */
  readonly onBytes?: (bytes: Uint8Array) => void;
  readonly shouldStop?: () => boolean;
}

export interface Generated {
  /** Without the prompt, the stop text cut off. */
  readonly bytes: Uint8Array;
  readonly tokens: readonly number[];
  readonly reason: 'length' | 'stop' | 'interrupted';
  readonly promptTokens: number;
  /** Milliseconds to the first token and from there to the last. */
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** Generates with one session; call one `generate` at a time. */
export class Generator {
  readonly #plans: GenerationPlans;
  readonly #prefill: Executable;
  readonly #decode: Executable;
  /** Tokens in the cache, in order. */
  #context: number[] = [];

  private constructor(plans: GenerationPlans, prefill: Executable, decode: Executable) {
    this.#plans = plans;
    this.#prefill = prefill;
    this.#decode = decode;
  }

  /** Loads the Plans into `session`, whose parameters must have been written. */
  static async open(session: Session, plans: GenerationPlans): Promise<Generator> {
    const prefill = await session.load(plans.prefill);
    return new Generator(plans, prefill, await session.load(plans.decode));
  }

  /** The logits [vocab] after `tokens`, from an empty cache. */
  async prefill(tokens: readonly number[]): Promise<Float32Array> {
    if (tokens.length === 0) throw new UserError('the prompt is empty; give at least one character');
    const { chunk, context } = this.#plans;
    if (tokens.length > context)
      throw new UserError(`the prompt has ${tokens.length} tokens, the context holds ${context}`);
    for (let offset = 0; offset < tokens.length; offset += chunk) {
      const part = tokens.slice(offset, offset + chunk);
      const padded = new Int32Array(chunk);
      padded.set(part);
      this.#prefill.write('tokens', padded);
      this.#prefill.write('offset', Int32Array.of(offset));
      this.#prefill.write('last', Int32Array.of(part.length - 1));
      this.#prefill.run();
    }
    this.#context = [...tokens];
    return floats(await this.#prefill.read('logits'));
  }

  /**
   * The logits [vocab] after one more token. When the cache is full, the later half of the context is read again from
   * position 0, so that text can be longer than the context.
   */
  async decode(token: number): Promise<Float32Array> {
    if (this.#context.length >= this.#plans.context) {
      const kept = this.#context.slice(-Math.max(1, Math.floor(this.#plans.context / 2) - 1));
      return this.prefill([...kept, token]);
    }
    this.#decode.write('tokens', Int32Array.of(token));
    this.#decode.write('offset', Int32Array.of(this.#context.length));
    this.#decode.write('last', Int32Array.of(0));
    this.#decode.run();
    this.#context.push(token);
    return floats(await this.#decode.read('logits'));
  }

  /** Continues `prompt` (bytes). A prompt longer than the context loses its beginning. */
  async generate(prompt: Uint8Array, options: GenerateOptions): Promise<Generated> {
    const stream = hashOf(options.seed, 0x5a3b1e);
    const filter = new StopFilter(options.stop);
    const [tokens, shown]: [number[], number[]] = [[], []];
    const show = (bytes: number[]): void => {
      shown.push(...bytes);
      if (bytes.length > 0) options.onBytes?.(Uint8Array.from(bytes));
    };
    const start = performance.now();
    const context = [...prompt].slice(-Math.max(1, Math.min(prompt.length, this.#plans.context - 1)));
    let logits = await this.prefill(context);
    const first = performance.now();
    let reason: Generated['reason'] = 'length';
    while (tokens.length < options.maxTokens) {
      const token = sampleToken(logits, options, uniform(stream, tokens.length));
      tokens.push(token);
      show(filter.push(token));
      if (filter.stopped) reason = 'stop';
      else if (options.shouldStop?.() === true) reason = 'interrupted';
      if (reason !== 'length' || tokens.length === options.maxTokens) break;
      logits = await this.decode(token);
    }
    if (!filter.stopped) show(filter.finish());
    const times = { prefillMs: first - start, decodeMs: performance.now() - first };
    return { bytes: Uint8Array.from(shown), tokens, reason, promptTokens: context.length, ...times };
  }
}

function floats(data: Float32Array | Int32Array | Uint32Array): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError('internal: logits are not f32');
}
