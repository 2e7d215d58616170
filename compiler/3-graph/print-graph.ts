// Takes: a graph. Gives: its text, one line a node, for people and for golden tests.
// Promises: `%12 = contract over d_model (%3, %7) : f32 [batch, seq, width=96]  # layers.0.mlp.up`; equal graphs, equal text.
import type { ConstantData } from '../7-plan/plan.ts';
import { formatType } from './infer/dims.ts';
import type { AttentionAttrs, Attrs, Graph, Node, OpName } from './ops.ts';
import { printExpr } from './expr/print-expr.ts';
import type { Dim } from './types.ts';

export function printGraph(graph: Graph): string {
  const numbers = new Map(graph.nodes.map((node, i) => [node, `%${i}`]));
  const nameOf = (node: Node): string => numbers.get(node) ?? `%?${node.id}`;
  return [
    `graph ${graph.name}`,
    ...graph.nodes.map((node) => `  ${printNode(node, nameOf)}`),
    ...graph.outputs.map(({ name, value }) => `  output ${name} = ${nameOf(value)}`),
    ...graph.updates.map(({ source, value }) => `  update ${source.attrs.name} = ${nameOf(value)}`),
    '',
  ].join('\n');
}

function printNode(node: Node, nameOf: (node: Node) => string): string {
  const what = [headOf(node), node.inputs.length > 0 ? `(${node.inputs.map(nameOf).join(', ')})` : ''];
  const origin = node.origin.path === '' ? '' : `  # ${node.origin.path}`;
  return `${nameOf(node)} = ${what.filter((part) => part !== '').join(' ')} : ${formatType(node.type)}${origin}`;
}

/** `contract over d_model` */
export function headOf(node: Node): string {
  if (node.op === 'source') return details.source(node.attrs);
  const text = (details[node.op] as (attrs: Attrs<OpName>) => string)(node.attrs);
  return text === '' ? node.op : `${node.op} ${text}`;
}

const list = (names: readonly string[]): string => names.join(', ');
const dimText = ({ name, size }: Dim): string => (name === size ? name : `${name}=${size}`);

function constantText(data: ConstantData): string {
  if (data.kind === 'rope_table') return `rope_table ${data.fn}`;
  if (data.kind === 'bias_table') return `bias_table of ${data.slopes.length} slopes`;
  return data.values.length <= 4 ? list(data.values.map(String)) : `${data.values.length} values`;
}

const attentionText = (a: AttentionAttrs): string =>
  `${a.query} x ${a.key} score ${printExpr(a.score)} mask ${printExpr(a.mask)}` +
  (a.dropout ? ` dropout ${a.dropout.rate} stream ${a.dropout.stream}` : '');

const details: { readonly [K in OpName]: (attrs: Attrs<K>) => string } = {
  source: ({ role, name }) => `${role} ${name}`,
  constant: ({ data }) => constantText(data),
  iota: ({ dim }) => dimText(dim),
  map: ({ expr }) => printExpr(expr),
  random: ({ stream }) => `stream ${stream}`,
  reduce: ({ fn, dims }) => `${fn} over ${list(dims)}`,
  contract: ({ over }) => `over ${list(over)}`,
  broadcast: ({ dims }) => list(dims.map(dimText)),
  rename: ({ from, to }) => `${from} to ${to}`,
  permute: () => '',
  split: ({ dim, into }) => `${dim} into ${list(into.map(dimText))}`,
  merge: ({ dims, into }) => `${list(dims)} into ${into}`,
  slice: ({ dim, start, size }) => `${dim} from ${start} size ${size}`,
  pad: ({ dim, before, after }) => `${dim} before ${before} after ${after}`,
  concat: ({ dim }) => `along ${dim}`,
  rotate_pairs: ({ dim, pairing, inverse }) => `${dim} ${pairing}${inverse ? ' inverse' : ''}`,
  gather: ({ dim }) => `along ${dim}`,
  scatter_add: ({ dim }) => `along ${dimText(dim)}`,
  update: ({ dim }) => `along ${dim}`,
  after: () => '',
  norm: ({ kind, dims, eps, gain, bias }) => `${kind} over ${list(dims)} eps ${eps} gain ${gain}${bias ? ' bias' : ''}`,
  rope: ({ dim, pairing }) => `${dim} ${pairing}`,
  logsumexp: ({ dim }) => `over ${dim}`,
  cross_entropy: ({ dim, ignore, zLoss }) =>
    `over ${dim}${ignore === null ? '' : ` ignore ${ignore}`}${zLoss === 0 ? '' : ` z_loss ${zLoss}`}`,
  dropout: ({ rate, stream }) => `${rate} stream ${stream}`,
  attention: (a) => `${a.part} ${attentionText(a)}`,
  attention_grad: (a) => `${a.part} ${attentionText(a)}`,
};
