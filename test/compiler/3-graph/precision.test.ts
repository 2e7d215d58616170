// Mixed precision as a rewrite of graphs: what is in halves, what stays in f32, and that the loss hardly moves.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MixedPrecision } from '../../../compiler/2-check/model.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { lossGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import type { Graph, Node, OpName } from '../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { makeModel } from './model/model-builder.ts';
import { models, randomWeights } from './model/random-model.ts';

const half: MixedPrecision = { compute: 'f16', logits: 'f32', keep: [] };
const sizes = { batch: 2, seq: 4 };
const loss = { ignore: null, zLoss: 0.01 };
const batch: [string, ArrayLike<number>][] = [
  ['tokens', [3, 0, 6, 2, 2, 5, 1, 4]],
  ['labels', [1, 2, 6, 0, 3, 5, 5, 2]],
  ['loss_scale', [1 / 8]],
];

const graphOf = (precision: MixedPrecision | null): Graph => lossGraph(makeModel(), loss, precision);

/** Types of what the ops of a kind take and give, each once. */
function typesOf({ nodes }: Graph, op: OpName, of: (node: Node) => boolean = () => true): string[] {
  const found = nodes.filter((node) => node.op === op && of(node));
  return [...new Set(found.map(({ inputs, type }) => [...inputs.map((x) => x.type.type), type.type].join(' ')))].sort();
}

const within = (part: string) => (node: Node) => node.origin.path.includes(part);
const isLogits = ({ type }: Node): boolean => type.dims.some(({ name }) => name === 'vocab');

describe('types', () => {
  const graph = graphOf(half);

  it('products and attention take halves and sum in f32; norms and the loss are f32', () => {
    expect(typesOf(graph, 'contract')).toEqual(['f16 f16 f32']);
    expect(typesOf(graph, 'attention')).toEqual(['f16 f16 f16 i32 f16']);
    expect(typesOf(graph, 'norm')).toEqual(['f32 f32 f32']);
    expect(typesOf(graph, 'rope')).toEqual(['f32 f32 f32 f32']);
    expect(typesOf(graph, 'cross_entropy')).toEqual(['f32 i32 f32']);
    expect(graph.outputs.map(({ value }) => value.type.type)).toEqual(['f32']);
  });

  it('weights of products come from their shadows, gains of norms from the parameters', () => {
    const sources = graph.nodes.filter((node) => node.op === 'source');
    const shadows = sources.flatMap(({ attrs }) => (attrs.role === 'shadow' ? [`${attrs.name} of ${attrs.of}`] : []));
    expect(shadows).toContain('half.layers.0.mlp.up.weight of layers.0.mlp.up.weight');
    expect(shadows).toContain('half.embed.weight of embed.weight');
    const read = sources.filter(({ attrs, id }) => attrs.role === 'parameter' && graph.nodes.some(({ inputs }) => inputs.some((x) => x.id === id))); // prettier-ignore
    expect(read.every(({ attrs }) => attrs.name.endsWith('.gain'))).toBe(true);
  });

  it.each([
    ['f32', ['f16 f16 f32'], ['f32 i32 f32']],
    ['f16', ['f16 f16 f32'], ['f32 i32 f32']],
  ] as const)('logits in %s: summed in f32, the loss in f32', (logits, products, entropy) => {
    const made = graphOf({ ...half, logits });
    expect(typesOf(made, 'contract', isLogits)).toEqual(products);
    expect(typesOf(made, 'cross_entropy')).toEqual(entropy);
    expect(made.nodes.some((node) => isLogits(node) && node.op === 'map' && node.type.type === 'f16')).toBe(logits === 'f16'); // prettier-ignore
  });

  it.each([
    ['attn', 'contract', 'attn', ['f32 f32 f32']],
    ['attn', 'contract', 'mlp', ['f16 f16 f32']],
    ['attn.core', 'attention', '', ['f32 f32 f32 i32 f32']],
    ['attn.core', 'contract', 'attn', ['f16 f16 f32']],
    ['head', 'contract', 'head', ['f32 f32 f32']],
    ['embed', 'gather', 'embed', ['f32 i32 f32']],
  ] as const)('keep = [%s]: each %s of %s', (part, op, where, types) => {
    expect(typesOf(graphOf({ ...half, keep: [part] }), op, within(where))).toEqual(types);
  });
});

it('the loss of random models moves by less than a hundredth', () => {
  fc.assert(
    fc.property(models, (model) => {
      const values = new Map([...randomWeights(model), ...batch]);
      const [exact, rounded] = [null, half].map((precision) => {
        const made = lossGraph(model, loss, precision);
        verifyGraph(made);
        return evaluate(made, sizes, values).outputs.get('loss')?.data[0] ?? NaN;
      });
      expect(Math.abs((rounded ?? NaN) / (exact ?? NaN) - 1)).toBeLessThan(0.01);
    }),
    { numRuns: 25, seed: 3 },
  );
});
