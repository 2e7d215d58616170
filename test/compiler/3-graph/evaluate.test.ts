// The oracle against numbers worked out by hand, and its refusals.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, constant, le, mul, variable } from '../../../compiler/3-graph/expr-build.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import type { NumericArray } from '../../../compiler/3-graph/evaluate.ts';
import { elementwise } from '../../../compiler/3-graph/node-build.ts';
import type { Node } from '../../../compiler/3-graph/ops.ts';
import { uniform } from '../../../compiler/3-graph/random.ts';
import type { Dim, ScalarType } from '../../../compiler/3-graph/types.ts';
import { source } from '../4-autograd/op-cases.ts';

const dim = (name: string, size: number | string): Dim => ({ name, size });

type Given = Readonly<Record<string, NumericArray>>;

const rounded = (x: number): number => Number(x.toPrecision(6));

/** Elements of the node, rounded to 6 digits. */
function valueOf(
  build: (b: GraphBuilder) => Node,
  given: Given = {},
  sizes: Readonly<Record<string, number>> = {},
): number[] {
  const b = new GraphBuilder('test');
  b.output('y', build(b));
  const y = evaluate(b.finish(), sizes, new Map(Object.entries(given))).outputs.get('y');
  return Array.from(y?.data ?? [], rounded);
}

const x23 = (b: GraphBuilder): Node => source(b, 'x', [dim('i', 2), dim('j', 3)]);
const x: Given = { x: [1, 2, 3, 4, 5, 6] };

function ints(b: GraphBuilder, name: string, dims: Dim[] = [], type: ScalarType = 'i32'): Node {
  return source(b, name, dims, type);
}

describe('primitives', () => {
  it.each<[string, (b: GraphBuilder) => Node, Given, number[]]>([
    ['map broadcasts by name', (b) => elementwise(b, [x23(b), source(b, 'r', [dim('i', 2)])], (x, r) => add(mul(10, x), r)), { ...x, r: [1, 2] }, [11, 21, 31, 42, 52, 62]],
    ['map orders dims by first appearance', (b) => elementwise(b, [source(b, 'c', [dim('j', 3)]), x23(b)], (c, x) => add(mul(100, c), x)), { ...x, c: [1, 2, 3] }, [101, 104, 202, 205, 303, 306]],
    ['iota', (b) => b.add('iota', { dim: dim('i', 3) }, []), {}, [0, 1, 2]],
    ['reduce sum', (b) => b.add('reduce', { fn: 'sum', dims: ['i'] }, [x23(b)]), x, [5, 7, 9]],
    ['reduce max', (b) => b.add('reduce', { fn: 'max', dims: ['j'] }, [x23(b)]), { x: [-1, -2, -3, 4, 6, 5] }, [-1, 6]],
    ['contract', (b) => b.add('contract', { over: ['j'] }, [x23(b), source(b, 'w', [dim('k', 2), dim('j', 3)])]), { ...x, w: [1, 0, 0, 1, 1, 1] }, [1, 6, 4, 15]],
    ['contract with a batch dim', (b) => b.add('contract', { over: ['j'] }, [x23(b), source(b, 'w', [dim('j', 3), dim('i', 2)])]), { ...x, w: [1, 2, 3, 4, 5, 6] }, [22, 64]],
    ['broadcast', (b) => b.add('broadcast', { dims: [dim('k', 2)] }, [source(b, 'x', [dim('i', 2)])]), { x: [1, 2] }, [1, 2, 1, 2]],
    ['permute', (b) => b.add('permute', { order: ['j', 'i'] }, [x23(b)]), x, [1, 4, 2, 5, 3, 6]],
    ['split', (b) => b.add('split', { dim: 'i', into: [dim('k', 2), dim('l', 1)] }, [x23(b)]), x, [1, 2, 3, 4, 5, 6]],
    ['merge in memory order', (b) => b.add('merge', { dims: ['i', 'j'], into: 'k' }, [x23(b)]), x, [1, 2, 3, 4, 5, 6]],
    ['merge in another order', (b) => b.add('merge', { dims: ['j', 'i'], into: 'k' }, [x23(b)]), x, [1, 4, 2, 5, 3, 6]],
    ['slice', (b) => b.add('slice', { dim: 'j', start: 1, size: 2 }, [x23(b)]), x, [2, 3, 5, 6]],
    ['pad', (b) => b.add('pad', { dim: 'i', before: 1, after: 1 }, [source(b, 'x', [dim('i', 2)])]), { x: [1, 2] }, [0, 1, 2, 0]],
    ['concat', (b) => b.add('concat', { dim: 'j' }, [x23(b), source(b, 'y', [dim('i', 2), dim('j', 1)])]), { ...x, y: [7, 8] }, [1, 2, 3, 7, 4, 5, 6, 8]],
    ['rotate half', (b) => b.add('rotate_pairs', { dim: 'i', pairing: 'half', inverse: false }, [source(b, 'x', [dim('i', 4)])]), { x: [1, 2, 3, 4] }, [-3, -4, 1, 2]],
    ['rotate interleaved', (b) => b.add('rotate_pairs', { dim: 'i', pairing: 'interleaved', inverse: false }, [source(b, 'x', [dim('i', 4)])]), { x: [1, 2, 3, 4] }, [-2, 1, -4, 3]],
    ['rotate back', (b) => b.add('rotate_pairs', { dim: 'i', pairing: 'half', inverse: true }, [source(b, 'x', [dim('i', 4)])]), { x: [1, 2, 3, 4] }, [3, 4, -1, -2]],
    ['gather', (b) => b.add('gather', { dim: 'j' }, [x23(b), ints(b, 't', [dim('k', 2)])]), { ...x, t: [2, 0] }, [3, 6, 1, 4]],
    ['gather by a scalar', (b) => b.add('gather', { dim: 'i' }, [x23(b), ints(b, 't')]), { ...x, t: [1] }, [4, 5, 6]],
    ['scatter_add', (b) => b.add('scatter_add', { dim: dim('k', 3) }, [ints(b, 't', [dim('i', 2)]), x23(b)]), { ...x, t: [2, 2] }, [0, 0, 0, 0, 0, 0, 5, 7, 9]],
    ['update', (b) => b.add('update', { dim: 'j' }, [x23(b), source(b, 'y', [dim('i', 2), dim('j', 1)]), ints(b, 'p')]), { ...x, y: [7, 8], p: [1] }, [1, 7, 3, 4, 8, 6]],
    ['rope table', (b) => b.add('constant', { data: { kind: 'rope_table', fn: 'sin', positions: 2, inverseFrequencies: [1, 0.5], factor: 2 }, type: { type: 'f32', dims: [dim('p', 2), dim('i', 2)] } }, []), {}, [0, 0, 1.68294, 0.958851]],
    ['bias table', (b) => b.add('constant', { data: { kind: 'bias_table', slopes: [0.5, 1 / 3], positions: 4 }, type: { type: 'f32', dims: [dim('h', 2), dim('p', 4)] } }, []), {}, [0, 0.5, 1, 1.5, 0, 0.333984, 0.667969, 1]],
  ])('%s', (_, build, given, expected) => {
    expect(valueOf(build, given)).toEqual(expected);
  }); // prettier-ignore

  it('random: counter = row-major index', () => {
    const y = valueOf((b) => b.add('random', { stream: 4, dims: [dim('i', 2), dim('j', 2)] }, [ints(b, 's', [], 'u32')]), { s: [11] }); // prettier-ignore
    expect(y).toEqual([0, 1, 2, 3].map((i) => rounded(uniform(11, 4, i))));
  });
});

const row = (b: GraphBuilder): Node => source(b, 'x', [dim('i', 4)]);
const logits = (b: GraphBuilder): Node => source(b, 'x', [dim('seq', 2), dim('vocab', 2)]);

describe('composites', () => {
  const four: Given = { x: [1, 2, 3, 4] };

  it.each<[string, (b: GraphBuilder) => Node, Given, number[]]>([
    // rms = sqrt(7.5)
    ['rms norm', (b) => b.add('norm', { kind: 'rms', dims: ['i'], eps: 0, gain: 'none', bias: false }, [row(b)]), four, [0.365148, 0.730297, 1.09545, 1.46059]],
    // mean 2.5, variance 1.25
    ['layer norm', (b) => b.add('norm', { kind: 'layer', dims: ['i'], eps: 0, gain: 'weight', bias: true }, [row(b), source(b, 'g', [dim('i', 4)]), source(b, 'b', [dim('i', 4)])]), { ...four, g: [1, 1, 2, 2], b: [0, 1, 0, 1] }, [-1.34164, 0.552786, 0.894427, 3.68328]],
    ['rope', (b) => b.add('rope', { dim: 'i', pairing: 'half' }, [row(b), source(b, 'c', [dim('i', 4)]), source(b, 's', [dim('i', 4)])]), { ...four, c: [0, 1, 0, 1], s: [1, 0, 1, 0] }, [-3, 2, 1, 4]],
    ['logsumexp of large numbers', (b) => b.add('logsumexp', { dim: 'i' }, [row(b)]), { x: [1000, 1000, 1000, 1000] }, [1001.39]],
    ['cross entropy, one label ignored', (b) => b.add('cross_entropy', { dim: 'vocab', ignore: -100, zLoss: 0 }, [logits(b), ints(b, 't', [dim('seq', 2)])]), { x: [0, 0, 3, 4], t: [1, -100] }, [rounded(Math.LN2), 0]],
    ['z-loss', (b) => b.add('cross_entropy', { dim: 'vocab', ignore: null, zLoss: 1 }, [logits(b), ints(b, 't', [dim('seq', 2)])]), { x: [0, 0, 0, 0], t: [0, 1] }, [1.1736, 1.1736]],
  ])('%s', (_, build, given, expected) => {
    expect(valueOf(build, given)).toEqual(expected);
  }); // prettier-ignore
});

describe('attention', () => {
  const score = variable('score', 'f32');
  const causal = le(variable('key', 'i32'), variable('query', 'i32'));
  const attend = (mask: typeof score, part: 'out' | 'lse') => (b: GraphBuilder): Node => {
    const q = source(b, 'q', [dim('seq', 2), dim('group', 2), dim('d', 1)]);
    const [k, v] = [source(b, 'k', [dim('key', 2), dim('d', 1)]), source(b, 'v', [dim('key', 2), dim('d', 1)])];
    return b.add('attention', { query: 'seq', key: 'key', depth: 'd', valueDepth: 'd', score, mask, dropout: null, part }, [q, k, v, ints(b, 'o')]);
  }; // prettier-ignore
  const given: Given = { q: [0, 0, 0, Math.log(3)], k: [0, 1], v: [10, 20], o: [0] };

  it('causal: row 0 sees key 0, row 1 both, each query head its own weights', () => {
    // last row: weights 1/4 and 3/4
    expect(valueOf(attend(causal, 'out'), given)).toEqual([10, 10, 15, 17.5]);
    expect(valueOf(attend(causal, 'lse'), given)).toEqual([0, 0, rounded(Math.LN2), 1.38629]);
  });

  it('the offset moves the queries', () => {
    expect(valueOf(attend(causal, 'out'), { ...given, o: [1] })).toEqual([15, 15, 15, 17.5]);
  });

  it('a query that sees no key gives 0', () => {
    const nothing = constant(0, 'bool');
    expect(valueOf(attend(nothing, 'out'), given)).toEqual([0, 0, 0, 0]);
    expect(valueOf(attend(nothing, 'lse'), given)).toEqual([-3e38, -3e38, -3e38, -3e38]);
  });
});

describe('graphs', () => {
  it('updates, symbols, states that start at zero', () => {
    const b = new GraphBuilder('count');
    const type = { type: 'f32' as const, dims: [dim('batch', 'batch')] };
    const state = b.add('source', { name: 'seen', role: 'state', type }, []);
    b.update(state, elementwise(b, [state, source(b, 'x', type.dims)], (s, x) => add(s, x))); // prettier-ignore
    const result = evaluate(b.finish(), { batch: 2 }, new Map([['x', [3, 4]]]));
    expect([...(result.updates.get('seen')?.data ?? [])]).toEqual([3, 4]);
  });

  const gather = (b: GraphBuilder): Node => b.add('gather', { dim: 'i' }, [x23(b), ints(b, 't')]);
  it.each<[string, (b: GraphBuilder) => Node, Given]>([
    ["no values for the source 'x'", x23, {}],
    ["'x' has 2 values, not 6", x23, { x: [1, 2] }],
    ['index 2 outside of [0, 2)', gather, { ...x, t: [2] }],
    ["no size for the symbol 'seq'", (b) => source(b, 'x', [dim('seq', 'seq')]), x],
  ])('refuses: %s', (message, build, given) => {
    expect(() => valueOf(build, given)).toThrow(message);
  });
});
