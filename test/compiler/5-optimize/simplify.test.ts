import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { add, mul } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise, fill, sumOver } from '../../../compiler/3-graph/node-build.ts';
import type { Node } from '../../../compiler/3-graph/ops.ts';
import { printGraph } from '../../../compiler/3-graph/print-graph.ts';
import { rewrites, simplify } from '../../../compiler/5-optimize/simplify.ts';
import { sourceValues } from './compare.ts';

const [s, m] = [
  { name: 's', size: 4 },
  { name: 'm', size: 6 },
];
const into = [
  { name: 'p', size: 2 },
  { name: 'q', size: 3 },
];

type Build = (b: GraphBuilder, x: Node) => Node;
const rotate = (b: GraphBuilder, x: Node, inverse: boolean): Node =>
  b.add('rotate_pairs', { dim: 'm', pairing: 'half', inverse }, [x]);

/** The rewrite, a graph over x [s, m], and how it ends: the printed value of its output. */
const cases: readonly [rewrite: string, Build, result: string][] = [
  ['rename-nothing', (b, x) => b.add('rename', { from: 's', to: 's' }, [x]), 'x'],
  [
    'rename-twice',
    (b, x) => b.add('rename', { from: 't', to: 'u' }, [b.add('rename', { from: 's', to: 't' }, [x])]),
    'rename',
  ],
  ['permute-nothing', (b, x) => b.add('permute', { order: ['s', 'm'] }, [x]), 'x'],
  [
    'permute-twice',
    (b, x) => b.add('permute', { order: ['s', 'm'] }, [b.add('permute', { order: ['m', 's'] }, [x])]),
    'x',
  ],
  ['merge-of-split', (b, x) => b.add('merge', { dims: ['p', 'q'], into: 'm' }, [b.add('split', { dim: 'm', into }, [x])]), 'x'], // prettier-ignore
  ['split-of-merge', (b, x) => b.add('split', { dim: 'sm', into: [s, m] }, [b.add('merge', { dims: ['s', 'm'], into: 'sm' }, [x])]), 'x'], // prettier-ignore
  ['slice-of-everything', (b, x) => b.add('slice', { dim: 'm', start: 0, size: 6 }, [x]), 'x'],
  ['pad-by-nothing', (b, x) => b.add('pad', { dim: 'm', before: 0, after: 0 }, [x]), 'x'],
  ['concat-of-one', (b, x) => b.add('concat', { dim: 'm' }, [x]), 'x'],
  [
    'broadcast-twice',
    (b, x) =>
      b.add('broadcast', { dims: [{ name: 'a', size: 2 }] }, [
        b.add('broadcast', { dims: [{ name: 'b', size: 2 }] }, [x]),
      ]),
    'broadcast',
  ],
  ['rotate-there-and-back', (b, x) => rotate(b, rotate(b, x, false), true), 'x'],
  ['constant-input', (b, x) => elementwise(b, [x, fill(b, 0, 'f32', [s, m])], (v, zero) => add(v, zero)), 'x'],
  [
    'map-of-nothing-but-constants',
    (b, x) => {
      const six = elementwise(b, [fill(b, 2, 'f32', []), fill(b, 3, 'f32', [])], (p, q) => mul(p, q));
      return elementwise(b, [x, six], (v, w) => mul(v, w));
    },
    'map 6 * a',
  ],
  ['map-of-itself', (b, x) => b.add('map', { expr: { kind: 'var', name: 'a', type: 'f32' } }, [x]), 'x'],
  ['reduce-of-broadcast', (b, x) => sumOver(b, b.add('broadcast', { dims: [{ name: 'a', size: 5 }] }, [x]), ['a']), 'map 5 * a'], // prettier-ignore
  ['reduce-twice', (b, x) => sumOver(b, sumOver(b, x, ['m']), ['s']), 'reduce sum over m, s'],
];

test.each(cases)('%s', (name, build, result) => {
  const b = new GraphBuilder('g');
  const x = b.add('source', { name: 'x', role: 'input', type: { type: 'f32', dims: [s, m] } }, []);
  b.output('y', build(b, x));
  const graph = b.finish();
  const applied: string[] = [];
  const simple = simplify(graph, (rewrite) => applied.push(rewrite));
  expect(applied).toContain(name);
  expect(printGraph(simple)).toContain(result);
  if (result === 'x') expect(simple.nodes).toHaveLength(1);
  const values = sourceValues(graph, {}, 2);
  const [before, after] = [graph, simple].map((g) => evaluate(g, {}, values).outputs.get('y'));
  expect(after?.dims).toEqual(before?.dims);
  for (const [i, value] of (before?.data ?? []).entries()) expect(after?.data[i]).toBeCloseTo(value, 12);
});

test('every rewrite has a case', () => {
  expect(rewrites.map(({ name }) => name).toSorted()).toEqual(cases.map(([name]) => name).toSorted());
});
