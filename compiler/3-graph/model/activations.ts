// Takes: an activation and the tensor it works on. Gives: the result.
// Promises: every activation is one expression tree, so it fuses into the matmuls around it.
import type { Activation, PlainActivation, XieluActivation } from '../../2-check/model.ts';
import { add, erf, exp, gt, log, max, min, mul, neg, select, sigmoid, sub, tanh } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise, sumOver } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { weight } from './lowering.ts';
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

export const activations: { readonly [K in PlainActivation]: (x: Expr) => Expr } = {
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

/** log(1 + e^x) */
function softplus(x: Expr): Expr {
  return neg(log(sigmoid(neg(x))));
}

/** x > 0: p x^2 + beta x; else n (exp(min(x, eps)) - 1 - x) + beta x. arXiv 2411.13010 */
function xielu({ beta, eps }: XieluActivation, x: Expr, p: Expr, n: Expr): Expr {
  const curve = select(gt(x, 0), mul(p, mul(x, x)), mul(n, sub(sub(exp(min(x, eps)), 1), x)));
  return add(curve, mul(beta, x));
}

/** [1] -> [] */
function scalar(l: Lowering, name: string): Node {
  return sumOver(l.builder, weight(l, name), ['one']);
}

/** act(x) * factor. `name`: of the part, whose activation's parameters are `{name}.act.*`. */
export function activate(l: Lowering, name: string, act: Activation, x: Node, factor: Node | null = null): Node {
  const { builder } = l;
  if (typeof act === 'string') {
    const of = activations[act];
    return factor ? elementwise(builder, [x, factor], (a, f) => mul(of(a), f)) : elementwise(builder, [x], of);
  }
  const p = elementwise(builder, [scalar(l, `${name}.act.alpha_p`)], softplus);
  const n = elementwise(builder, [scalar(l, `${name}.act.alpha_n`)], (alpha) => add(act.beta, softplus(alpha)));
  return factor
    ? elementwise(builder, [x, p, n, factor], (a, b, c, f) => mul(xielu(act, a, b, c), f))
    : elementwise(builder, [x, p, n], (a, b, c) => xielu(act, a, b, c));
}
