// Takes: a scalar expression and the Python of its variables. Gives: Python over tensors that broadcast.
// Promises: the same numbers element by element; activations by their names in torch.nn.functional.
import { invariant } from '../../../diagnostics.ts';
import type { PlainActivation } from '../../../2-check/model.ts';
import { variable } from '../../../3-graph/expr-build.ts';
import type { BinaryFn, Expr, UnaryFn } from '../../../3-graph/expr.ts';
import { operands } from '../../../3-graph/expr/walk.ts';
import { activations } from '../../../3-graph/model/activations.ts';
import type { ScalarType } from '../../../3-graph/types.ts';
import { atom, call, compare, infix, level, method, number, within, type Py } from './python.ts';

export type Variables = (name: string) => Py;

export function expression(e: Expr, variables: Variables): Py {
  const known = activation(e, variables) ?? activationTimes(e, variables);
  if (known) return known;
  const print = (operand: Expr): Py => expression(operand, variables);
  const soft = softplus(e, print);
  if (soft) return soft;
  switch (e.kind) {
    case 'const':
      if (e.type === 'bool') return atom(e.value === 0 ? 'False' : 'True');
      return number(e.value, e.type === 'i32' || e.type === 'u32');
    case 'var':
      return variables(e.name);
    case 'unary':
      return unary[e.fn](print(e.x));
    case 'binary':
      return binary(e, print);
    case 'select':
      return call('torch.where', print(e.condition), print(e.yes), print(e.no));
    case 'cast':
      return e.x.type === e.type ? print(e.x) : method(print(e.x), casts[e.type]);
    case 'load':
    case 'random':
      break;
  }
  return invariant(false, `${e.kind} in an expression of a forward graph`) as never;
}

/** How often the Python of an expression names a variable. */
export function usesOf(e: Expr, name: string): number {
  const { text } = expression(e, (each) => atom(each === name ? '$' : each));
  return text.split('$').length - 1;
}

/** -log(sigmoid(-x)), alone or taken from something. */
function softplus(e: Expr, print: Print): Py | null {
  const isLog = (y: Expr): y is Extract<Expr, { readonly kind: 'unary' }> => y.kind === 'unary' && y.fn === 'log';
  const inner = (y: Expr): Expr | null =>
    isLog(y) && y.x.kind === 'unary' && y.x.fn === 'sigmoid' && y.x.x.kind === 'unary' && y.x.x.fn === 'neg'
      ? y.x.x.x
      : null;
  const found =
    e.kind === 'unary' && e.fn === 'neg' ? inner(e.x) : e.kind === 'binary' && e.fn === 'sub' ? inner(e.y) : null;
  if (found === null) return null;
  const soft = call('F.softplus', print(found));
  return e.kind === 'binary' ? infix(print(e.x), '+', soft, level.sum) : soft;
}

const casts: { readonly [K in ScalarType]: string } = {
  f32: 'float',
  f16: 'half',
  i32: 'int',
  u32: 'long',
  bool: 'bool',
};

const torch =
  (name: string) =>
  (x: Py): Py =>
    call(`torch.${name}`, x);

const unary: { readonly [K in UnaryFn]: (x: Py) => Py } = {
  neg: (x) => ({ text: `-${within(x, level.unary)}`, level: level.unary }),
  not: (x) => ({ text: `~${within(x, level.unary)}`, level: level.unary }),
  exp: torch('exp'),
  log: torch('log'),
  sqrt: torch('sqrt'),
  rsqrt: torch('rsqrt'),
  tanh: torch('tanh'),
  sigmoid: torch('sigmoid'),
  erf: torch('erf'),
  sin: torch('sin'),
  cos: torch('cos'),
  abs: torch('abs'),
  sign: torch('sign'),
  floor: torch('floor'),
};

type Binary = Extract<Expr, { readonly kind: 'binary' }>;
type Print = (e: Expr) => Py;

function binary(e: Binary, print: Print): Py {
  return binaryRules[e.fn](e, print);
}

const operator =
  (symbol: string, at: number) =>
  (e: Binary, print: Print): Py =>
    infix(print(e.x), symbol, print(e.y), at);

const comparison =
  (symbol: string) =>
  (e: Binary, print: Print): Py =>
    compare(print(e.x), symbol, print(e.y));

/** `clamp` against a number, else elementwise. */
const extreme =
  (bound: 'min' | 'max', name: string) =>
  (e: Binary, print: Print): Py => {
    const [tensor, limit] = e.x.kind === 'const' ? [e.y, e.x] : [e.x, e.y];
    if (limit.kind !== 'const') return call(`torch.${name}`, print(e.x), print(e.y));
    const other = innerBound(tensor, bound === 'min' ? 'min' : 'max', print);
    const own = `${bound}=${print(limit).text}`;
    if (other === null) return method(print(tensor), 'clamp', own);
    return method(print(other.x), 'clamp', ...(bound === 'min' ? [own, other.text] : [other.text, own]));
  };

/** Of `max(x, low)` in `min(.., high)`, or the other way round: x and its bound. */
function innerBound(e: Expr, fn: 'min' | 'max', print: Print): { readonly x: Expr; readonly text: string } | null {
  if (e.kind !== 'binary' || (fn === 'max' ? e.fn !== 'max' : e.fn !== 'min')) return null;
  const [x, limit] = e.x.kind === 'const' ? [e.y, e.x] : [e.x, e.y];
  return limit.kind === 'const' ? { x, text: `${fn === 'max' ? 'min' : 'max'}=${print(limit).text}` } : null;
}

const isInteger = (e: Expr): boolean => e.type === 'i32' || e.type === 'u32';

/** Positions are never below 0, where `//` and truncation are the same. */
const isPosition = (e: Expr): boolean =>
  e.kind === 'var' ? ['query', 'key'].includes(e.name) : e.kind === 'const' && e.value >= 0;

const binaryRules: { readonly [K in BinaryFn]: (e: Binary, print: Print) => Py } = {
  add: operator('+', level.sum),
  sub: operator('-', level.sum),
  mul: (e, print) =>
    e.x.kind !== 'const' && same(e.x, e.y) ? method(print(e.x), 'square') : operator('*', level.product)(e, print),
  div: (e, print) => {
    if (!isInteger(e)) return operator('/', level.product)(e, print);
    if (isPosition(e.x) && isPosition(e.y)) return operator('//', level.product)(e, print);
    return call('torch.div', print(e.x), print(e.y), 'rounding_mode="trunc"');
  },
  mod: (e, print) =>
    isInteger(e) && isPosition(e.x) && isPosition(e.y)
      ? operator('%', level.product)(e, print)
      : call('torch.fmod', print(e.x), print(e.y)),
  min: extreme('max', 'minimum'),
  max: extreme('min', 'maximum'),
  pow: (e, print) => ({
    text: `${within(print(e.x), level.power + 1)} ** ${within(print(e.y), level.unary)}`,
    level: level.power,
  }),
  lt: comparison('<'),
  le: comparison('<='),
  eq: comparison('=='),
  and: operator('&', level.and),
  or: operator('|', level.or),
};

/** Null: no name for it in PyTorch, printed as it is. */
const activationNames: { readonly [K in PlainActivation]: ((x: Py) => Py) | null } = {
  silu: (x) => call('F.silu', x),
  gelu: (x) => call('F.gelu', x),
  gelu_tanh: (x) => call('F.gelu', x, 'approximate="tanh"'),
  relu: (x) => call('F.relu', x),
  relu2: (x) => method(call('F.relu', x), 'square'),
  quick_gelu: null,
  sigmoid: null,
  tanh: null,
  identity: null,
};

const hole = variable('hole', 'f32');
const templates = Object.entries(activationNames).flatMap(([name, print]) =>
  print === null ? [] : [{ tree: activations[name as PlainActivation](hole), print }],
);

function activation(e: Expr, variables: Variables): Py | null {
  for (const { tree, print } of templates) {
    const inner = { found: null as Expr | null };
    if (matches(tree, e, inner) && inner.found) return print(expression(inner.found, variables));
  }
  return null;
}

/** c * (.. x ..), a product where c * x is an activation: the builder of expressions moves constants to the front. */
function activationTimes(e: Expr, variables: Variables): Py | null {
  if (e.kind !== 'binary' || e.fn !== 'mul' || e.x.kind !== 'const') return null;
  const place = (product: Expr): Py | null => {
    const found = activation({ ...e, y: product }, variables);
    if (found !== null || product.kind !== 'binary' || product.fn !== 'mul') return found;
    const [left, right] = [place(product.x), place(product.y)];
    if (left) return infix(left, '*', expression(product.y, variables), level.product);
    return right && infix(expression(product.x, variables), '*', right, level.product);
  };
  return place(e.y);
}

const same = (x: Expr, y: Expr): boolean => JSON.stringify(x) === JSON.stringify(y);

/** Whether `e` is the tree with one expression at each place of the hole. */
function matches(tree: Expr, e: Expr, inner: { found: Expr | null }): boolean {
  if (tree.kind === 'var') {
    if (inner.found !== null) return same(inner.found, e);
    inner.found = e;
    return e.kind !== 'const';
  }
  if (tree.kind !== e.kind || tree.type !== e.type) return false;
  if (tree.kind === 'const') return e.kind === 'const' && tree.value === e.value;
  if ('fn' in tree && 'fn' in e && tree.fn !== e.fn) return false;
  const [own, other] = [operands(tree), operands(e)];
  return own.every((operand, i) => {
    const part = other[i];
    return part !== undefined && matches(operand, part, inner);
  });
}
