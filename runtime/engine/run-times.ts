// Takes: when pieces of a run's steps began and ended, as clocks of a device say.
// Gives: when each step ran.
// Promises: steps follow one another: no time is counted twice.

/** Milliseconds, of `performance.now()`. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

export const noTimestamps =
  'this adapter has no timestamps (`timestamp-query`), so its kernels cannot be timed one by one.';

/** One run that was timed. */
export interface RunTimes {
  /** In the order of the plan. A device's own clock tells their lengths; where its zero lies is unknown, so the first begins with `submit`. */
  readonly steps: readonly Span[];
  /** Of the calling thread: writing the commands down, handing them over, waiting until the device has done them and the times are read. */
  readonly encode: Span;
  readonly submit: Span;
  readonly wait: Span;
}

/** A step that seems to begin before the one before it has ended (clocks are read when work is fetched) begins with that end. */
export function inOrder(spans: readonly Span[]): Span[] {
  let last = -Infinity;
  return spans.map(({ begin, end }) => {
    const start = Math.max(begin, last);
    last = Math.max(start, end);
    return { begin: start, end: last };
  });
}

/**
 * `pieces`: (step, first workgroup, end), one after another; `times`: (begin, end) of each, `begin` where it began the run.
 * A step lasts from the first piece that begins to the last that ends.
 */
export function spansOfSteps(steps: number, pieces: Int32Array, times: Float64Array, begin: number): Span[] {
  const spans = Array.from({ length: steps }, () => ({ begin: Infinity, end: -Infinity }));
  for (let piece = 0; 3 * piece < pieces.length; piece++) {
    const span = spans[pieces[3 * piece] ?? 0];
    if (span === undefined) continue;
    span.begin = Math.min(span.begin, times[2 * piece] ?? Infinity);
    span.end = Math.max(span.end, times[2 * piece + 1] ?? -Infinity);
  }
  let last = begin;
  return inOrder(
    spans.map((span) => {
      if (span.begin > span.end) return { begin: last, end: last }; // a step without work
      last = Math.max(last, span.end);
      return span;
    }),
  );
}
