// Takes: the inputs of attention and attention_grad. Gives: their values in primitives, with all scores written out.
// Promises: the same numbers as the fused kernels, dropout included; a query that sees no key gives 0, lse -3.0e38.
import { invariant } from '../../diagnostics.ts';
import { attentionDims, biasOf, pairDims } from '../infer/attention-dims.ts';
import type { AttentionDims } from '../infer/attention-dims.ts';
import type { GraphBuilder } from '../builder.ts';
import { differentiateExpr } from '../expr/differentiate-expr.ts';
import { dimNames } from '../infer/dims.ts';
import { add, cast, constant, exp, ge, log, lt, max, mul, select, sub, variable } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { substitute } from '../expr/walk.ts';
import { elementwise, inOrder, mapOver, sumOver } from '../node-build.ts';
import type { AttentionAttrs, Attrs, Node } from '../ops.ts';

const never = -3.0e38;

interface Parts {
  readonly attrs: AttentionAttrs;
  readonly dims: AttentionDims;
  readonly q: Node;
  readonly k: Node;
  readonly v: Node;
  /** By the variables of the expressions below: raw (q . k), query, key (positions), bias. */
  readonly nodes: Map<string, Node>;
  /** Over raw, query, key, bias. */
  readonly score: Expr;
  /** d score / d raw */
  readonly slope: Expr;
  readonly mask: Expr;
  /** Over u: what dropout multiplies by. */
  readonly kept: Expr;
}

function partsOf(builder: GraphBuilder, attrs: AttentionAttrs, inputs: readonly Node[], isGradient: boolean): Parts {
  const [q, k, v, offset] = inputs;
  invariant(q && k && v && offset, 'attention has four inputs');
  const dims = attentionDims(attrs, q.type, k.type, v.type);
  const first = builder.add('iota', { dim: dims.query }, []);
  const nodes = new Map<string, Node>([
    ['raw', builder.add('contract', { over: [attrs.depth] }, [q, k])],
    ['query', elementwise(builder, [first, offset], (i, offset) => add(i, offset))],
    ['key', builder.add('iota', { dim: dims.key }, [])],
  ]);
  const bias = biasOf(attrs, inputs, isGradient);
  if (bias) nodes.set('bias', bias);
  const seed = inputs.at(-1);
  if (attrs.dropout && seed)
    nodes.set('u', builder.add('random', { stream: attrs.dropout.stream, dims: pairDims(dims) }, [seed]));
  const raw = new Map([['score', variable('raw', 'f32')]]);
  const ofRaw = (e: Expr): Expr => substitute(e, raw);
  return {
    attrs,
    dims,
    q,
    k,
    v,
    nodes,
    score: ofRaw(attrs.score),
    slope: ofRaw(differentiateExpr(attrs.score, 'score')),
    mask: attrs.mask,
    kept: keptOf(attrs),
  };
}

function keptOf({ dropout }: AttentionAttrs): Expr {
  if (!dropout) return constant(1);
  const rate = Math.fround(dropout.rate);
  return select(ge(variable('u', 'f32'), rate), constant(1 / (1 - rate)), 0);
}

/** log sum exp of the seen scores, a row each: max, then the sum against it. */
function lseOf(builder: GraphBuilder, p: Parts): Node {
  const keys = [p.attrs.key];
  const masked = mapOver(builder, select(p.mask, p.score, never), p.nodes);
  const top = builder.add('reduce', { fn: 'max', dims: keys }, [masked]);
  const topValue = variable('top', 'f32');
  const terms = mapOver(builder, select(p.mask, exp(sub(p.score, topValue)), 0), new Map([...p.nodes, ['top', top]]));
  const total = sumOver(builder, terms, keys);
  // A seen score counts 1 for the maximum itself, so a smaller sum is 0: no key is seen.
  return elementwise(builder, [top, total], (m, sum) => select(lt(sum, 0.5), never, add(m, log(max(sum, 0.5)))));
}

/** exp(score - lse) where seen, over raw, query, key, lse. */
const probability = (p: Parts): Expr => select(p.mask, exp(sub(p.score, variable('lse', 'f32'))), 0);

function attention(builder: GraphBuilder, attrs: Attrs<'attention'>, inputs: readonly Node[]): Node {
  const p = partsOf(builder, attrs, inputs, false);
  const lse = lseOf(builder, p);
  const rowOrder = dimNames(p.q.type).filter((name) => name !== attrs.depth);
  if (attrs.part === 'lse') return inOrder(builder, lse, rowOrder);
  const { type } = p.q.type;
  const weights = mapOver(builder, cast(mul(probability(p), p.kept), type), new Map([...p.nodes, ['lse', lse]]));
  const sum = builder.add('contract', { over: [attrs.key] }, [weights, p.v]);
  const out = elementwise(builder, [sum], (x) => cast(x, type));
  return inOrder(builder, out, dimNames(p.q.type).map((name) => (name === attrs.depth ? attrs.valueDepth : name))); // prettier-ignore
}

/** dv = sum_q P M dout; draw = P (M (dout . v) - delta) slope; dq = sum_k draw k; dk = sum_q draw q */
function attentionGrad(builder: GraphBuilder, attrs: Attrs<'attention_grad'>, inputs: readonly Node[]): Node {
  const p = partsOf(builder, attrs, inputs, true);
  const [dout, lse, delta] = inputs.slice(4);
  invariant(dout && lse && delta, 'attention_grad has seven inputs');
  const { type } = p.q.type;
  const rows = [...p.dims.heads, p.dims.query].map((d) => d.name);
  const nodes = new Map([...p.nodes, ['lse', lse] as const, ['delta', delta] as const]);
  if (attrs.part === 'v') {
    const weights = mapOver(builder, cast(mul(probability(p), p.kept), type), nodes);
    return inOrder(builder, builder.add('contract', { over: rows }, [weights, dout]), dimNames(p.v.type));
  }
  nodes.set('dweight', builder.add('contract', { over: [attrs.valueDepth] }, [dout, p.v]));
  const dscore = mul(probability(p), sub(mul(p.kept, variable('dweight', 'f32')), variable('delta', 'f32')));
  const draw = mapOver(builder, cast(mul(dscore, p.slope), type), nodes);
  if (attrs.part === 'q')
    return inOrder(builder, builder.add('contract', { over: [attrs.key] }, [draw, p.k]), dimNames(p.q.type));
  return inOrder(builder, builder.add('contract', { over: rows }, [draw, p.q]), dimNames(p.k.type));
}

export const attentionRules = { attention, attention_grad: attentionGrad };
