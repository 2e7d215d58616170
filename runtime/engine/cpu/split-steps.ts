// Takes: how many workgroups every step of a Plan has, and the number of threads.
// Gives: chunks, which threads take one by one, each with the chunks it must wait for.
// Promises: all chunks of a step come after all chunks of the step before it; the cut depends on nothing else.

export interface Chunks {
  /** As in `ThreadProgram`. */
  readonly pieces: Int32Array;
  readonly starts: Int32Array;
  readonly gates: Int32Array;
  readonly ends: Int32Array;
  /** The most chunks that can run at once. */
  readonly width: number;
}

/** Steps of one workgroup in one chunk: enough that handing on is cheap, few enough that the event loop gets its turn. */
const mostSmallSteps = 16;

interface Piece {
  readonly step: number;
  readonly begin: number;
  readonly end: number;
}

export function splitSteps(workgroups: readonly number[], threads: number): Chunks {
  const stages = stagesOf(workgroups, threads);
  const chunks = stages.flat();
  /** Of every stage, and what comes after the last. */
  const first = [0];
  for (const stage of stages) first.push((first.at(-1) ?? 0) + stage.length);
  const perChunk = (shift: 0 | 1): Int32Array =>
    Int32Array.from(stages.flatMap((stage, s) => stage.map(() => first[s + shift] ?? 0)));
  let pieces = 0;
  return {
    pieces: Int32Array.from(chunks.flat().flatMap(({ step, begin, end }) => [step, begin, end])),
    starts: Int32Array.from([0, ...chunks.map((chunk) => (pieces += chunk.length))]),
    gates: perChunk(0),
    ends: perChunk(1),
    width: stages.reduce((most, stage) => Math.max(most, stage.length), 0),
  };
}

/** Between stages, threads wait for one another. A stage is a step in several chunks, or small steps in one. */
function stagesOf(workgroups: readonly number[], threads: number): Piece[][][] {
  const stages: Piece[][][] = [];
  let small: Piece[] = [];
  for (const [step, count] of workgroups.entries()) {
    if (count === 0) continue;
    if (count > 1 || small.length === mostSmallSteps) small = [];
    if (count > 1) {
      stages.push(guided(count, threads).map(([begin, end]) => [{ step, begin, end }]));
      continue;
    }
    if (small.length === 0) stages.push([small]);
    small.push({ step, begin: 0, end: 1 });
  }
  return stages;
}

/**
 * Guided self-scheduling, Polychronopoulos and Kuck 1987: large chunks first, small ones to end together. One thread alone
 * has equal chunks, between which the event loop gets its turn.
 */
function guided(count: number, threads: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let begin = 0; begin < count;) {
    const size = threads === 1 ? count / 8 : (count - begin) / (2 * threads);
    const end = Math.min(count, begin + Math.ceil(size));
    ranges.push([begin, end]);
    begin = end;
  }
  return ranges;
}
