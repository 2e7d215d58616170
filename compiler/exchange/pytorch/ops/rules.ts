// Takes: a node of a forward graph. Gives: the Python of its value.
// Promises: total over the ops; what no forward graph has is an invariant that names it.
import { invariant } from '../../../diagnostics.ts';
import { inputName } from '../../../3-graph/expr-build.ts';
import type { Node, NodeOf, OpName } from '../../../3-graph/ops.ts';
import { aligned, einsum, permuted } from '../python/axes.ts';
import { expression } from '../python/expressions.ts';
import { atom, call, float, infix, level, method, type Py } from '../python/python.ts';
import { attention } from './attention.ts';
import type { Rule } from './scope.ts';
import type { Scope } from './scope.ts';
import { broadcast, concat, constant, gather, iota, merge, only, operandFor, pad, permute, rename, slice, split } from './shape.ts'; // prettier-ignore

export function nodeText(node: Node, scope: Scope): Py {
  // The row of the node's own op.
  return (rules[node.op] as Rule<OpName>)(node, scope);
}

const absent = ({ op, origin }: { readonly op: OpName; readonly origin: Node['origin'] }): never =>
  invariant(false, `${op} at '${origin.path}' in a forward graph`) as never;

/** Whether the heads' outputs go into one vector a token and nowhere else. */
function mergesAttention(node: Node, scope: Users): NodeOf<'attention'> | null {
  const [x] = node.inputs;
  if (node.op !== 'merge' || x?.op !== 'attention' || !scope.isOnlyFor(x, node)) return null;
  const names = scope.axes.names(x);
  const merged = node.attrs.dims.filter((name) => names.includes(name));
  return merged.join() === names.slice(2).join() && names[1] === x.attrs.query ? x : null;
}

const rules: { readonly [K in OpName]: Rule<K> } = {
  source: absent,
  random: absent,
  scatter_add: absent,
  update: absent,
  after: absent,
  attention_grad: absent,
  cross_entropy: absent,
  constant,
  iota,
  split,
  permute,
  slice,
  pad,
  concat,
  broadcast,
  rename,
  gather,
  map: (node, scope) => {
    const linear = biased(node, scope);
    if (linear) return linear;
    const names = scope.axes.names(node);
    const inputs = new Map(node.inputs.map((input, i) => [inputName(i), input]));
    const value = expression(node.attrs.expr, (name) => {
      const input = inputs.get(name);
      invariant(input, `a map over '${name}', which is not there`);
      return operandFor(scope, input, names);
    });
    // A table in f32 must not make all that follows f32.
    const state = widenedBy(node);
    return state ? method(value, 'type_as', scope.operand(state)) : value;
  },
  reduce: (node, scope) => {
    const names = scope.axes.names(only(node));
    const at = scope.axes.shown(only(node).type.dims.filter(({ name }) => node.attrs.dims.includes(name))).map(({ name }) => names.indexOf(name)); // prettier-ignore
    const dims = at.length === 1 ? `dim=${at[0]}` : `dim=(${at.join(', ')})`;
    return method(scope.operand(only(node)), node.attrs.fn === 'sum' ? 'sum' : 'amax', dims);
  },
  /** x W^T where the weight's last dim is summed, else an einsum. */
  contract: (node, scope) => {
    const [x, w] = node.inputs;
    invariant(x && w, 'contract has two inputs');
    const [names, weight] = [scope.axes.names(x), scope.axes.names(w)];
    if (isLinear(node, scope)) return call('F.linear', scope.operand(x), scope.operand(w));
    return call('torch.einsum', `"${einsum([names, weight], scope.axes.names(node))}"`, scope.operand(x), scope.operand(w)); // prettier-ignore
  },
  merge: (node, scope) => {
    const heads = mergesAttention(node, scope);
    return heads ? attention(heads, scope, true) : merge(node, scope);
  },
  attention: (node, scope) => attention(node, scope, false),
  /** Rotation of pairs by 90 degrees. */
  rotate_pairs: (node, scope) => {
    const { dim, pairing, inverse } = node.attrs;
    const x = scope.operand(only(node));
    invariant(scope.axes.names(node).at(-1) === dim, 'pairs lie along the last dim');
    const [first, second] = pairing === 'half' ? halves(x) : [`${x.text}[..., ::2]`, `${x.text}[..., 1::2]`];
    const turned = inverse ? `(${second}, -${first})` : `(-${second}, ${first})`;
    if (pairing === 'half') return call('torch.cat', turned, 'dim=-1');
    return method(call('torch.stack', turned, 'dim=-1'), 'flatten', '-2');
  },
  rope: (node, scope) => {
    const [x, cos, sin] = node.inputs;
    invariant(x && cos && sin, 'rope has three inputs');
    const names = scope.axes.names(x);
    invariant(names[1] === 'seq' && names.at(-1) === node.attrs.dim, `a rotation of [${names.join(', ')}]`);
    const helper = scope.use(node.attrs.pairing === 'half' ? 'rotate_halves' : 'rotate_pairs');
    return call(helper, scope.operand(x), scope.operand(cos), scope.operand(sin));
  },
  norm: (node, scope) => {
    const { kind, dims, eps, gain, bias } = node.attrs;
    const [x, ...weights] = node.inputs;
    invariant(x, 'norm has an input');
    const names = scope.axes.names(x);
    const over = dims.filter((name) => names.includes(name));
    const order = [...names.filter((name) => !over.includes(name)), ...over];
    const shape = over.map((name) => scope.axes.size(dimNamed(x, name)));
    const weight = gain === 'none' ? null : weights[0];
    const shift = bias ? weights.at(-1) : null;
    const text = weight
      ? gain === 'one_plus'
        ? infix(atom('1'), '+', scope.operand(weight), level.sum)
        : scope.operand(weight)
      : null;
    // A weight of each head is none that the function takes.
    const isWhole = [weight, shift].every((each) => !each || scope.axes.names(each).join() === over.join());
    const args = [
      `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`,
      ...(text && isWhole ? [`weight=${text.text}`] : []),
      ...(shift && isWhole ? [`bias=${scope.operand(shift).text}`] : []),
      `eps=${float(eps)}`,
    ];
    const y = call(kind === 'rms' ? 'F.rms_norm' : 'F.layer_norm', permuted(scope.operand(x), names, order), ...args);
    const ordered = permuted(y, order, names);
    if (isWhole) return ordered;
    const gained =
      text && weight ? infix(ordered, '*', aligned(text, scope.axes.names(weight), names), level.product) : ordered;
    return shift ? infix(gained, '+', operandFor(scope, shift, names), level.sum) : gained;
  },
  logsumexp: (node, scope) => {
    const at = scope.axes.names(only(node)).indexOf(node.attrs.dim);
    return call('torch.logsumexp', scope.operand(only(node)), `dim=${at}`);
  },
  dropout: (node, scope) => call('F.dropout', scope.operand(only(node)), float(node.attrs.rate), 'self.training'),
};

/** The first input of a map that has tables of numbers beside it, which are f32 whatever the weights are. */
export function widenedBy(node: Node): Node | null {
  if (node.op !== 'map' || !node.inputs.some((input) => isTable(input) && input.type.type === 'f32')) return null;
  return node.inputs.find((input) => !isNumbers(input)) ?? null;
}

/** Made of constants and positions alone. */
const isNumbers = (node: Node): boolean =>
  node.op === 'constant' || node.op === 'iota' || (node.inputs.length > 0 && node.inputs.every(isNumbers));

const isTable = (node: Node): boolean => node.type.dims.length > 0 && isNumbers(node);

type Users = Pick<Scope, 'axes' | 'isOnlyFor'>;

/** Whether the rule of `user` writes the input as a part of itself. */
export function absorbs(user: Node, input: Node, scope: Users): boolean {
  if (user.op === 'merge') return mergesAttention(user, scope) === input;
  return user.op === 'map' && biasedProduct(user, scope) === input;
}

/** The product x W^T that a map adds a bias to, of weights that are no module of their own. */
function biasedProduct({ inputs, attrs }: NodeOf<'map'>, scope: Users): NodeOf<'contract'> | null {
  const [product, bias] = inputs;
  const { expr } = attrs;
  const isSum = expr.kind === 'binary' && expr.fn === 'add' && expr.x.kind === 'var' && expr.y.kind === 'var';
  if (!isSum || product?.op !== 'contract' || !bias || !isWeight(bias) || !isLinear(product, scope)) return null;
  const isBias = bias.type.dims.length === 1 && bias.type.dims[0]?.name === product.type.dims.at(-1)?.name;
  return isBias && inputs.length === 2 ? product : null;
}

function biased(node: NodeOf<'map'>, scope: Scope): Py | null {
  const product = biasedProduct(node, scope);
  const [x, w] = product?.inputs ?? [];
  const [, bias] = node.inputs;
  if (!product || !x || !w || !bias || !scope.isOnlyFor(product, node)) return null;
  return call('F.linear', scope.operand(x), scope.operand(w), scope.operand(bias));
}

/** A parameter, or rows of one. */
const isWeight = (node: Node): boolean =>
  (node.op === 'source' && node.attrs.role === 'parameter') || (node.op === 'slice' && node.inputs.every(isWeight));

/** x W^T: the last dim of x and of the weight is summed. */
function isLinear({ inputs, attrs }: NodeOf<'contract'>, { axes }: Pick<Scope, 'axes'>): boolean {
  const [x, w] = inputs;
  if (!x || !w || !isWeight(w) || attrs.over.length !== 1) return false;
  const [names, weight] = [axes.names(x), axes.names(w)];
  const [over] = attrs.over;
  return weight.length === 2 && weight[1] === over && names.at(-1) === over && !names.includes(weight[0] ?? '');
}

function dimNamed(node: Node, name: string): Node['type']['dims'][number] {
  const dim = node.type.dims.find((each) => each.name === name);
  invariant(dim, `no dim ${name}`);
  return dim;
}

const halves = (x: Py): [string, string] => {
  const text = x.level < level.atom ? `(${x.text})` : x.text;
  return [`${text}.chunk(2, dim=-1)[0]`, `${text}.chunk(2, dim=-1)[1]`];
};
