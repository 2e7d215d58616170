// Reverse mode over whole graphs: accumulation, reuse, what is off the path, origins.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { add, exp, mul } from '../../../compiler/3-graph/expr-build.ts';
import { elementwise, sumOver } from '../../../compiler/3-graph/node-build.ts';
import type { Node } from '../../../compiler/3-graph/ops.ts';
import { printGraph } from '../../../compiler/3-graph/print-graph.ts';
import { gradients } from '../../../compiler/4-autograd/backward.ts';
import { expectGradients } from './finite-differences.ts';
import { source } from './op-cases.ts';

const batch = { name: 'batch', size: 'batch' };
const d = { name: 'd', size: 3 };
const e = { name: 'e', size: 2 };

/** Two linear maps of x, one of them used twice, joined by a residual. */
function block(b: GraphBuilder): { x: Node; w: Node; y: Node } {
  const x = source(b, 'x', [batch, d]);
  const w = b.at({ path: 'layer' }, () => source(b, 'w', [e, d]));
  const up = b.at({ path: 'layer.up' }, () => b.add('contract', { over: ['d'] }, [x, w]));
  const act = b.at({ path: 'layer.act' }, () => elementwise(b, [up], (u) => mul(u, exp(u))));
  const down = b.at({ path: 'layer.down' }, () => b.add('contract', { over: ['e'] }, [act, w]));
  return { x, w, y: b.at({ path: 'layer' }, () => elementwise(b, [x, down], (x, y) => add(x, y))) };
}

it('a weight used twice, a residual', () => {
  expectGradients({ build: (b) => block(b).y, sizes: { batch: 4 }, values: {} });
});

it('prints', () => {
  const b = new GraphBuilder('block');
  const { w, y } = block(b);
  const loss = b.at({ path: 'loss' }, () => sumOver(b, elementwise(b, [y], (y) => mul(y, y)), ['batch', 'd'])); // prettier-ignore
  for (const g of gradients(b, loss, [w])) b.output('dw', g);
  expect(printGraph(b.finish())).toMatchInlineSnapshot(`
    "graph block
      %0 = input x : f32 [batch, d=3]
      %1 = input w : f32 [e=2, d=3]  # layer
      %2 = contract over d (%0, %1) : f32 [batch, e=2]  # layer.up
      %3 = map a * exp(a) (%2) : f32 [batch, e=2]  # layer.act
      %4 = contract over e (%3, %1) : f32 [batch, d=3]  # layer.down
      %5 = map a + b (%0, %4) : f32 [batch, d=3]  # layer
      %6 = constant 1 : f32 []  # grad.loss
      %7 = broadcast batch, d=3 (%6) : f32 [batch, d=3]  # grad.loss
      %8 = map a * (b + b) (%7, %5) : f32 [batch, d=3]  # grad.loss
      %9 = contract over d (%8, %1) : f32 [batch, e=2]  # grad.layer.down
      %10 = contract over batch (%3, %8) : f32 [e=2, d=3]  # grad.layer.down
      %11 = map a * (exp(b) + b * exp(b)) (%9, %2) : f32 [batch, e=2]  # grad.layer.act
      %12 = contract over batch (%11, %0) : f32 [e=2, d=3]  # grad.layer.up
      %13 = map a + b (%10, %12) : f32 [e=2, d=3]  # grad.layer
      output dw = %13
    "
  `);
});

describe('edges', () => {
  it('the loss itself: 1; what the loss does not depend on: 0', () => {
    const b = new GraphBuilder('edges');
    const x = source(b, 'x', []);
    const off = source(b, 'off', [batch, d]);
    const [dx, doff] = gradients(b, x, [x, off]);
    expect(dx?.op).toBe('constant');
    expect(doff?.type).toEqual(off.type);
  });

  it('an intermediate node', () => {
    const b = new GraphBuilder('edges');
    const x = source(b, 'x', []);
    const y = elementwise(b, [x], (x) => exp(x));
    const [dy] = gradients(b, elementwise(b, [y], (y) => mul(3, y)), [y]); // prettier-ignore
    expect(dy?.inputs).toEqual([]);
  });

  it('a loss that is no scalar is refused', () => {
    const b = new GraphBuilder('edges');
    const x = source(b, 'x', [batch]);
    expect(() => gradients(b, x, [x])).toThrow('the loss is f32 [batch], not f32 []');
  });
});
