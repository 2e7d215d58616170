// Takes: what stands in each layer, as keys. Gives: the shortest way to say it: runs, and cycles of runs.
// Promises: unfolding gives the keys back; whoever breaks a cycle stands visibly between two.

export interface Run {
  readonly key: string;
  readonly count: number;
  /** Of its first layer. */
  readonly start: number;
}

/** Its runs in order, `times` over. */
export interface Segment {
  readonly runs: readonly Run[];
  readonly times: number;
  /** Its first layer. */
  readonly start: number;
  /** Layers of one round. */
  readonly period: number;
}

/** A cycle costs its runs and a little, less where it comes again and the earlier it starts; a run costs 1. Cheapest ways by dynamic programming. */
export function foldStack(keys: readonly string[]): Segment[] {
  const best: { cost: number; segments: readonly Segment[] }[] = [{ cost: 0, segments: [] }];
  const offer = (end: number, cost: number, segments: () => readonly Segment[]): void => {
    if (cost < (best[end]?.cost ?? Infinity) - 1e-9) best[end] = { cost, segments: segments() };
  };
  for (let start = 0; start < keys.length; start++) {
    const before = best[start];
    if (before === undefined) continue;
    let length = 1;
    while (keys[start + length] === keys[start] && start + length < keys.length) length++;
    for (let n = 1; n <= length; n++) {
      offer(start + n, before.cost + 1, () => [...before.segments, segment(keys, start, n, 1)]);
    }
    for (let period = 2; start + 2 * period <= keys.length; period++) {
      const known = before.segments.some((each) => each.times > 1 && each.period === period && keys[each.start] === keys[start]); // prettier-ignore
      const cost = before.cost + runsOf(keys, start, period).length + (known ? 0.25 : 0.5) + 1e-6 * start;
      for (let times = 2; repeats(keys, start, period, times); times++) {
        offer(start + period * times, cost, () => [...before.segments, segment(keys, start, period, times)]);
      }
    }
  }
  return [...(best[keys.length]?.segments ?? [])];
}

/** Whether the round from `start` comes `times` over, given that it does `times - 1` over. */
function repeats(keys: readonly string[], start: number, period: number, times: number): boolean {
  const last = start + period * (times - 1);
  if (last + period > keys.length) return false;
  for (let i = 0; i < period; i++) if (keys[start + i] !== keys[last + i]) return false;
  return true;
}

function segment(keys: readonly string[], start: number, period: number, times: number): Segment {
  return { runs: runsOf(keys, start, period), times, start, period };
}

export function runsOf(keys: readonly string[], start: number, length: number): Run[] {
  const runs: Run[] = [];
  for (let i = start; i < start + length; i++) {
    const key = keys[i] ?? '';
    const last = runs.at(-1);
    if (last?.key === key) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ key, count: 1, start: i });
  }
  return runs;
}

/** The shortest period of the whole list, its last round cut where the list ends; its length if it has none. */
export function periodOf(keys: readonly string[]): number {
  for (let period = 1; period < keys.length; period++) {
    if (keys.every((key, i) => i < period || key === keys[i - period])) return period;
  }
  return keys.length;
}
