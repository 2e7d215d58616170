// Takes: a session with a model's weights and the Plans for prefill and decode. Gives: tokens and their bytes, as they come.
// Promises: the same seed gives the same tokens; the cache never holds more than the context.
import type { Plan } from '../../compiler/7-plan/plan.ts';
import type { GenerationPlans } from '../../compiler/compile.ts';
import { hashOf, uniform } from '../data/random.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';
import { type Measure, type RunPlan, unmeasured } from '../profile/measure.ts';
import { byteDecoder } from '../tokenizer/bytes.ts';
import type { TokenDecoder } from '../tokenizer/tokenizer.ts';
import { UserError } from '../user-error.ts';
import { drawToken, isUnlimited, type SampleSettings, sampleToken } from './sample.ts';
import { StopFilter } from './stop-filter.ts';
import { TokenStream } from './token-stream.ts';

export interface GenerateOptions extends SampleSettings {
  readonly maxTokens: number;
  readonly seed: number;
  readonly stop: readonly string[];
  /** Tokens that end the text and are not shown. */
  readonly stopTokens?: ReadonlySet<number>;
  /** Makes bytes of what follows the prompt; without one a token is a byte. */
  readonly decoder?: TokenDecoder;
  /**
   * Go on from the tokens that the cache holds already, as far as the prompt begins with them: a turn of a chat reads
   * only what is new. What decoding wrote may differ from what prefill would write in the last bits.
   */
  readonly keepCache?: boolean;
  /** Called with bytes as soon as they are certain to belong to the text. */
  readonly onBytes?: (bytes: Uint8Array) => void;
  readonly shouldStop?: () => boolean;
}

export interface Generated {
  /** Without the prompt, the stop text cut off. */
  readonly bytes: Uint8Array;
  /** With the one that ended the text. */
  readonly tokens: readonly number[];
  readonly reason: 'length' | 'stop' | 'interrupted';
  readonly promptTokens: number;
  /** Milliseconds to the first token and from there to the last. */
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** `decode`: may be left out where tokens are chosen on the device, all of them. */
type PromptPlans = Omit<GenerationPlans, 'decode'> & Partial<Pick<GenerationPlans, 'decode'>>;

/** Generates with one session; call one `generate` at a time. */
export class Generator {
  readonly #plans: PromptPlans;
  readonly #prefill: Executable;
  readonly #decode: Executable | null;
  readonly #measure: Measure;
  readonly #stream: TokenStream | null;
  /** Tokens in the cache, in order. */
  #context: number[] = [];

  private constructor(
    plans: PromptPlans,
    { prefill, decode, stream }: { prefill: Executable; decode: Executable | null; stream: TokenStream | null },
    measure: Measure,
  ) {
    this.#plans = plans;
    this.#prefill = prefill;
    this.#decode = decode;
    this.#stream = stream;
    this.#measure = measure;
  }

  /**
   * Loads the Plans into `session`, whose parameters must have been written; a prompt is a `prefill`, a token a `decode`.
   * `streamPlan`: chooses tokens on the device where none is excluded; without it they are chosen here, after a `decode`.
   */
  static async open(
    session: Session,
    plans: PromptPlans,
    { measure = unmeasured, streamPlan = null }: { readonly measure?: Measure; readonly streamPlan?: Plan | null } = {},
  ): Promise<Generator> {
    const prefill = await session.load(plans.prefill);
    const decode = plans.decode ? await session.load(plans.decode) : null;
    const stream = streamPlan === null ? null : await TokenStream.open(session, streamPlan, measure);
    return new Generator(plans, { prefill, decode, stream }, measure);
  }

  /** Positions that the cache has. */
  get context(): number {
    return this.#plans.context;
  }

  /** The logits [vocab] after `tokens`; `keep`: how many of them, at least, the cache may hold already. */
  prefill(tokens: readonly number[], keep = 0): Promise<Float32Array> {
    return this.#measure('prefill', (run) => this.#read(tokens, keep, run));
  }

  async #read(tokens: readonly number[], keep: number, run: RunPlan): Promise<Float32Array> {
    if (tokens.length === 0) throw new UserError('the prompt is empty; give at least one character');
    const { chunk, context } = this.#plans;
    if (tokens.length > context)
      throw new UserError(`the prompt has ${tokens.length} tokens, the context holds ${context}`);
    // A chunk begins at a multiple of its size, or the last one would end beyond the cache.
    for (let offset = keep - (keep % chunk); offset < tokens.length; offset += chunk) {
      const part = tokens.slice(offset, offset + chunk);
      const padded = new Int32Array(chunk);
      padded.set(part);
      this.#prefill.write('tokens', padded);
      this.#prefill.write('offset', Int32Array.of(offset));
      this.#prefill.write('last', Int32Array.of(part.length - 1));
      await run(this.#prefill);
    }
    this.#context = [...tokens];
    return floats(await this.#prefill.read('logits'));
  }

  /**
   * The logits [vocab] after one more token. When the cache is full, the later half of the context is read again from
   * position 0, so that text can be longer than the context.
   */
  decode(token: number): Promise<Float32Array> {
    return this.#measure('decode', (run) => this.#append(token, run));
  }

  async #append(token: number, run: RunPlan): Promise<Float32Array> {
    if (this.#context.length >= this.#plans.context) {
      const kept = this.#context.slice(-Math.max(1, Math.floor(this.#plans.context / 2) - 1));
      return this.#read([...kept, token], 0, run);
    }
    if (this.#decode === null) throw new TypeError('internal: no plan for a token');
    this.#decode.write('tokens', Int32Array.of(token));
    this.#decode.write('offset', Int32Array.of(this.#context.length));
    this.#decode.write('last', Int32Array.of(0));
    await run(this.#decode);
    this.#context.push(token);
    return floats(await this.#decode.read('logits'));
  }

  /** Continues `prompt`. One longer than the context loses its beginning. */
  async generate(prompt: ArrayLike<number>, options: GenerateOptions): Promise<Generated> {
    const text = new Shown(options);
    const tokens: number[] = [];
    const start = performance.now();
    const context = Array.from(prompt).slice(-Math.max(1, Math.min(prompt.length, this.#plans.context - 1)));
    const logits = await this.prefill(context, options.keepCache === true ? this.#shared(context) : 0);
    const first = performance.now();
    let reason: Generated['reason'] = 'length';
    for await (const token of this.#tokens(logits, options)) {
      tokens.push(token);
      if (options.stopTokens?.has(token) === true || text.push(token)) reason = 'stop';
      else if (options.shouldStop?.() === true) reason = 'interrupted';
      if (reason !== 'length') break;
    }
    text.finish();
    const times = { prefillMs: first - start, decodeMs: performance.now() - first };
    return { bytes: Uint8Array.from(text.bytes), tokens, reason, promptTokens: context.length, ...times };
  }

  /** `maxTokens` of them, the first by `logits`. */
  async *#tokens(logits: Float32Array, options: GenerateOptions): AsyncGenerator<number, void, undefined> {
    const { maxTokens, temperature } = options;
    const hash = hashOf(options.seed, 0x5a3b1e);
    const choose = (from: Float32Array, i: number): number =>
      isUnlimited(options)
        ? drawToken(from, temperature, hashOf(hash, i))
        : sampleToken(from, options, uniform(hash, i));
    if (maxTokens === 0) return;
    let token = choose(logits, 0);
    yield token;
    for (let told = 1; told < maxTokens;) {
      const position = this.#context.length;
      const count = Math.min(maxTokens - told, this.#plans.context - position);
      if (this.#stream === null || !isUnlimited(options) || count === 0) {
        token = choose(await this.decode(token), told++);
        yield token;
        continue;
      }
      const done = told;
      const start = { position, token, count, temperature, seedOf: (i: number) => hashOf(hash, done + i) };
      for await (const next of this.#stream.tokens(start)) {
        this.#context.push(token);
        token = next;
        told++;
        yield token;
      }
    }
  }

  /** How many tokens the cache has in common with `tokens`, the last of which is always read again for its logits. */
  #shared(tokens: readonly number[]): number {
    const differs = tokens.findIndex((token, i) => token !== this.#context[i] || i === tokens.length - 1);
    return Math.max(0, differs);
  }
}

/** What is shown of the tokens: their bytes up to a stop text. */
class Shown {
  readonly bytes: number[] = [];
  readonly #decoder: TokenDecoder;
  readonly #filter: StopFilter;
  readonly #onBytes: GenerateOptions['onBytes'];

  constructor({ decoder = byteDecoder, stop, onBytes }: GenerateOptions) {
    this.#decoder = decoder;
    this.#filter = new StopFilter(stop);
    this.#onBytes = onBytes;
  }

  /** Whether a stop text is complete. */
  push(token: number): boolean {
    this.#show(this.#decoder.push(token), false);
    return this.#filter.stopped;
  }

  finish(): void {
    if (!this.#filter.stopped) this.#show(this.#decoder.finish(), true);
  }

  #show(bytes: Uint8Array, isEnd: boolean): void {
    const certain: number[] = [];
    for (const byte of bytes) if (!this.#filter.stopped) certain.push(...this.#filter.push(byte));
    if (isEnd && !this.#filter.stopped) certain.push(...this.#filter.finish());
    this.bytes.push(...certain);
    if (certain.length > 0) this.#onBytes?.(Uint8Array.from(certain));
  }
}

function floats(data: Float32Array | Int32Array | Uint32Array): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError('internal: logits are not f32');
}
