// Takes: the inputs of logsumexp and cross_entropy. Gives: their values in simpler ops.
// Promises: logsumexp against the maximum; the label's logit by comparison with an iota, a reduction that fuses, no gather.
import { invariant } from '../../diagnostics.ts';
import type { GraphBuilder } from '../builder.ts';
import { dimOf } from '../infer/dims.ts';
import { add, eq, exp, log, mul, select, sub } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise, sumOver } from '../node-build.ts';
import type { Attrs, Node } from '../ops.ts';

/** `e` where the label counts, else 0. */
export function whereCounted(label: Expr, ignore: number | null, e: Expr): Expr {
  return ignore === null ? e : select(eq(label, ignore), 0, e);
}

export const lossRules = {
  /** m + log(sum(exp(x - m))), m = max(x) */
  logsumexp: (builder: GraphBuilder, { dim }: Attrs<'logsumexp'>, [x]: readonly Node[]): Node => {
    invariant(x, 'logsumexp has one input');
    const top = builder.add('reduce', { fn: 'max', dims: [dim] }, [x]);
    const exponentials = elementwise(builder, [x, top], (x, top) => exp(sub(x, top)));
    return elementwise(builder, [top, sumOver(builder, exponentials, [dim])], (top, sum) => add(top, log(sum)));
  },

  /** lse - logits[label] + zLoss lse^2, 0 where label == ignore */
  cross_entropy: (builder: GraphBuilder, attrs: Attrs<'cross_entropy'>, [logits, labels]: readonly Node[]): Node => {
    invariant(logits && labels, 'cross_entropy has two inputs');
    const { dim, ignore, zLoss } = attrs;
    const lse = builder.add('logsumexp', { dim }, [logits]);
    const index = builder.add('iota', { dim: dimOf(logits.type, dim) }, []);
    const chosen = elementwise(builder, [logits, labels, index], (x, label, i) => select(eq(i, label), x, 0));
    const picked = sumOver(builder, chosen, [dim]);
    return elementwise(builder, [lse, picked, labels], (lse, x, label) =>
      whereCounted(label, ignore, add(sub(lse, x), mul(zLoss, mul(lse, lse)))),
    );
  },
};
