// The builder: sharing, origins, dead nodes, and the type rules' refusals.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { InvariantError } from '../../../compiler/diagnostics.ts';
import { constant, variable } from '../../../compiler/3-graph/expr-build.ts';
import type { Node } from '../../../compiler/3-graph/ops.ts';
import type { Dim, Size } from '../../../compiler/3-graph/types.ts';
import { source } from '../4-autograd/op-cases.ts';

const dim = (name: string, size: Size): Dim => ({ name, size });
const [i, j, seq] = [dim('i', 4), dim('j', 3), dim('seq', 'seq')];

describe('builder', () => {
  it('equal nodes are one node, whatever the order of the keys', () => {
    const b = new GraphBuilder('test');
    const x = source(b, 'x', [i, j]);
    expect(b.add('reduce', { fn: 'sum', dims: ['i'] }, [x])).toBe(b.add('reduce', { dims: ['i'], fn: 'sum' }, [x]));
    expect(b.add('reduce', { fn: 'max', dims: ['i'] }, [x])).not.toBe(b.add('reduce', { fn: 'sum', dims: ['i'] }, [x]));
  });

  it('tells -0, the infinities and their like apart', () => {
    const b = new GraphBuilder('test');
    const nodes = [0, -0, Infinity, -Infinity, NaN].map((x) => b.add('map', { expr: constant(x) }, []));
    expect(new Set(nodes).size).toBe(5);
  });

  it('origins nest, and spans are inherited', () => {
    const b = new GraphBuilder('test');
    const span = { file: { path: 'a.model', text: 'x' }, start: 0, end: 1 };
    const x = b.at({ path: 'layers.0', span }, () => b.at({ path: 'attn.q' }, () => source(b, 'x', [i])));
    expect(x.origin).toEqual({ path: 'layers.0.attn.q', span });
    expect(source(b, 'y', [i]).origin).toEqual({ path: '' });
  });

  it('drops dead nodes and numbers the rest by position', () => {
    const b = new GraphBuilder('test');
    source(b, 'dead', [i]);
    const x = source(b, 'x', [i]);
    b.output('y', b.add('rename', { from: 'i', to: 'k' }, [x]));
    expect(b.finish().nodes.map((n) => [n.id, n.op])).toEqual([
      [0, 'source'],
      [1, 'rename'],
    ]);
  });
});

describe('refusals', () => {
  const b = new GraphBuilder('test');
  const x = source(b, 'x', [i, j]);
  const s = source(b, 's', [seq, i]);
  const n = source(b, 'n', [], 'i32');
  const t = source(b, 't', [seq], 'i32');
  const a = variable('a', 'f32');

  it.each<[string, () => unknown]>([
    ["the expression uses 'a', which is not there", () => b.add('map', { expr: a }, [])],
    ["'a' is i32, the expression takes it as f32", () => b.add('map', { expr: a }, [n])],
    ["no dim 'k' in f32 [i=4, j=3]", () => b.add('reduce', { fn: 'sum', dims: ['k'] }, [x])],
    ['a contraction over no dim is a map', () => b.add('contract', { over: [] }, [x, x])],
    ["dim 'i' has sizes 4 and 5", () => b.add('contract', { over: ['j'] }, [x, source(b, 'w', [dim('i', 5), j])])],
    ['a dim occurs twice in [i, i, j]', () => b.add('broadcast', { dims: [i] }, [x])],
    ['a dim occurs twice in [j, j]', () => b.add('rename', { from: 'i', to: 'j' }, [x])],
    ["dim 'k' of size 0", () => b.add('iota', { dim: dim('k', 0) }, [])],
    ['is no order of [i, j]', () => b.add('permute', { order: ['i'] }, [x])],
    ["'i' of 4 split into 6", () => b.add('split', { dim: 'i', into: [dim('k', 2), dim('l', 3)] }, [x])],
    ['no size for seq * 4', () => b.add('merge', { dims: ['seq', 'i'], into: 'k' }, [s])],
    ["slice [3, 3 + 2) of 'i' of size 4", () => b.add('slice', { dim: 'i', start: 3, size: 2 }, [x])],
    ['needs a size that is a number', () => b.add('pad', { dim: 'seq', before: 1, after: 0 }, [s])],
    ["concat along 'i': other dims differ", () => b.add('concat', { dim: 'i' }, [x, s])],
    ["rotation of pairs along 'j' of odd size", () => b.add('rotate_pairs', { dim: 'j', pairing: 'half', inverse: false }, [x])], // prettier-ignore
    ['indices of type f32', () => b.add('gather', { dim: 'i' }, [x, x])],
    ['the updates of scatter_add start with', () => b.add('scatter_add', { dim: i }, [t, x])],
    ['the position of update is an i32 scalar', () => b.add('update', { dim: 'i' }, [x, x, x])],
    ['the gain of norm is f32 [seq, i=4]', () => b.add('norm', { kind: 'rms', dims: ['i'], eps: 0, gain: 'weight', bias: false }, [x, s])], // prettier-ignore
    ['2 inputs expected, 1 given', () => b.add('norm', { kind: 'rms', dims: ['i'], eps: 0, gain: 'weight', bias: false }, [x])], // prettier-ignore
    ['a dropout rate of 1', () => b.add('dropout', { rate: 1, stream: 0 }, [x, source(b, 'seed', [], 'u32')])],
    ['labels i32 [seq] of logits f32 [i=4, j=3]', () => b.add('cross_entropy', { dim: 'j', ignore: null, zLoss: 0 }, [x, t])], // prettier-ignore
    ['a constant of 4 elements with 1 values', () => b.add('constant', { data: { kind: 'values', values: [1] }, type: { type: 'f32', dims: [i] } }, [])], // prettier-ignore
    ["two sources 'x' that differ", () => source(b, 'x', [i])],
    ['reads a node of another graph', () => new GraphBuilder('other').add('rename', { from: 'i', to: 'k' }, [x])],
    ['update of a rename', () => b.update(b.add('rename', { from: 'i', to: 'k' }, [x]), x)],
    ["'x' is f32 [i=4, j=3], its update i32 []", () => b.update(x, n)],
  ])('%s', (message, build) => {
    expect(build).toThrow(InvariantError);
    expect(build).toThrow(message);
  });

  it('names the op, the types and where in the .model file', () => {
    const span = { file: { path: 'a.model', text: 'model\n  x' }, start: 8, end: 9 };
    const build = (): Node => b.at({ path: 'layers.3', span }, () => b.add('reduce', { fn: 'sum', dims: [] }, [x]));
    expect(build).toThrow("(reduce of (f32 [i=4, j=3]) at 'layers.3', line 2 of a.model)");
  });
});
