// Takes: programs whose tensors are larger than a kernel may see. Gives: proof that groups over windows compute the same.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import { groupTensors } from '../../../compiler/5-optimize/group-parts.ts';
import type { Program } from '../../../compiler/5-optimize/groups.ts';
import { simplify } from '../../../compiler/5-optimize/simplify.ts';
import { verifyProgram } from '../../../compiler/5-optimize/verify-program.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import { planProgram } from '../../../compiler/7-plan/plan-program.ts';
import type { WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { tensorBytes } from '../../../compiler/7-plan/storage.ts';
import { withWindows } from '../../../compiler/7-plan/windows/windows.ts';
import { glu, makeModel, makeTrain, mlp, wirings } from '../3-graph/model/model-builder.ts';
import { sourceValues } from '../5-optimize/compare.ts';

const limited = (maxBindingBytes: number): WebGpuTarget => ({ ...defaultTarget, maxBindingBytes });

/** The largest tensor that one group of the program touches. */
function largestTouched({ tensors, groups }: Program): number {
  const touched = groups.map(groupTensors).flatMap(({ read, written }) => [...read, ...written]);
  return Math.max(...touched.map((id) => { const tensor = tensors[id]; return tensor ? tensorBytes(tensor) : 0; })); // prettier-ignore
}

function expectSame(given: ReadonlyMap<string, Float64Array>, wanted: ReadonlyMap<string, Float64Array>): void {
  expect([...given.keys()]).toEqual([...wanted.keys()]);
  for (const [name, values] of wanted) {
    const worst = Math.max(...values.map((x, i) => Math.abs(x - (given.get(name)?.[i] ?? NaN)) / (1 + Math.abs(x))));
    expect(worst, name).toBeLessThan(1e-12);
  }
}

/** A training step of 3 sequences of 16 tokens over a vocabulary of 64: logits take 12 KiB, weights at most 4. */
const sizes = { batch: 3, seq: 16 };
const models = {
  glu: makeModel({ vocab: 64, context: 64, dModel: 16, ffn: glu(24) }),
  'mlp, sandwich': makeModel({ vocab: 64, dModel: 16, ffn: mlp(32, 'gelu_tanh'), wiring: wirings.sandwich }),
  parallel: makeModel({ vocab: 64, dModel: 16, wiring: wirings.parallel1 }),
};

function stepOf(
  model: (typeof models)['glu'],
  accumulate: number,
  at = sizes,
): { readonly graph: Graph; readonly program: Program } {
  const graphs = trainGraphs(model, makeTrain({ accumulate, clipNorm: 0.5 }));
  const graph = 'step' in graphs ? graphs.step : graphs.accumulate;
  return { graph, program: fuse(simplify(graph), at, { fusion: true, maxTensors: 10 }) };
}

describe('windows', () => {
  it.each(Object.entries(models))('a training step of %s: every kernel sees as much as it may', (_, model) => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2), fc.constantFrom(4096, 5120, 6144, 8192), (accumulate, most) => {
        const { graph, program } = stepOf(model, accumulate);
        expect(largestTouched(program)).toBeGreaterThan(most);
        const windowed = withWindows(program, limited(most));
        verifyProgram(windowed, 10);
        expect(largestTouched(windowed)).toBeLessThanOrEqual(most);
        const values = sourceValues(graph, sizes, model.vocab, { loss_scale: [0.1], step: [1], lr_scale: [1] });
        expectSame(evaluateProgram(windowed, values), evaluateProgram(program, values));
        planProgram(program, limited(most));
      }),
      { numRuns: 4 },
    );
  });

  it('within the limit a program is left as it is', () => {
    const { program } = stepOf(models.glu, 1);
    expect(withWindows(program, limited(2 ** 20))).toBe(program);
  });

  it('rows that are too large are cut again, sums of more rows than a group may bind are added up', () => {
    const long = { batch: 2, seq: 64 };
    const { graph, program } = stepOf(models.glu, 1, long);
    const windowed = withWindows(program, limited(8192));
    const names = windowed.tensors.filter(({ window }) => window).map(({ name }) => name);
    expect(names).toContain('head:contract[0..1)');
    expect(names).toContain('head:contract[0..1)[32..64)');
    const few = withWindows(program, { ...limited(4096), maxStorageBindings: 4 });
    expect(few.groups.filter(({ name }) => name.endsWith(' added up')).length).toBeGreaterThan(0);
    verifyProgram(few, 10);
    const values = sourceValues(graph, long, 64, { loss_scale: [0.1], step: [1], lr_scale: [1] });
    const wanted = evaluateProgram(program, values);
    for (const made of [windowed, few]) expectSame(evaluateProgram(made, values), wanted);
  });

  it('what needs all of a tensor at once is told with the limit', () => {
    const { program } = stepOf(models.glu, 1);
    expect(() => planProgram(program, limited(2048))).toThrow(
      'tensor embed.weight [vocab 64, d_model 16] of f32 takes 4 KiB, ' +
        'but this adapter lets a kernel see at most 2 KiB of one tensor, and one needs all of it\n' +
        'what helps: a smaller vocabulary',
    );
  });

  it('a tensor larger than a buffer is told as such', () => {
    const { program } = stepOf(models.glu, 1);
    expect(() => planProgram(program, { ...limited(4096), maxBufferBytes: 8192 })).toThrow(
      /tensor .* takes 12 KiB, but this adapter has buffers of at most 8 KiB/,
    );
  });
});
