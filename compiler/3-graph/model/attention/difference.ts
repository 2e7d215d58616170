// Takes: what differential attention adds to attention. Gives: values of pairs of key heads, the difference of pairs of heads.
// Promises: heads i and i + heads / 2 are a pair (arXiv 2410.05258, as DiffLlama has it); one attention over all heads.
import type { DiffSpec, GqaSpec } from '../../../2-check/model.ts';
import { add, exp, mul, sub } from '../../expr-build.ts';
import { dimNames } from '../../infer/dims.ts';
import { elementwise, sumOver } from '../../node-build.ts';
import type { Node } from '../../ops.ts';
import { scale, weight } from '../lowering.ts';
import type { Lowering } from '../lowering.ts';

/** The values of two key heads side by side, the same for both halves of the key heads: [.., kv_heads, value_dim]. */
export function pairedValues({ builder }: Lowering, { kvHeads }: GqaSpec, v: Node): Node {
  const into = [{ name: 'side', size: 2 }, { name: 'pair', size: kvHeads / 2 }]; // prettier-ignore
  const sides = builder.add('split', { dim: 'kv_heads', into }, [v]);
  const halves = builder.add('broadcast', { dims: [{ name: 'half', size: 2 }] }, [sides]);
  const outer = dimNames(v.type).filter((name) => name !== 'kv_heads' && name !== 'head_dim');
  const ordered = builder.add('permute', { order: [...outer, 'half', 'pair', 'side', 'head_dim'] }, [halves]);
  const heads = builder.add('merge', { dims: ['half', 'pair'], into: 'kv_heads' }, [ordered]);
  return builder.add('merge', { dims: ['side', 'head_dim'], into: 'value_dim' }, [heads]);
}

/** lambda = e^(q1 . k1) - e^(q2 . k2) + init: f32 [] */
function lambdaOf(l: Lowering, name: string, { init }: DiffSpec): Node {
  const product = (i: 1 | 2): Node => {
    const vectors = [weight(l, `${name}.lambda_q${i}`), weight(l, `${name}.lambda_k${i}`)] as const;
    return sumOver(l.builder, elementwise(l.builder, vectors, mul), ['head_dim']);
  };
  return elementwise(l.builder, [product(1), product(2)], (one, two) => add(sub(exp(one), exp(two)), init));
}

/** out: [batch, seq, kv_heads, group, value_dim] -> (1 - init) norm(first - lambda second): [batch, seq, pair, group, value_dim] */
export function difference(l: Lowering, name: string, { kvHeads }: GqaSpec, spec: DiffSpec, out: Node): Node {
  const { builder } = l;
  return builder.at({ path: 'diff' }, () => {
    const half = (start: number): Node => {
      const heads = builder.add('slice', { dim: 'kv_heads', start, size: kvHeads / 2 }, [out]);
      return builder.add('rename', { from: 'kv_heads', to: 'pair' }, [heads]);
    };
    const lambda = lambdaOf(l, name, spec);
    const left = elementwise(builder, [half(0), half(kvHeads / 2), lambda], (a, b, c) => sub(a, mul(c, b)));
    const attrs = { kind: 'rms', dims: ['value_dim'], eps: spec.eps, gain: 'none', bias: false } as const;
    return scale(l, builder.add('norm', attrs, [left]), 1 - spec.init);
  });
}
