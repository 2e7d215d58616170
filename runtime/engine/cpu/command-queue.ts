// Takes: commands: writes, runs, reads, frees.
// Gives: their effects, in order.
// Promises: what can be done at once is done at once; the event loop gets its turn every 20 ms, however long a command takes.

/** Does its work, or what it can until the deadline; true when all is done, else it is called again. */
export type Command = (deadline: number) => boolean;

/** Milliseconds. Timers and Ctrl-C come late by as much; a turn costs microseconds. */
const slice = 20;

export class CommandQueue {
  readonly #giveWay: (callback: () => void) => void;
  #commands: Command[] = [];
  #busy = false;
  /** End of the time that this turn of the event loop has; 0 where no turn is counted. */
  #deadline = 0;

  constructor(giveWay: (callback: () => void) => void) {
    this.#giveWay = giveWay;
  }

  /** Nothing waits: a command would take effect at once. */
  get idle(): boolean {
    return this.#commands.length === 0;
  }

  push(command: Command): void {
    this.#commands.push(command);
    if (!this.#busy) this.#advance();
  }

  #advance(): void {
    this.#busy = true;
    if (this.#deadline === 0) {
      this.#deadline = performance.now() + slice;
      this.#giveWay(() => {
        this.#deadline = 0;
        if (this.#commands.length > 0) this.#advance();
      });
    }
    let done = 0;
    for (const command of this.#commands) {
      if (performance.now() >= this.#deadline || !command(this.#deadline)) break;
      done++;
    }
    this.#commands = this.#commands.slice(done);
    this.#busy = false;
  }
}
