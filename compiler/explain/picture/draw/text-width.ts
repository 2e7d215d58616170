// Takes: a text and its size. Gives: about how wide it is in a system's sans-serif font.
// Promises: rather too wide than too narrow, so that what is laid out by it does not overflow.
import type { Rectangle, TextShape } from './drawing.ts';

/** Widths in em, of the widest of Arial, Segoe UI, Roboto and DejaVu Sans, roughly. */
const classes: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;|!'’]/, 0.33],
  [/[ ]/, 0.33],
  [/[ftr()[\]{}/\\"·-]/, 0.43],
  [/[mwMW@%→×←]/, 0.98],
  [/[A-Z&=+<>~≈√∞Δ]/, 0.76],
  [/[a-z0-9_$#?*^]/, 0.62],
];

export function textWidth(text: string, size: number, bold = false): number {
  const em = Array.from(text).reduce(
    (sum, char) => sum + (classes.find(([pattern]) => pattern.test(char))?.[1] ?? 0.8),
    0,
  );
  return em * size * (bold ? 1.06 : 1);
}

/** The place a text takes. */
export function textBox({ x, y, text, size, bold, anchor }: TextShape): Rectangle {
  const width = textWidth(text, size, bold);
  const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width;
  return { x: left, y: y - 0.8 * size, width, height: size };
}
