// Takes: a list of numbers. Gives: a small graph made by reading them as choices.
// Promises: every primitive can occur; values stay small.
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, max, mul, sigmoid, sub, tanh } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise } from '../../../compiler/3-graph/node-build.ts';
import type { Graph, Node } from '../../../compiler/3-graph/ops.ts';
import type { Dim } from '../../../compiler/3-graph/types.ts';

const dim = (name: string, size: number): Dim => ({ name, size });
const sizeOf = ({ size }: Dim): number => Number(size);
const countOf = (node: Node): number => node.type.dims.reduce((n, d) => n * sizeOf(d), 1);

class RandomGraph {
  readonly builder = new GraphBuilder('random');
  readonly nodes: Node[] = [];
  private readonly choices: readonly number[];
  private at = 0;
  private fresh = 0;

  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  choose(count: number): number {
    const choice = this.choices[this.at % this.choices.length] ?? 0;
    this.at += 1;
    return (choice + this.at) % count;
  }

  pick<T>(list: readonly T[]): T | null {
    return list[this.choose(Math.max(1, list.length))] ?? null;
  }

  name(): string {
    this.fresh += 1;
    return `d${this.fresh}`;
  }

  source(name: string, type: 'f32' | 'i32' | 'u32', dims: readonly Dim[], role: 'input' | 'state' = 'input'): Node {
    return this.builder.add('source', { name, role, type: { type, dims } }, []);
  }

  /** Whether maps and products of the two have a type. */
  fits(x: Node, y: Node): boolean {
    return x.type.dims.every((d) => y.type.dims.every((e) => e.name !== d.name || e.size === d.size));
  }

  /** One more node, or null where the choice does not fit. */
  step(): Node | null {
    const x = this.pick(this.nodes);
    const rule = this.pick(steps);
    if (!x || !rule) return null;
    const node = rule(this, x);
    return node && countOf(node) <= 200 ? node : null;
  }
}

type Step = (g: RandomGraph, x: Node) => Node | null;

const steps: readonly Step[] = [
  (g, x) => elementwise(g.builder, [x], (a) => tanh(mul(0.7, a))),
  (g, x) => elementwise(g.builder, [x], (a) => add(mul(0.5, a), 0.1)),
  (g, x) => elementwise(g.builder, [x], (a) => sub(sigmoid(a), 0.5)),
  ...[0, 1, 2, 3].map((): Step => (g, x) => {
    const y = g.pick(g.nodes);
    if (!y || !g.fits(x, y)) return null;
    return g.choose(2) ? elementwise(g.builder, [x, y], (a, b) => sub(a, mul(0.5, b))) : elementwise(g.builder, [x, y], (a, b) => max(mul(a, b), -1)); // prettier-ignore
  }),
  ...[0, 1, 2].map((): Step => (g, x) => {
    const over = x.type.dims.filter(() => g.choose(2)).map((d) => d.name);
    return over.length > 0 ? g.builder.add('reduce', { fn: g.choose(3) ? 'sum' : 'max', dims: over }, [x]) : null;
  }),
  ...[0, 1, 2].map((): Step => (g, x) => {
    const y = g.pick(g.nodes);
    if (!y || !g.fits(x, y)) return null;
    const shared = x.type.dims.filter((d) => y.type.dims.some((e) => e.name === d.name));
    const over = shared.filter((_, i) => i === 0 || g.choose(2)).map((d) => d.name);
    return over.length > 0 ? g.builder.add('contract', { over }, [x, y]) : null;
  }),
  (g, x) => g.builder.add('broadcast', { dims: [dim(g.name(), 2)] }, [x]),
  (g, x) => {
    const d = g.pick(x.type.dims);
    return d ? g.builder.add('rename', { from: d.name, to: g.name() }, [x]) : null;
  },
  (g, x) => {
    const order = x.type.dims.map((d) => d.name);
    for (let i = order.length - 1; i > 0; i--) {
      const j = g.choose(i + 1);
      [order[i], order[j]] = [order[j] ?? '', order[i] ?? ''];
    }
    return g.builder.add('permute', { order }, [x]);
  },
  (g, x) => {
    const d = x.type.dims.find((e) => sizeOf(e) % 2 === 0 && sizeOf(e) > 2);
    return d ? g.builder.add('split', { dim: d.name, into: [dim(g.name(), sizeOf(d) / 2), dim(g.name(), 2)] }, [x]) : null; // prettier-ignore
  },
  (g, x) => {
    const [d, e] = x.type.dims;
    return d && e ? g.builder.add('merge', { dims: g.choose(2) ? [d.name, e.name] : [e.name, d.name], into: g.name() }, [x]) : null; // prettier-ignore
  },
  (g, x) => {
    const d = x.type.dims.find((e) => sizeOf(e) > 1);
    return d ? g.builder.add('slice', { dim: d.name, start: g.choose(2), size: sizeOf(d) - 1 }, [x]) : null;
  },
  (g, x) => {
    const d = g.pick(x.type.dims);
    return d ? g.builder.add('pad', { dim: d.name, before: g.choose(2), after: g.choose(2) }, [x]) : null;
  },
  (g, x) => {
    const d = g.pick(x.type.dims);
    return d ? g.builder.add('concat', { dim: d.name }, [x, elementwise(g.builder, [x], (a) => mul(0.5, a))]) : null;
  },
  (g, x) => {
    const d = x.type.dims.find((e) => sizeOf(e) % 2 === 0);
    return d ? g.builder.add('rotate_pairs', { dim: d.name, pairing: g.choose(2) ? 'half' : 'interleaved', inverse: g.choose(2) === 1 }, [x]) : null; // prettier-ignore
  },
  (g, x) => {
    const d = x.type.dims.find((e) => sizeOf(e) >= 2);
    const indices = g.source('indices', 'i32', [dim('i', 3)]);
    return d && x.type.dims.every((e) => e.name !== 'i') ? g.builder.add('gather', { dim: d.name }, [x, indices]) : null; // prettier-ignore
  },
  (g, x) => {
    if (x.type.dims[0]?.name !== 'i' || x.type.dims[0].size !== 3) return null;
    return g.builder.add('scatter_add', { dim: dim(g.name(), 3) }, [g.source('indices', 'i32', [dim('i', 3)]), x]);
  },
  (g, x) => {
    const u = g.builder.add('random', { stream: g.choose(3), dims: x.type.dims }, [g.source('seed', 'u32', [])]);
    return elementwise(g.builder, [x, u], (a, b) => mul(a, b));
  },
  (g, x) => {
    const d = g.pick(x.type.dims);
    if (!d) return null;
    const i = g.builder.add('iota', { dim: d }, []);
    const c = g.builder.add('constant', { data: { kind: 'values', values: Array.from({ length: sizeOf(d) }, (_, n) => n / 4 - 0.5) }, type: { type: 'f32', dims: [d] } }, []); // prettier-ignore
    const row = elementwise(g.builder, [c, i], (v) => v);
    return elementwise(g.builder, [x, row], (a, b) => add(a, b));
  },
];

/** A graph with outputs, and states that are read and updated. */
export function randomGraph(choices: readonly number[]): Graph {
  const g = new RandomGraph(choices);
  const [a, b, c] = [dim('a', 2), dim('b', 3), dim('c', 4)];
  const states = [[a, b], [c], [a, b]].map((dims, i) => g.source(`state${i}`, 'f32', dims, 'state'));
  g.nodes.push(g.source('x', 'f32', [a, b]), g.source('y', 'f32', [b, c]), g.source('z', 'f32', [a, c]), ...states);
  for (let i = 0; i < choices.length; i++) {
    const node = g.step();
    if (node) g.nodes.push(node);
  }
  for (const state of states) {
    const same = g.nodes.filter(({ type, op }) => JSON.stringify(type) === JSON.stringify(state.type) && op !== 'constant'); // prettier-ignore
    const value = g.pick(same);
    if (value && value !== state) g.builder.update(state, value);
  }
  const cache = g.source('cache', 'f32', [dim('r', 5), c], 'state');
  const rows = g.nodes.find(({ type }) => type.dims.length === 1 && type.dims[0]?.name === 'c');
  if (rows) {
    const value = g.builder.add('broadcast', { dims: [dim('r', 2)] }, [rows]);
    const updated = g.builder.add('update', { dim: 'r' }, [cache, value, g.source('position', 'i32', [])]);
    if (g.choose(3)) g.builder.update(cache, updated);
    g.builder.output(
      'cached',
      elementwise(g.builder, [updated], (v) => mul(2, v)),
    );
  }
  g.nodes.slice(-3).forEach((node, i) => g.builder.output(`out${i}`, node));
  return g.builder.finish();
}
