// Pictures of curves: axes, marks, colours.
import { describe, expect, it } from 'vitest';
import { roundTicks, type Series, smoothed, tickText } from '../../../runtime/plot/series.ts';
import { plotSvg } from '../../../runtime/plot/svg-plot.ts';
import { plotText } from '../../../runtime/plot/terminal-plot.ts';

const curve = (name: string, tone: Series['tone'], ys: readonly number[]): Series => ({
  name,
  tone,
  dots: false,
  points: ys.map((y, i) => ({ x: i + 1, y })),
});
const falling = curve('a', 'first', [4, 3, 2, 1]);
const flat = curve('b', 'second', [4, 4, 4, 4]);

describe('ticks', () => {
  it.each([
    [[0, 10], 5, [0, 2, 4, 6, 8, 10]],
    [[1.93, 5.57], 4, [2, 3, 4, 5]],
    [[0.013, 0.021], 4, [0.015, 0.02]],
    [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ] as const)('%j in about %i', ([low, high], count, ticks) => {
    expect(roundTicks([low, high], count)).toEqual(ticks);
  });

  it('show as many digits as tell them apart', () => {
    expect([0.014, 0.016].map((tick) => tickText(tick, [0.014, 0.016]))).toEqual(['0.014', '0.016']);
    expect(tickText(5, [0, 5, 10])).toBe('5');
  });
});

describe('the terminal', () => {
  it('draws a mark for each curve where there is no colour', () => {
    expect(`\n${plotText([falling, flat], { width: 24, height: 9, paint: null })}\n`).toBe(`
4 ┤     ◐◐○○○○○○○○○○○○○○
  │       ●●
3 ┤         ●●●
  │            ●●
2 ┤              ●●●
  │                 ●●
1 ┤                   ●●
  └─────────────────────
   0         2         4
`);
  });

  it('draws braille dots in the colour of the curve that has most of them', () => {
    const paint = [(text: string) => text, (text: string) => (text === '⠉' ? '-' : text)];
    expect(`\n${plotText([falling, flat], { width: 24, height: 9, paint })}\n`).toBe(`
4 ┤     ⠙⠭⡉-------------
  │       ⠈⠢⣀
3 ┤          ⠑⢄
  │            ⠑⠤⡀
2 ┤              ⠈⠢⡀
  │                ⠈⠢⣀
1 ┤                   ⠑⢄
  └─────────────────────
   0         2         4
`);
  });

  it('keeps to its width', () => {
    for (const width of [20, 40, 80]) {
      const lines = plotText([falling, flat], { width, height: 12, paint: null }).split('\n');
      expect([Math.max(...lines.map(({ length }) => length)), lines.length]).toEqual([width, 12]);
    }
  });
});

it('is empty without points', () => {
  expect(plotText([], { width: 40, height: 8, paint: null })).toBe('no steps yet');
  expect(plotSvg([], 'nothing')).toBe('<p>No steps yet.</p>');
});

it('smooths long curves only', () => {
  expect(smoothed(falling.points)).toBe(falling.points);
  const noisy = Array.from({ length: 100 }, (_, x) => ({ x, y: x % 2 }));
  expect(smoothed(noisy).slice(10, 90).every(({ y }) => Math.abs(y - 0.5) < 0.11)).toBe(true); // prettier-ignore
});
