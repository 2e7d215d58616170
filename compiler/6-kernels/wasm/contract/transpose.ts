// Takes: four vectors. Gives: their transpose.
// Promises: eight shuffles, each one instruction of x86 and Arm.
import { op } from '../code/code.ts';
import type { Code } from '../code/code.ts';

/** Lane numbers of two vectors, 0 to 7, as bytes. */
const lanes = (...picked: readonly number[]): readonly number[] =>
  picked.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
const LOW = lanes(0, 4, 1, 5);
const HIGH = lanes(2, 6, 3, 7);
const FIRST = lanes(0, 1, 4, 5);
const SECOND = lanes(2, 3, 6, 7);

/** Lane j of vector i becomes lane i of vector j. `keep` puts a value into a local. */
export function transpose(rows: readonly [Code, Code, Code, Code], keep: (code: Code) => Code): readonly Code[] {
  const shuffled = (x: Code, y: Code, shuffle: readonly number[]): Code => op('i8x16.shuffle', [x, y], { shuffle });
  const [a, b, c, d] = rows;
  const [low, lower] = [keep(shuffled(a, b, LOW)), keep(shuffled(c, d, LOW))];
  const [high, higher] = [keep(shuffled(a, b, HIGH)), keep(shuffled(c, d, HIGH))];
  return [
    shuffled(low, lower, FIRST),
    shuffled(low, lower, SECOND),
    shuffled(high, higher, FIRST),
    shuffled(high, higher, SECOND),
  ];
}
