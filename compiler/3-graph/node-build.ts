// Takes: a builder and nodes. Gives: nodes for what is asked for often: elementwise maps, sums, orders, fills.
// Promises: nothing is added where the input is already what is asked for.
import { invariant } from '../diagnostics.ts';
import type { GraphBuilder } from './builder.ts';
import { dimNames, sameDims } from './infer/dims.ts';
import { substitute, variablesOf } from './expr/walk.ts';
import { constant, inputName, variable } from './expr-build.ts';
import type { Expr } from './expr.ts';
import type { Node } from './ops.ts';
import type { Dim, ScalarType } from './types.ts';

/** A map of `expr`, whose variables are the names in `nodes`; unused nodes are left out, equal ones are one input. */
export function mapOver(builder: GraphBuilder, expr: Expr, nodes: ReadonlyMap<string, Node>): Node {
  const inputs: Node[] = [];
  const names = new Map<string, Expr>();
  for (const name of variablesOf(expr).keys()) {
    const node = nodes.get(name);
    invariant(node, `no node for '${name}' of a map`);
    if (!inputs.includes(node)) inputs.push(node);
    names.set(name, variable(inputName(inputs.indexOf(node)), node.type.type));
  }
  const [only] = inputs;
  if (expr.kind === 'var' && only) return only;
  return builder.add('map', { expr: substitute(expr, names) }, inputs);
}

/** The node in expressions: a variable of the name, or its value if it is a constant scalar. */
export function operandOf(node: Node, name: string): Expr {
  const { type, dims } = node.type;
  if (node.op !== 'constant' || dims.length > 0 || node.attrs.data.kind !== 'values') return variable(name, type);
  const [value] = node.attrs.data.values;
  invariant(value !== undefined, 'a constant scalar has a value');
  return constant(value, type);
}

/** A map written as a function of its inputs: `elementwise(builder, [x, y], (x, y) => add(x, y))`. */
export function elementwise<const T extends readonly Node[]>(
  builder: GraphBuilder,
  inputs: T,
  build: (...inputs: { [K in keyof T]: Expr }) => Expr,
): Node {
  const variables = inputs.map((node, i) => operandOf(node, `input ${i}`)) as { [K in keyof T]: Expr };
  return mapOver(builder, build(...variables), new Map(inputs.map((node, i) => [`input ${i}`, node])));
}

/** Sum over the named dims. */
export function sumOver(builder: GraphBuilder, x: Node, dims: readonly string[]): Node {
  return dims.length === 0 ? x : builder.add('reduce', { fn: 'sum', dims }, [x]);
}

/** `x` in the memory order given. */
export function inOrder(builder: GraphBuilder, x: Node, order: readonly string[]): Node {
  const same = dimNames(x.type).every((name, i) => name === order[i]);
  return same ? x : builder.add('permute', { order }, [x]);
}

/** A tensor of one value. */
export function fill(builder: GraphBuilder, value: number, type: ScalarType, dims: readonly Dim[]): Node {
  const scalar = builder.add('constant', { data: { kind: 'values', values: [value] }, type: { type, dims: [] } }, []);
  return dims.length === 0 ? scalar : builder.add('broadcast', { dims }, [scalar]);
}

/** `x` with dims added in front and ordered to be exactly `dims`. */
export function broadcastTo(builder: GraphBuilder, x: Node, dims: readonly Dim[]): Node {
  if (sameDims(x.type.dims, dims)) return x;
  const present = dimNames(x.type);
  const added = dims.filter((d) => !present.includes(d.name));
  const wide = added.length === 0 ? x : builder.add('broadcast', { dims: added }, [x]);
  const order = dims.map((d) => d.name);
  return inOrder(builder, wide, order);
}
