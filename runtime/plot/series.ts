// Takes: curves. Gives: what every picture of them needs: their extent, round numbers on the axes, smoothing.
// Promises: pure functions of the points.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How a curve looks: two that are compared, or one that stands behind others. */
export type Tone = 'first' | 'second' | 'quiet';

export interface Series {
  readonly name: string;
  readonly tone: Tone;
  /** x rises. */
  readonly points: readonly Point[];
  /** Dots where the points are, joined by a thin line; else a line alone. */
  readonly dots: boolean;
}

export interface Extent {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** Null: there are no points. The x axis starts at 0. */
export function extentOf(series: readonly Series[]): Extent | null {
  const points = series.flatMap((each) => each.points);
  if (points.length === 0) return null;
  const ys = points.map(({ y }) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const flat = high - low < 1e-9 ? 0.5 : 0;
  return { x: [0, Math.max(1, ...points.map(({ x }) => x))], y: [low - flat, high + flat] };
}

/** Multiples of 1, 2 or 5 times a power of ten within [low, high], at most `count` + 1 of them. */
export function roundTicks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** As many digits behind the point as tell the ticks apart. */
export function tickText(value: number, ticks: readonly number[]): string {
  const [first = 0, second = first + 1] = ticks;
  const digits = Math.max(0, -Math.floor(Math.log10(Math.abs(second - first)) + 1e-9));
  return value.toFixed(Math.min(6, digits));
}

/** The mean over a window of points around each, narrower at both ends; short curves stay as they are. */
export function smoothed(points: readonly Point[]): readonly Point[] {
  const half = Math.floor(points.length / 40);
  if (half === 0) return points;
  return points.map(({ x }, i) => {
    const reach = Math.min(half, i, points.length - 1 - i);
    const window = points.slice(i - reach, i + reach + 1);
    return { x, y: window.reduce((sum, { y }) => sum + y, 0) / window.length };
  });
}
