// Takes: the input of a feed-forward part. Gives: its output, d_model wide.
// Promises: every activation is one expression tree, so it fuses into the matmuls around it.
import type { Activation, FfnSpec } from '../../2-check/model.ts';
import { invariant } from '../../diagnostics.ts';
import { add, erf, max, mul, sigmoid, tanh } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { linear } from './lowering.ts';
import type { Lowering } from './lowering.ts';

/** x (1 + erf(x / sqrt 2)) / 2 = x Phi(x). arXiv 1606.08415 */
function gelu(x: Expr): Expr {
  return mul(mul(0.5, x), add(1, erf(mul(x, Math.SQRT1_2))));
}

/** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, `gelu_new` and `gelu_pytorch_tanh` of transformers. */
function geluTanh(x: Expr): Expr {
  const cubed = mul(mul(x, x), x);
  const inner = mul(Math.sqrt(2 / Math.PI), add(x, mul(0.044715, cubed)));
  return mul(mul(0.5, x), add(1, tanh(inner)));
}

function relu(x: Expr): Expr {
  return max(x, 0);
}

export const activations: { readonly [K in Activation]: (x: Expr) => Expr } = {
  silu: (x) => mul(x, sigmoid(x)),
  gelu,
  gelu_tanh: geluTanh,
  quick_gelu: (x) => mul(x, sigmoid(mul(1.702, x))),
  relu,
  relu2: (x) => mul(relu(x), relu(x)),
  sigmoid,
  tanh,
  identity: (x) => x,
};

/** The feed-forward part called `name` (`layers.0.mlp`); x, result: [batch, seq, d_model]. */
export function lowerFfn(l: Lowering, name: string, spec: FfnSpec, x: Node): Node {
  invariant(spec.kind === 'glu' || spec.kind === 'mlp', `ffn ${spec.kind} reached the lowering`);
  const act = activations[spec.act];
  const project = (part: string, y: Node) => l.builder.at({ path: part }, () => linear(l, `${name}.${part}`, y));
  // [batch, seq, width]
  const hidden =
    spec.kind === 'glu'
      ? elementwise(l.builder, [project('gate', x), project('up', x)], (gate, up) => mul(act(gate), up))
      : elementwise(l.builder, [project('up', x)], act);
  return project('down', hidden);
}
