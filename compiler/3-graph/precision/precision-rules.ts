// Takes: an op of a graph in f32, its inputs in f32 or halves. Gives: the op as mixed precision computes it.
// Promises: total over `OpName`: products take halves and sum in f32; whatever else computes, computes in f32 and rounds its
// result where an input came in halves; sums and losses stay f32; views move what they get.
import type { MixedPrecision } from '../../2-check/model.ts';
import { copyNode } from '../build/rewrite-graph.ts';
import type { GraphBuilder } from '../builder.ts';
import { cast, inputName, variable } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { substitute } from '../expr/walk.ts';
import type { Node, NodeOf, OpName } from '../ops.ts';
import { half, wide } from './formats.ts';

export interface OpInPrecision<K extends OpName> {
  readonly builder: GraphBuilder;
  /** As it was. */
  readonly node: NodeOf<K> & Node;
  /** As they are now. */
  readonly inputs: readonly Node[];
  readonly precision: MixedPrecision;
  /** Whether the part the node belongs to stays in f32. */
  readonly kept: boolean;
}

export type PrecisionRule<K extends OpName> = (of: OpInPrecision<K>) => Node;

const isHalf = ({ type }: Node): boolean => type.type === 'f16';

function asIs<K extends OpName>({ builder, node, inputs }: OpInPrecision<K>): Node {
  return copyNode(builder, node, inputs);
}

function inF32<K extends OpName>({ builder, node, inputs }: OpInPrecision<K>): Node {
  return copyNode(builder, node, inputs.map((input) => wide(builder, input))); // prettier-ignore
}

function rounded<K extends OpName>(of: OpInPrecision<K>): Node {
  const made = inF32(of);
  return !of.kept && of.inputs.some(isHalf) ? half(of.builder, made) : made;
}

/** All inputs in halves where one is. */
function alike<K extends OpName>({ builder, node, inputs }: OpInPrecision<K>): Node {
  const to = inputs.some(isHalf) ? half : (_: GraphBuilder, input: Node) => input;
  return copyNode(builder, node, inputs.map((input) => to(builder, input))); // prettier-ignore
}

/** One expression reads halves, computes, rounds. */
function map({ builder, node, inputs, kept }: OpInPrecision<'map'>): Node {
  const names = inputs.map((input, i): [string, Expr] => {
    const read = variable(inputName(i), input.type.type);
    return [inputName(i), isHalf(input) ? cast(read, 'f32') : read];
  });
  const expr = substitute(node.attrs.expr, new Map(names));
  const narrow = !kept && expr.type === 'f32' && inputs.some(isHalf);
  return builder.add('map', { expr: narrow ? cast(expr, 'f16') : expr }, inputs);
}

function contract(of: OpInPrecision<'contract'>): Node {
  const { builder, node, inputs, precision, kept } = of;
  if (kept) return inF32(of);
  const sums = copyNode(builder, node, inputs.map((input) => half(builder, input))); // prettier-ignore
  const isLogits = node.type.dims.some(({ name }) => name === 'vocab');
  return isLogits && precision.logits === 'f32' ? sums : half(builder, sums);
}

/** Rows of a table that products read in halves too are gathered from there. */
function gather({ builder, node, inputs, kept }: OpInPrecision<'gather'>): Node {
  const [table, indices] = inputs as [Node, Node];
  const isWeight = weightOf(table) && !kept;
  return copyNode(builder, node, [isWeight ? half(builder, table) : table, indices]);
}

function weightOf(node: Node): boolean {
  if (node.op === 'source') return node.attrs.role === 'parameter';
  return node.op === 'slice' && node.inputs.some(weightOf);
}

function attention(of: OpInPrecision<'attention'>): Node {
  const { builder, node, inputs, kept } = of;
  if (kept) return inF32(of);
  return copyNode(builder, node, inputs.map((input, i) => (i < 3 ? half : wide)(builder, input))); // prettier-ignore
}

/** The value takes the type of what it is written into. */
function update({ builder, node, inputs }: OpInPrecision<'update'>): Node {
  const [target, value, position] = inputs as [Node, Node, Node];
  return copyNode(builder, node, [target, (isHalf(target) ? half : wide)(builder, value), position]);
}

export const precisionRules: { readonly [K in OpName]: PrecisionRule<K> } = {
  source: asIs,
  constant: asIs,
  iota: asIs,
  map,
  random: asIs,
  reduce: inF32,
  contract,
  broadcast: asIs,
  rename: asIs,
  permute: asIs,
  split: asIs,
  merge: asIs,
  slice: asIs,
  pad: asIs,
  concat: alike,
  rotate_pairs: asIs,
  gather,
  scatter_add: rounded,
  update,
  after: asIs,
  norm: rounded,
  rope: rounded,
  logsumexp: inF32,
  cross_entropy: inF32,
  dropout: rounded,
  attention,
  // Made by the backward pass, which comes after.
  attention_grad: asIs,
};
