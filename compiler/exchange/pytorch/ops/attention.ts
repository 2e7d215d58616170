// Takes: an attention. Gives: Python: `scaled_dot_product_attention` where its score and mask can be said to it, otherwise
// the masked softmax written out from the two expressions.
// Promises: scores and softmax in float32; query heads of one key head stay together.
import { invariant } from '../../../diagnostics.ts';
import { mul } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { variablesOf } from '../../../3-graph/expr/walk.ts';
import { attentionDims } from '../../../3-graph/infer/attention-dims.ts';
import type { Node, NodeOf } from '../../../3-graph/ops.ts';
import { aligned, einsum, permuted } from '../python/axes.ts';
import { expression } from '../python/expressions.ts';
import { atom, call, float, method, type Py } from '../python/python.ts';
import type { Scope } from './scope.ts';

interface Parts {
  readonly node: NodeOf<'attention'>;
  readonly scope: Scope;
  readonly q: Node;
  readonly k: Node;
  readonly v: Node;
  readonly bias: Node | null;
  /** Of scores: [batch, key heads.., query heads.., query, key]. */
  readonly batch: readonly string[];
  readonly keyHeads: readonly string[];
  readonly queryHeads: readonly string[];
}

function partsOf(node: NodeOf<'attention'>, scope: Scope): Parts {
  const { attrs, inputs } = node;
  const [q, k, v, offset] = inputs;
  invariant(q && k && v && offset, 'attention has four inputs');
  invariant(attrs.part === 'out', 'the sum of exponentials of an attention in a forward graph');
  invariant(offset.op === 'constant', 'an attention with an offset in a graph without a cache');
  const dims = attentionDims(attrs, q.type, k.type, v.type);
  const names = (list: typeof dims.batch): string[] => scope.axes.shown(list).map(({ name }) => name);
  const shared = names(dims.batch);
  const bias = variablesOf(attrs.score).has('bias') ? inputs[4] : null;
  invariant(bias !== undefined, 'a score with a bias that is not given');
  return {
    node,
    scope,
    q,
    k,
    v,
    bias,
    batch: shared.filter((name) => name === 'batch'),
    keyHeads: shared.filter((name) => name !== 'batch'),
    queryHeads: names(dims.heads),
  };
}

/** The heads' outputs with the dims of the node; with `merged`, its heads and value depth as one dim at the end. */
export function attention(node: NodeOf<'attention'>, scope: Scope, merged: boolean): Py {
  const parts = partsOf(node, scope);
  const plain = plainScore(node.attrs.score);
  return plain ? fused(parts, plain, merged) : explicit(parts, merged);
}

/** scale * score + rest, where `rest` does not depend on the score. */
interface PlainScore {
  readonly scale: number;
  readonly rest: Expr | null;
}

function plainScore(score: Expr): PlainScore | null {
  if (score.kind === 'var') return score.name === 'score' ? { scale: 1, rest: null } : null;
  if (score.kind !== 'binary') return null;
  const { fn, x, y } = score;
  if (fn === 'mul') {
    const plain = x.kind === 'const' ? plainScore(y) : null;
    return plain && x.kind === 'const'
      ? { scale: x.value * plain.scale, rest: plain.rest && mul(x, plain.rest) }
      : null;
  }
  if (fn !== 'add') return null;
  const [inner, rest] = variablesOf(x).has('score') ? [x, y] : [y, x];
  const plain = plainScore(inner);
  if (plain === null || plain.rest !== null || variablesOf(rest).has('score')) return null;
  return { scale: plain.scale, rest };
}

type Seen = 'all' | 'causal' | 'masked';

function seenBy({ kind, ...mask }: Expr): Seen {
  if (kind === 'const' && 'value' in mask) return mask.value === 0 ? 'masked' : 'all';
  if (kind !== 'binary' || !('fn' in mask) || mask.fn !== 'le' || !('y' in mask)) return 'masked';
  return mask.x.kind === 'var' && mask.x.name === 'key' && mask.y.kind === 'var' && mask.y.name === 'query' ? 'causal' : 'masked'; // prettier-ignore
}

/** Lines for `query`, `key` and what is made of them. */
function positions({ node, scope }: Parts): (name: string) => Py {
  const { query } = node.attrs;
  const size = node.type.dims.find(({ name }) => name === query);
  invariant(size, 'queries have a dim');
  const [queryName, keyName] = [scope.local('query'), scope.local('key')];
  scope.statement(`${keyName} = torch.arange(${scope.axes.size(size)}, device=${scope.device()})`);
  scope.statement(`${queryName} = ${keyName}[:, None]`);
  return (name) => atom(name === 'query' ? queryName : keyName);
}

/** x as [batch, heads, positions, depth] */
function headed({ scope, batch }: Parts, x: Node, heads: readonly string[], position: string, depth: string): Py {
  const names = scope.axes.names(x);
  const at = names.indexOf(heads[0] ?? '');
  const side = [...batch, position];
  const isAdjacent = heads.length > 0 && heads.every((name, i) => names[at + i] === name);
  const value = scope.operand(x);
  if (heads.length === 0) return method(permuted(value, names, [...side, depth]), 'unsqueeze', '1');
  if (!isAdjacent || heads.length === 1) {
    const ordered = permuted(value, names, [...batch, ...heads, position, depth]);
    return heads.length === 1 ? ordered : method(ordered, 'flatten', '1', String(heads.length));
  }
  const flat = method(value, 'flatten', String(at), String(at + heads.length - 1));
  const left = names.flatMap((name) => (name === heads[0] ? ['heads'] : heads.includes(name) ? [] : [name]));
  return permuted(flat, left, [...batch, 'heads', position, depth]);
}

function fused(parts: Parts, { scale, rest }: PlainScore, merged: boolean): Py {
  const { node, scope, q, k, v, batch, keyHeads, queryHeads } = parts;
  const { attrs } = node;
  const heads = [...keyHeads, ...queryHeads];
  const seen = seenBy(attrs.mask);
  const mask = maskArgument(parts, seen, rest);
  const depth = attentionDims(attrs, q.type, k.type, v.type).depth.size;
  const isCommon = typeof depth === 'number' && Math.abs(scale * Math.sqrt(depth) - 1) < 1e-12;
  const out = scope.local('out');
  // The kernel that takes a mask in little memory knows no groups of queries.
  const repeats = mask?.startsWith('attn_mask') && queryHeads.length > 0;
  const group = queryHeads.map((name) => sizeOf(parts, name)).join(' * ');
  const keys = (x: Node, name: string): string => {
    const value = headed(parts, x, keyHeads, attrs.key, name);
    return (repeats ? method(value, 'repeat_interleave', group, 'dim=1') : value).text;
  };
  const lines = [
    `${headed(parts, q, heads, attrs.query, attrs.depth).text},  # [${[...batch, 'heads', attrs.query, attrs.depth].join(', ')}]`,
    `${keys(k, attrs.depth)},`,
    `${keys(v, attrs.valueDepth)},`,
    ...(mask === null ? [] : [`${mask},`]),
    ...(attrs.dropout === null ? [] : [`dropout_p=${float(attrs.dropout.rate)} if self.training else 0.0,`]),
    ...(isCommon ? [] : [`scale=${float(scale)},`]),
    ...(queryHeads.length === 0 || repeats ? [] : ['enable_gqa=True,']),
  ];
  scope.statement(`${out} = F.scaled_dot_product_attention(`);
  for (const line of lines) scope.statement(`    ${line}`);
  scope.statement(')');
  const at = batch.length;
  const back = heads.length === 0 ? method(atom(out), 'squeeze', String(at)) : method(atom(out), 'transpose', String(at), String(at + 1)); // prettier-ignore
  if (merged) return heads.length === 0 ? back : method(back, 'flatten', String(at + 1));
  const from = [...batch, attrs.query, ...heads, attrs.valueDepth];
  const sizes = heads.map((name) => sizeOf(parts, name));
  const split = heads.length < 2 ? back : method(back, 'unflatten', String(at + 1), `(${sizes.join(', ')})`);
  return permuted(split, from, scope.axes.names(node));
}

function sizeOf({ node, scope }: Parts, name: string): string {
  const dim = node.type.dims.find((each) => each.name === name);
  invariant(dim, `attention has no dim ${name}`);
  return scope.axes.size(dim);
}

function maskArgument(parts: Parts, seen: Seen, rest: Expr | null): string | null {
  const { node, scope } = parts;
  if (rest === null && seen !== 'masked') return seen === 'causal' ? 'is_causal=True' : null;
  const mask = scope.local('mask');
  const at = positions(parts);
  if (seen !== 'all') scope.statement(`${mask} = ${expression(node.attrs.mask, at).text}  # [seq, key]`);
  if (rest === null) return `attn_mask=${mask}`;
  const heads = [...parts.keyHeads, ...parts.queryHeads];
  const bias = expression(rest, (name) => (name === 'bias' ? biasFor(parts, heads) : at(name)));
  const flat = heads.length < 2 ? bias : method(bias, 'flatten', '0', String(heads.length - 1));
  const added = scope.local('bias');
  scope.statement(`${added} = ${flat.text}  # [heads, 1 or seq, key]`);
  const hidden = seen === 'all' ? atom(added) : method(atom(added), 'masked_fill', `~${mask}`, '-math.inf');
  return `attn_mask=${method(hidden, 'to', `${scope.operand(parts.q).text}.dtype`).text}`;
}

/** The bias as [heads.., query, key], dims of one element where it does not vary. */
function biasFor({ node, scope, bias }: Parts, heads: readonly string[]): Py {
  invariant(bias, 'a score with a bias');
  return aligned(scope.operand(bias), scope.axes.names(bias), [...heads, node.attrs.query, node.attrs.key]);
}

/** softmax over the keys seen, from the score and the mask as they are. */
function explicit(parts: Parts, merged: boolean): Py {
  const { node, scope, q, k, v, batch, keyHeads, queryHeads } = parts;
  const { attrs } = node;
  const heads = [...keyHeads, ...queryHeads];
  const pairs = [...batch, ...heads, attrs.query, attrs.key];
  const [qNames, kNames, vNames] = [q, k, v].map((x) => scope.axes.names(x));
  invariant(qNames && kNames && vNames, 'three tensors');
  const product = call('torch.einsum', `"${einsum([qNames, kNames], pairs)}"`, scope.operand(q), scope.operand(k));
  const [scores, weights] = [scope.local('scores'), scope.local('weights')];
  const comment = `# [${pairs.map((name) => scope.axes.nameOf(name)).join(', ')}]`;
  scope.statement(`${scores} = ${product.text}.float()  ${comment}`);
  const at = positions(parts);
  const value = (name: string): Py =>
    name === 'score' ? atom(scores) : name === 'bias' ? biasFor(parts, heads) : at(name);
  scope.statement(`${scores} = ${expression(attrs.score, value).text}`);
  if (seenBy(attrs.mask) !== 'all') {
    const mask = scope.local('mask');
    scope.statement(`${mask} = ${expression(attrs.mask, at).text}  # [seq, key]`);
    scope.statement(`${scores} = ${scores}.masked_fill(~${mask}, -math.inf)`);
  }
  scope.statement(`${weights} = ${scores}.softmax(dim=-1).type_as(${scope.operand(v).text})`);
  if (attrs.dropout) scope.statement(`${weights} = F.dropout(${weights}, ${float(attrs.dropout.rate)}, self.training)`);
  const names = scope.axes.names(node);
  const out = call('torch.einsum', `"${einsum([pairs, vNames], names)}"`, weights, scope.operand(v));
  return merged && heads.length > 0 ? method(out, 'flatten', String(names.indexOf(heads[0] ?? ''))) : out;
}
