import { expect, it } from 'vitest';
import { alibiSlopes } from '../../../../../compiler/3-graph/model/attention/score.ts';

// github.com/ofirpress/attention_with_linear_biases; the build_alibi_tensor of BLOOM and of MPT give the same.
it.each<[number, number, number[]]>([
  [1, 8, [2 ** -8]],
  [4, 8, [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8]],
  [4, 4, [2 ** -1, 2 ** -2, 2 ** -3, 2 ** -4]],
  [6, 8, [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]],
  [12, 8, [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5].map((h) => 2 ** -h)],
])('slopes of ALiBi: %d heads, max bias %d', (heads, maxBias, slopes) => {
  expect(alibiSlopes(heads, maxBias)).toEqual(slopes);
});
