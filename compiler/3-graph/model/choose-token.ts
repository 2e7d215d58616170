// Takes: logits. Gives: a token, drawn from softmax(logits / temperature).
// Promises: a function of the logits, the temperature and the seed; at temperature 0 the likeliest; ties go to the lower token.
import type { GraphBuilder } from '../builder.ts';
import { add, cast, constant, eq, log, max, mul, neg, select, sub } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';

/** Of the random numbers, as `random` counts them. */
export const CHOICE_STREAM = 0;

/** The least number above 0 that `random` gives; 0 itself would be minus infinity. */
export const LEAST_UNIFORM = 2 ** -24;

/** -log(-log(u)): the Gumbel distribution. */
const gumbel = (u: Expr): Expr => neg(log(neg(log(max(u, LEAST_UNIFORM)))));

/**
 * logits f32 [batch, vocab], temperature f32 [], seed u32 [] -> i32 [batch]: the index of the largest
 * logit + temperature * gumbel, which has the distribution of softmax (Gumbel-max trick, arXiv 1411.0030).
 */
export function chooseToken(
  builder: GraphBuilder,
  logits: Node,
  { temperature, seed }: { readonly temperature: Node; readonly seed: Node },
): Node {
  const { dims } = logits.type;
  const vocab = dims.find(({ name }) => name === 'vocab');
  const size = typeof vocab?.size === 'number' ? vocab.size : 0;
  const uniform = builder.add('random', { stream: CHOICE_STREAM, dims }, [seed]);
  const keys = elementwise(builder, [logits, temperature, uniform], (x, t, u) => add(x, mul(t, gumbel(u))));
  const most = builder.add('reduce', { fn: 'max', dims: ['vocab'] }, [keys]);
  const index = builder.add('iota', { dim: { name: 'vocab', size } }, []);
  // Counted from the end, so that the largest is the first: whole numbers, which f32 holds up to 2^24.
  const places = elementwise(builder, [keys, most, index], (key, top, i) =>
    select(eq(key, top), sub(size, cast(i, 'f32')), constant(0)),
  );
  const first = builder.add('reduce', { fn: 'max', dims: ['vocab'] }, [places]);
  return elementwise(builder, [first], (place) => cast(sub(size, place), 'i32'));
}
