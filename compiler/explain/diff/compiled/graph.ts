// Takes: two checked models, with their train blocks where they have one. Gives: the ops of their graphs that differ.
// Promises: ops are compared by kind and by place, with attributes and shapes; what has no graph is one sentence.
import type { Model, TrainSpec } from '../../../2-check/model.ts';
import { formatType } from '../../../3-graph/infer/dims.ts';
import { forwardGraph } from '../../../3-graph/model/entry-graphs.ts';
import type { Node, OpName } from '../../../3-graph/ops.ts';
import { headOf } from '../../../3-graph/print-graph.ts';
import { trainGraphs } from '../../../4-autograd/train-graph.ts';
import { missingSentence } from './missing.ts';

export interface Compiled {
  readonly model: Model;
  /** Null: its file has none. */
  readonly train: TrainSpec | null;
}

export interface GraphDiff {
  readonly name: 'forward' | 'training step';
  /** Nodes in each. */
  readonly nodes: { readonly a: number; readonly b: number };
  /** Ops of which one has more. */
  readonly kinds: readonly { readonly op: OpName; readonly a: number; readonly b: number }[];
  readonly places: readonly PlaceDiff[];
}

/** What stands at one place of the model; layers count together: `layers.*.attn.k`. */
export interface PlaceDiff {
  readonly path: string;
  readonly op: OpName;
  readonly a: readonly OpCount[];
  readonly b: readonly OpCount[];
}

export interface OpCount {
  /** `contract over d_model : f32 [batch, seq, kv_dim=64]` */
  readonly text: string;
  readonly count: number;
}

/** Forward, and a training step when both can be trained; or the sentence why there is no graph. */
export function graphDiffs(a: Compiled, b: Compiled): readonly GraphDiff[] | string {
  const missing = missingSentence(a.model) ?? missingSentence(b.model);
  if (missing !== null) return missing;
  const forward = graphDiff('forward', forwardGraph(a.model).nodes, forwardGraph(b.model).nodes);
  if (a.train === null || b.train === null) return [forward];
  return [forward, graphDiff('training step', trainNodes(a.model, a.train), trainNodes(b.model, b.train))];
}

function trainNodes(model: Model, train: TrainSpec): readonly Node[] {
  // How many layers a limit in bytes makes it compute again is known of Plans only.
  const isOpen = train.recompute?.kind === 'auto';
  const graphs = trainGraphs(model, isOpen ? { ...train, recompute: { kind: 'none' } } : train);
  return 'step' in graphs ? graphs.step.nodes : [...graphs.accumulate.nodes, ...graphs.apply.nodes];
}

function graphDiff(name: GraphDiff['name'], a: readonly Node[], b: readonly Node[]): GraphDiff {
  const [before, after] = [countBy(a, ({ op }) => op), countBy(b, ({ op }) => op)];
  const ops = [...new Set([...before.keys(), ...after.keys()])];
  const kinds = ops.map((op) => ({ op, a: before.get(op) ?? 0, b: after.get(op) ?? 0 }));
  const nodes = { a: a.length, b: b.length };
  return { name, nodes, kinds: kinds.filter((kind) => kind.a !== kind.b), places: placeDiffs(a, b) };
}

function placeDiffs(a: readonly Node[], b: readonly Node[]): PlaceDiff[] {
  const places = new Map<string, { path: string; op: OpName; a: Node[]; b: Node[] }>();
  for (const [side, nodes] of [['a', a], ['b', b]] as const) {
    for (const node of nodes) {
      const path = node.origin.path.replaceAll(/\blayers\.\d+/g, 'layers.*');
      const place = places.get(`${path} ${node.op}`) ?? { path, op: node.op, a: [], b: [] };
      places.set(`${path} ${node.op}`, place);
      place[side].push(node);
    }
  } // prettier-ignore
  return [...places.values()].flatMap(({ path, op, a: before, b: after }) => {
    const [old, now] = [countBy(before, signature), countBy(after, signature)];
    const only = (own: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): OpCount[] =>
      [...own].filter(([key, count]) => other.get(key) !== count).map(([key, count]) => ({ text: shown(key), count }));
    const [gone, come] = [only(old, now), only(now, old)];
    return gone.length + come.length === 0 ? [] : [{ path, op, a: gone, b: come }];
  });
}

/** Kind, attributes, shape; behind a line's end what the text leaves out: the values of a constant. */
function signature(node: Node): string {
  // A stream of random numbers is numbered by its place: dropout of two layers is the same op.
  const head = headOf(node).replace(/ stream \d+$/, '');
  const text = `${head} : ${formatType(node.type)}`.replaceAll(/\blayers\.\d+/g, 'layers.*');
  return node.op === 'constant' ? `${text}\n${JSON.stringify(node.attrs.data)}` : text;
}

const shown = (key: string): string => key.split('\n')[0] ?? key;

function countBy<T, K>(list: readonly T[], key: (item: T) => K): ReadonlyMap<K, number> {
  const counts = new Map<K, number>();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
