// Takes: a group of a program, alone. Gives: plans that fill what it reads, run it, keep what it wrote and compare.
// Promises: everything happens on the device; equal fills before every run; no number comes to the host but how many differ.
import { GraphBuilder } from '../../compiler/3-graph/builder.ts';
import { abs, add, cast, le, mul, select, sqrt, sub } from '../../compiler/3-graph/expr-build.ts';
import { constant } from '../../compiler/3-graph/expr-build.ts';
import { elementwise, sumOver } from '../../compiler/3-graph/node-build.ts';
import type { Graph, Node } from '../../compiler/3-graph/ops.ts';
import type { Program, ProgramTensor } from '../../compiler/5-optimize/groups.ts';
import type { Access } from '../../compiler/7-plan/schedule/access.ts';

/** How far results may be apart: a part of what they are on the average, and of themselves. */
const TOLERANCE = 0.02;

/** The tensors of a one-group program by name, each a state, so that plans of one session share them. */
const source = (builder: GraphBuilder, tensor: ProgramTensor, prefix = ''): Node =>
  builder.add(
    'source',
    { name: `${prefix}${tensor.name}`, role: 'state', type: { type: tensor.type, dims: tensor.dims } },
    [],
  );

const named = ({ tensors }: Program, ids: readonly number[]): readonly ProgramTensor[] =>
  tensors.filter(({ id, role, type }) => ids.includes(id) && role === 'state' && (type === 'f32' || type === 'f16'));

const touched = (program: Program, { reads, writes }: Access) => named(program, [...reads, ...writes]);

/** Floats in [-1/8, 1/8); integers stay zero. */
export function fillGraph(program: Program, access: Access): Graph {
  const builder = new GraphBuilder('tuning.fill');
  const seed = builder.add('source', { name: 'seed', role: 'input', type: { type: 'u32', dims: [] } }, []);
  for (const [stream, tensor] of touched(program, access).entries()) {
    const drawn = builder.add('random', { stream, dims: tensor.dims }, [seed]);
    builder.update(source(builder, tensor), elementwise(builder, [drawn], (u) => cast(mul(sub(u, 0.5), 0.25), tensor.type))); // prettier-ignore
  }
  return builder.finish();
}

/** Copies what the group wrote. */
export function keepGraph(program: Program, { writes }: Access): Graph {
  const builder = new GraphBuilder('tuning.keep');
  for (const tensor of named(program, writes)) builder.update(source(builder, tensor, 'kept.'), source(builder, tensor)); // prettier-ignore
  return builder.finish();
}

/** -> differing f32 []: elements that are further from what was kept than may be, or no numbers. */
export function compareGraph(program: Program, { writes }: Access): Graph {
  const builder = new GraphBuilder('tuning.compare');
  const counts = named(program, writes).map((tensor) => {
    const [kept, now] = [source(builder, tensor, 'kept.'), source(builder, tensor)];
    const count = tensor.dims.reduce((n, { size }) => n * size, 1);
    const dims = tensor.dims.map(({ name }) => name);
    const squares = sumOver(builder, elementwise(builder, [kept], (x) => mul(cast(x, 'f32'), cast(x, 'f32'))), dims); // prettier-ignore
    const slack = elementwise(builder, [squares], (sum) => mul(TOLERANCE, sqrt(mul(sum, 1 / count))));
    const far = elementwise(builder, [kept, now, slack], (x, y, most) => {
      const [a, b] = [cast(x, 'f32'), cast(y, 'f32')];
      return select(le(abs(sub(a, b)), add(most, mul(TOLERANCE, abs(a)))), constant(0), constant(1));
    });
    return sumOver(builder, far, dims);
  });
  const [first, ...rest] = counts;
  if (first) builder.output('differing', rest.reduce((x, y) => elementwise(builder, [x, y], add), first)); // prettier-ignore
  return builder.finish();
}
