// Takes: a session with the Plan that chooses tokens on the device. Gives: the tokens, a few at a time.
// Promises: the device has always more to do than what is waited for; which tokens come does not depend on how many that are.
import type { Plan } from '../../compiler/7-plan/plan.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';
import { type Measure, unmeasured } from '../profile/measure.ts';

export interface StreamStart {
  /** Of the first token that is read: those before it are in the cache. */
  readonly position: number;
  readonly token: number;
  /** Tokens to choose, at most: as many as the cache has room to read. */
  readonly count: number;
  /** 0: the likeliest. */
  readonly temperature: number;
  /** Of the token after `i` others, u32. */
  readonly seedOf: (i: number) => number;
}

/** Tokens that are asked for together, and told together. */
interface Burst {
  readonly first: number;
  readonly size: number;
  readonly line: Promise<ArrayLike<number>>;
}

/** Milliseconds that a burst takes, about, and the most tokens of one. */
const burstMs = 25;
const mostTokens = 64;

const tokensName = 'stream.tokens';

export class TokenStream {
  readonly #session: Session;
  readonly #executable: Executable;
  readonly #measure: Measure;
  /** Places that the device keeps tokens at. */
  readonly #places: number;
  /** Sequences; all begin alike, and the first is told. */
  readonly #batch: number;
  #burst = 1;

  private constructor(session: Session, executable: Executable, measure: Measure) {
    this.#session = session;
    this.#executable = executable;
    this.#measure = measure;
    const [batch = 1, places = 0] = executable.tensors.find(({ name }) => name === tokensName)?.shape ?? [];
    this.#batch = batch;
    this.#places = places;
  }

  static async open(session: Session, plan: Plan, measure: Measure): Promise<TokenStream> {
    return new TokenStream(session, await session.load(plan), measure);
  }

  /** Whoever stops early leaves a few tokens behind that nobody sees. */
  async *tokens(start: StreamStart): AsyncGenerator<number, void, undefined> {
    this.#begin(start);
    const bursts: Burst[] = [];
    let asked = 0;
    let last = performance.now();
    for (let told = 0; told < start.count;) {
      while (bursts.length < 2 && asked < start.count) {
        const size = this.#measure === unmeasured ? Math.min(this.#burst, start.count - asked) : 1;
        // oxlint-disable-next-line no-await-in-loop -- measured runs wait for their times
        bursts.push(await this.#ask(start.position + 1 + asked, size));
        asked += size;
      }
      const burst = bursts.shift();
      if (burst === undefined) return;
      // oxlint-disable-next-line no-await-in-loop -- one after another is the point
      const line = await burst.line;
      const now = performance.now();
      this.#burst = Math.max(1, Math.min(mostTokens, Math.round((burstMs * burst.size) / (now - last))));
      last = now;
      for (let i = 0; i < burst.size; i++) yield line[burst.first + i] ?? 0;
      told += burst.size;
    }
  }

  #begin({ position, token, count, temperature, seedOf }: StreamStart): void {
    const line = new Int32Array(this.#batch * this.#places);
    const seeds = new Uint32Array(this.#places);
    for (let row = 0; row < this.#batch; row++) line[row * this.#places + position] = token;
    for (let i = 0; i < count; i++) seeds[position + 1 + i] = seedOf(i);
    this.#session.write(tokensName, line);
    this.#session.write('stream.position', Int32Array.of(position));
    this.#executable.write('seeds', seeds);
    this.#executable.write('temperature', Float32Array.of(temperature));
  }

  async #ask(first: number, size: number): Promise<Burst> {
    if (this.#measure !== unmeasured) return this.#askMeasured(first);
    this.#executable.run(size);
    const line = this.#session.read(tokensName);
    line.catch(() => {}); // whoever waits for it is told
    return { first, size, line };
  }

  /** One, on its own. */
  async #askMeasured(first: number): Promise<Burst> {
    const line = await this.#measure('decode', async (run) => {
      await run(this.#executable);
      return this.#session.read(tokensName);
    });
    return { first, size: 1, line: Promise.resolve(line) };
  }
}
