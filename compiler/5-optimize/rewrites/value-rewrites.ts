// Takes: maps and reductions. Gives: smaller ones. Promises: equal values up to rounding; dims stay.
import { sameDims } from '../../3-graph/infer/dims.ts';
import { constant, inputName, mul, variable } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { variablesOf } from '../../3-graph/expr/walk.ts';
import { elementwise } from '../../3-graph/node-build.ts';
import type { Node, NodeOf } from '../../3-graph/ops.ts';
import { refold } from './refold.ts';
import type { AnyRewrite } from './rewrite.ts';

/** The number a node is everywhere, if it is one. */
function numberOf(node: Node): number | null {
  if (node.op === 'broadcast') return node.inputs[0] ? numberOf(node.inputs[0]) : null;
  if (node.op !== 'constant' || node.attrs.data.kind !== 'values') return null;
  const [value] = node.attrs.data.values;
  return node.attrs.data.values.length === 1 && value !== undefined ? value : null;
}

/** Inputs and expression with the inputs that are not in use left out. Null when dims would be lost with them. */
function withInputs(node: NodeOf<'map'>, expr: Expr): { inputs: Node[]; expr: Expr } | null {
  const used = variablesOf(expr);
  const kept = node.inputs.filter((_, i) => used.has(inputName(i)));
  const covered = node.type.dims.every((dim) => kept.some((x) => x.type.dims.some((d) => d.name === dim.name)));
  if (!covered || kept.length === 0) return null;
  const names = new Map<string, Expr>();
  node.inputs.forEach((x, i) => names.set(inputName(i), variable(inputName(kept.indexOf(x)), x.type.type)));
  return { inputs: kept, expr: refold(expr, names) };
}

export const valueRewrites: readonly AnyRewrite[] = [
  {
    // x + 0, x * 1, and whatever else constants decide
    name: 'constant-input',
    op: 'map',
    apply: (builder, node) => {
      const known = new Map<string, Expr>();
      node.inputs.forEach((x, i) => {
        const value = numberOf(x);
        if (value !== null) known.set(inputName(i), constant(value, x.type.type));
      });
      const made = known.size > 0 ? withInputs(node, refold(node.attrs.expr, known)) : null;
      if (!made || made.inputs.length === node.inputs.length) return null;
      const next = builder.add('map', { expr: made.expr }, made.inputs);
      return sameDims(next.type.dims, node.type.dims) ? next : null;
    },
  },
  {
    name: 'map-of-nothing-but-constants',
    op: 'map',
    apply: (builder, node) => {
      if (node.type.dims.length > 0) return null;
      const values = node.inputs.map(numberOf);
      if (values.includes(null)) return null;
      const known = new Map(values.map((value, i) => [inputName(i), constant(value ?? 0, node.inputs[i]?.type.type)]));
      const folded = refold(node.attrs.expr, known);
      if (folded.kind !== 'const') return null;
      return builder.add('constant', { data: { kind: 'values', values: [folded.value] }, type: node.type }, []);
    },
  },
  {
    name: 'map-of-itself',
    op: 'map',
    apply: (_, { attrs: { expr }, inputs: [x], type }) =>
      x && expr.kind === 'var' && expr.name === inputName(0) && sameDims(x.type.dims, type.dims) ? x : null,
  },
  {
    // sum over d of broadcast(x along d, e) = size(d) * broadcast(x, e); the maximum is x itself
    name: 'reduce-of-broadcast',
    op: 'reduce',
    apply: (builder, { attrs: { fn, dims }, inputs: [x] }) => {
      if (x?.op !== 'broadcast' || !x.inputs[0] || x.type.type === 'i32') return null;
      const along = x.attrs.dims.filter(({ name }) => dims.includes(name));
      const sizes = along.map(({ size }) => size).filter((size) => typeof size === 'number');
      if (along.length === 0 || sizes.length < along.length) return null;
      const count = sizes.reduce((n, size) => n * size, 1);
      const rest = x.attrs.dims.filter((dim) => !along.includes(dim));
      const left = dims.filter((name) => !along.some((dim) => dim.name === name));
      const inner = rest.length > 0 ? builder.add('broadcast', { dims: rest }, x.inputs) : x.inputs[0];
      const reduced = left.length > 0 ? builder.add('reduce', { fn, dims: left }, [inner]) : inner;
      return fn === 'max' ? reduced : elementwise(builder, [reduced], (value) => mul(count, value));
    },
  },
  {
    name: 'reduce-twice',
    op: 'reduce',
    apply: (builder, { attrs, inputs: [x] }) =>
      x?.op === 'reduce' && x.attrs.fn === attrs.fn
        ? builder.add('reduce', { fn: attrs.fn, dims: [...x.attrs.dims, ...attrs.dims] }, x.inputs)
        : null,
  },
];
