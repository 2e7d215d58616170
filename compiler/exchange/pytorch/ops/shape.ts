// Takes: ops that only move elements. Gives: Python for each.
// Promises: the result has the dims of the node, in its order.
import { invariant } from '../../../diagnostics.ts';
import type { Node, NodeOf } from '../../../3-graph/ops.ts';
import type { TensorType } from '../../../3-graph/types.ts';
import type { ConstantData } from '../../../7-plan/plan.ts';
import { aligned, permuted } from '../python/axes.ts';
import { atom, call, float, index, infix, integer, level, method, type Py } from '../python/python.ts';
import type { Rule, Scope } from './scope.ts';

export function only(node: Node): Node {
  const [x] = node.inputs;
  invariant(x, `${node.op} has an input`);
  return x;
}

/** `[..., 0:8]`, `[:, :, 0:8]` */
function sliced(x: Py, position: number, rank: number, range: string): Py {
  return index(x, position === rank - 1 && rank > 1 ? `..., ${range}` : [...Array<string>(position).fill(':'), range].join(', ')); // prettier-ignore
}

function sizeText(scope: Scope, node: Node): string[] {
  return scope.axes.dims(node).map((dim) => scope.axes.size(dim));
}

/** Matrix products and elementwise results lie in memory as their dims say. */
const contiguous: ReadonlySet<string> = new Set(['contract', 'map']);

export const split: Rule<'split'> = (node, scope) => {
  const x = only(node);
  return method(scope.operand(x), contiguous.has(x.op) ? 'view' : 'reshape', ...sizeText(scope, node));
};

export const merge: Rule<'merge'> = (node, scope) => {
  const x = only(node);
  const names = scope.axes.names(x);
  const merged = node.attrs.dims.filter((name) => names.includes(name));
  const [first] = merged;
  invariant(first, 'a merge of no dims');
  const others = names.filter((name) => name === first || !merged.includes(name));
  const order = others.flatMap((name) => (name === first ? merged : [name]));
  const at = order.indexOf(first);
  const ordered = permuted(scope.operand(x), names, order);
  if (merged.length === 1) return ordered;
  const isEnd = at + merged.length === order.length;
  return method(ordered, 'flatten', String(at), ...(isEnd ? [] : [String(at + merged.length - 1)]));
};

export const permute: Rule<'permute'> = (node, scope) =>
  permuted(scope.operand(only(node)), scope.axes.names(only(node)), scope.axes.names(node));

export const slice: Rule<'slice'> = (node, scope) => {
  const { dim, start, size } = node.attrs;
  invariant(typeof size === 'number', 'a slice of a symbolic size');
  const names = scope.axes.names(only(node));
  const end = scope.axes.dims(only(node)).find(({ name }) => name === dim)?.size;
  const range = `${start === 0 ? '' : integer(start)}:${start + size === end ? '' : integer(start + size)}`;
  return sliced(scope.operand(only(node)), names.indexOf(dim), names.length, range);
};

export const pad: Rule<'pad'> = (node, scope) => {
  const { dim, before, after } = node.attrs;
  const names = scope.axes.names(node);
  const behind = names.length - 1 - names.indexOf(dim);
  const widths = [...Array<number>(2 * behind).fill(0), before, after];
  return call('F.pad', scope.operand(only(node)), `(${widths.join(', ')})`);
};

export const concat: Rule<'concat'> = (node, scope) => {
  const names = scope.axes.names(node);
  const at = names.indexOf(node.attrs.dim);
  const parts = node.inputs.map((input) => permuted(scope.operand(input), scope.axes.names(input), names).text);
  return call('torch.cat', `(${parts.join(', ')})`, `dim=${at === names.length - 1 ? -1 : at}`);
};

export const broadcast: Rule<'broadcast'> = (node, scope) => {
  const x = only(node);
  const added = scope.axes.shown(node.attrs.dims);
  return added.length === 0 ? scope.operand(x) : method(scope.operand(x), 'expand', ...sizeText(scope, node));
};

/** Dims have no names in PyTorch. */
export const rename: Rule<'rename'> = (node, scope) => scope.operand(only(node));

/** (table, indices) -> [indices.., rest of the table] */
export const gather: Rule<'gather'> = (node, scope) => {
  const [table, indices] = node.inputs;
  invariant(table && indices, 'gather has two inputs');
  const { dim } = node.attrs;
  const names = scope.axes.names(table);
  const rows = permuted(scope.operand(table), names, [dim, ...names.filter((name) => name !== dim)]);
  if (indices.op === 'iota') return index(rows, `:${scope.axes.size(indices.attrs.dim)}`);
  const isMatrix = table.op === 'source' && names.length === 2;
  return isMatrix ? call('F.embedding', scope.operand(indices), rows) : index(rows, scope.operand(indices).text);
};

/** The value at hand as an operand of something with the dims `to`. */
export function operandFor(scope: Scope, node: Node, to: readonly string[]): Py {
  return aligned(scope.operand(node), scope.axes.names(node), to);
}

export const iota: Rule<'iota'> = ({ attrs }, scope) =>
  call('torch.arange', scope.axes.size(attrs.dim), `device=${scope.device()}`);

export const constant: Rule<'constant'> = (node, scope) => {
  const { data } = node.attrs;
  // The row of the data's own kind.
  return (constants[data.kind] as (data: ConstantData, node: NodeOf<'constant'>, scope: Scope) => Py)(
    data,
    node,
    scope,
  );
};

type DataOf<K extends ConstantData['kind']> = Extract<ConstantData, { readonly kind: K }>;

const constants: { readonly [K in ConstantData['kind']]: (data: DataOf<K>, node: NodeOf<'constant'>, scope: Scope) => Py } = {
  values: ({ values }, { type }, scope) => {
    const text = type.type === 'f32' || type.type === 'f16' ? float : integer;
    if (type.dims.length === 0) return atom(text(values[0] ?? 0));
    return shaped(call('torch.tensor', `[${values.map(text).join(', ')}]`, `device=${scope.device()}`), type, scope);
  },
  /** Waves over positions: [position, frequency]. */
  rope_table: ({ fn, positions, inverseFrequencies, factor }, _, scope) => {
    const exact = `dtype=torch.float64, device=${scope.device()}`;
    const frequencies = powers(inverseFrequencies, exact) ?? call('torch.tensor', `[${inverseFrequencies.map(float).join(', ')}]`, exact);
    const wave = method(call('torch.outer', call('torch.arange', integer(positions), exact), frequencies), fn);
    return method(factor === 1 ? wave : infix(wave, '*', atom(float(factor)), level.product), 'float');
  },
  /** slope * position, both and the product rounded to bfloat16. */
  bias_table: ({ slopes, positions }, { type }, scope) => {
    const rounded = `dtype=torch.bfloat16, device=${scope.device()}`;
    const slope = index(call('torch.tensor', `[${slopes.map(float).join(', ')}]`, rounded), ':, None');
    const position = method(call('torch.arange', integer(positions), `device=${scope.device()}`), 'bfloat16');
    return shaped(method(infix(slope, '*', position, level.product), 'float'), type, scope, 2);
  },
}; // prettier-ignore

/** 1, r, r^2, ... as a power. */
function powers(list: readonly number[], exact: string): Py | null {
  const [first, ratio = 1] = list;
  if (first !== 1 || list.some((each, i) => Math.abs(each / ratio ** i - 1) > 1e-9)) return null;
  return { text: `${float(ratio)} ** ${call('torch.arange', integer(list.length), exact).text}`, level: level.power };
}

/** x of `rank` dims as the dims of the constant. */
function shaped(x: Py, { dims }: TensorType, scope: Scope, rank = 1): Py {
  const shown = scope.axes.shown(dims);
  return shown.length === rank ? x : method(x, 'view', ...shown.map((dim) => scope.axes.size(dim)));
}
