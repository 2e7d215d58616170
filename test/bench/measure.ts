// Takes: contestants that are open, and how long to go on. Gives: the runs of each, work by work.
// Promises: contestants take turns, so that noise of the machine hits all alike; while one runs, the others sleep.
import type { Player } from './contestants.ts';
import type { Run, WorkName } from './work.ts';

export interface Turns {
  /** Turns each contestant gets. */
  readonly rounds: number;
  /** Timed runs in a turn, after one that is not timed; at most so many milliseconds of them, but at least one run. */
  readonly runs: number;
  readonly ms: number;
}

export interface Measured {
  readonly work: WorkName;
  readonly contestant: Player['name'];
  readonly prepareMs: number;
  /** The first runs, in order and untimed: of a step, the first losses. */
  readonly first: readonly number[];
  readonly runs: readonly Run[];
  /** Null where a contestant failed; then `fault` says why. */
  readonly medianMs: number | null;
  readonly fault: string | null;
}

/** Runs before the first turn: compilers have warmed up, and the losses of a step can be compared. */
const firstRuns = 4;

/** Threads of the one before may look out for work for some milliseconds yet. */
const restMs = 40;
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, restMs));

export async function measure(
  players: readonly Player[],
  work: WorkName,
  turns: Turns,
  progress: (line: string) => void,
): Promise<Measured[]> {
  const entries = players.filter(({ works }) => works.includes(work)).map((player) => new Entry(player, work));
  for (const entry of entries) {
    progress(`${work}: ${entry.player.name} gets ready`);
    await entry.attempt(() => entry.prepare());
  }
  for (let round = 0; round < turns.rounds; round++) {
    progress(`${work}: round ${round + 1} of ${turns.rounds}`);
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      await rest();
      await entry.attempt(() => entry.turn(turns));
    }
  }
  return entries.map((entry) => entry.measured());
}

class Entry {
  readonly player: Player;
  readonly #work: WorkName;
  readonly #first: number[] = [];
  readonly #runs: Run[] = [];
  #prepareMs = 0;
  #fault: string | null = null;

  constructor(player: Player, work: WorkName) {
    this.player = player;
    this.#work = work;
  }

  async attempt(act: () => Promise<void>): Promise<void> {
    if (this.#fault !== null) return;
    try {
      await act();
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
  }

  async prepare(): Promise<void> {
    this.#prepareMs = await this.player.prepare(this.#work);
    for (let i = 0; i < firstRuns; i++) this.#first.push((await this.player.run(this.#work)).value);
  }

  async turn({ runs, ms }: Turns): Promise<void> {
    const warm = await this.player.run(this.#work);
    // Where one run fills a turn there is nothing to warm up, and it counts.
    if (warm.ms > ms) this.#runs.push(warm);
    let spent = warm.ms > ms ? ms : 0;
    for (let i = 0; i < runs && spent < ms; i++) {
      const run = await this.player.run(this.#work);
      this.#runs.push(run);
      spent += run.ms;
    }
  }

  measured(): Measured {
    const sorted = this.#runs.map(({ ms }) => ms).sort((a, b) => a - b);
    return {
      work: this.#work,
      contestant: this.player.name,
      prepareMs: this.#prepareMs,
      first: this.#first,
      runs: this.#runs,
      medianMs: this.#fault === null ? median(sorted) : null,
      fault: this.#fault,
    };
  }
}

function median(sorted: readonly number[]): number | null {
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
