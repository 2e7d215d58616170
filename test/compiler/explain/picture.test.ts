// The architecture as drawn: nothing overlaps, nothing is cut off, whatever the equations and the parts are.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockExpr, Equation, Layer, Model } from '../../../compiler/2-check/model.ts';
import { anatomyOf, type Block } from '../../../compiler/explain/picture/anatomy.ts';
import { drawBlock } from '../../../compiler/explain/picture/block/block-figure.ts';
import { flowOf } from '../../../compiler/explain/picture/block/flow.ts';
import { standsOf } from '../../../compiler/explain/picture/block/spine.ts';
import { flatShapes } from '../../../compiler/explain/picture/draw/drawing.ts';
import { printSvg } from '../../../compiler/explain/picture/draw/svg.ts';
import { blockFigures, partFigures } from '../../../compiler/explain/picture/figures.ts';
import { type Picture, pictureOf } from '../../../compiler/explain/picture/picture.ts';
import { pictureOfTowers } from '../../../compiler/explain/picture/towers.ts';
import { towerCount } from '../../../compiler/2-check/parameters/towers.ts';
import { checkSourceFile, packageRoot, readSource } from '../../../runtime/model-file.ts';
import {
  glu,
  gqa,
  layerNorm,
  makeModel,
  number,
  op,
  plus,
  ref,
  rms,
  span,
  type Wiring,
  wirings,
} from '../3-graph/model/model-builder.ts';
import { models } from '../3-graph/model/random-model.ts';
import { drawingFaults } from './drawing-faults.ts';
import { everyFfn, everyMixer, otherFfns, otherMixers } from './every-part.ts';

const specs = join(packageRoot(), 'specs');
const files = ['quickstart.model', ...readdirSync(join(specs, 'families')).map((name) => join('families', name))];

/** What cannot be trained yet can be drawn. */
function modelsOf(path: string): readonly Model[] {
  const { file, diagnostics } = checkSourceFile(readSource(path));
  expect(diagnostics.filter(({ severity, code }) => severity === 'error' && !code.startsWith('todo-'))).toEqual([]);
  return file.models;
}

function faultsOf({ stack, blocks, parts }: Picture): string[] {
  return [stack, ...blocks, ...parts].flatMap(({ id, drawing }) =>
    drawingFaults(drawing).map((fault) => `${id}: ${fault}`),
  );
}

describe('every drawing is sound', () => {
  it.each(files)('of %s', (file) => {
    for (const model of modelsOf(join(specs, file))) {
      expect(faultsOf(pictureOf(model)), model.name).toEqual([]);
    }
  });

  it('of random models', () => {
    fc.assert(
      fc.property(models, (model) => {
        expect(faultsOf(pictureOf(model))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('of random equations', () => {
    fc.assert(
      fc.property(equationLists, (equations) => {
        const [block] = anatomyOf([{ index: 0, block: 'any', equations }], 8).blocks;
        if (block !== undefined) expect(drawingFaults(draw(block))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  const parts: [string, BlockExpr][] = [
    ...[...Object.values(everyMixer), ...otherMixers].map((spec, i): [string, BlockExpr] => {
      return [`${i} ${spec.kind}`, { kind: 'mixer', name: 'part', spec, input: ref('x'), span }];
    }),
    ...[...Object.values(everyFfn), ...otherFfns].map((spec, i): [string, BlockExpr] => {
      return [`${i} ${spec.kind}`, { kind: 'ffn', name: 'part', spec, input: ref('x'), span }];
    }),
  ];
  it.each(parts)('of part %s', (_, value) => {
    const layers: Layer[] = [
      { index: 0, block: 'any', equations: [{ name: 'y', value: plus(ref('x'), value), span }] },
    ];
    const body = {
      id: '',
      layers,
      dModel: 4096,
      context: 8192,
      decodes: true,
      anatomy: anatomyOf(layers, 4096),
      entries: [],
    };
    const figures = [...blockFigures(body), ...partFigures(body)];
    for (const { drawing, title } of figures) expect(drawingFaults(drawing), title).toEqual([]);
    const [part] = body.anatomy.parts;
    expect(part?.total).toBeGreaterThan(0);
    // No shape is missing for want of a parameter.
    for (const { drawing } of figures) for (const text of textsOf(drawing)) expect(text).not.toContain('?');
  });
});

const insetShort = { kind: 'part', short: ['a part'], grid: { cells: [], edges: [] }, formula: [], facts: [] };
const draw = (block: Block) => drawBlock(block, () => insetShort);

function textsOf(drawing: Parameters<typeof drawingFaults>[0]): string[] {
  return flatShapes(drawing.shapes).flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []));
}

/** Up to four equations over x and the names before, as deep as they come. */
const equationLists: fc.Arbitrary<Equation[]> = fc
  .array(
    fc.letrec<{ expr: BlockExpr }>((tie) => ({
      expr: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom('x', 'a', 'b', 'c').map(ref),
        fc.constantFrom(0.5, 2).map(number),
        fc.tuple(fc.constantFrom('+' as const, '-' as const, '*' as const), tie('expr'), tie('expr')).map(([sign, l, r]) => op(sign, l, r)),
        fc.tuple(fc.constantFrom('rms.mix', 'rms.ffn', 'ln.a'), tie('expr')).map(([instance, input]): BlockExpr => ({ kind: 'norm', instance, spec: rms, input, span })),
        tie('expr').map((input): BlockExpr => ({ kind: 'mixer', name: 'attn', spec: gqa(), input, span })),
        fc.tuple(fc.constantFrom('mlp', 'wide'), tie('expr')).map(([name, input]): BlockExpr => ({ kind: 'ffn', name, spec: glu(12), input, span })),
      ),
    })).expr,
    { minLength: 1, maxLength: 4 },
  )
  .map((values) => {
    const names = ['a', 'b', 'c', 'y'];
    // A name that is not bound yet stands for x.
    const bound = (expr: BlockExpr, known: readonly string[]): BlockExpr => {
      if (expr.kind === 'ref') return known.includes(expr.name) ? expr : ref('x');
      if (expr.kind === 'arithmetic') return { ...expr, left: bound(expr.left, known), right: bound(expr.right, known) };
      return 'input' in expr ? { ...expr, input: bound(expr.input, known) } : expr;
    };
    return values.map((value, i) => ({ name: names[i] ?? 'y', value: bound(value, names.slice(0, i)), span }));
  }); // prettier-ignore

describe('blocks', () => {
  const blockOf = (wiring: Wiring): Block => {
    const { layers, dModel } = makeModel({ wiring, mixers: [gqa()] });
    const [block] = anatomyOf(layers, dModel).blocks;
    if (block === undefined) throw new Error('no block');
    return block;
  };
  /** `kind rank column(+width)` of each node, in order. */
  const standing = (wiring: Wiring): string[] => {
    const flow = flowOf(blockOf(wiring));
    const { places } = standsOf(flow);
    return [...flow.nodes.values()].map((node) => {
      const { rank, column, columns } = places.get(node.id) ?? { rank: NaN, column: NaN, columns: NaN };
      return `${node.kind} ${rank} ${column}${columns > 1 ? `+${columns - 1}` : ''}`;
    });
  };

  it('pre-norm: branches leave the stream and come back', () => {
    expect(standing(wirings.pre())).toEqual([
      'input 0 0', 'norm 1 1', 'part 2 1', 'operator 3 0', 'norm 4 1', 'part 5 1', 'operator 6 0',
    ]); // prettier-ignore
  });

  it('one norm for two parallel branches stands once, under both', () => {
    expect(standing(wirings.parallel1)).toEqual([
      'input 0 0', 'norm 1 1+1', 'part 2 1', 'operator 3 0', 'part 2 2', 'operator 4 0',
    ]); // prettier-ignore
  });

  it('two norms for two parallel branches: one on each side', () => {
    expect(standing(wirings.parallel2)).toEqual([
      'input 0 0', 'norm 1 1', 'part 2 1', 'operator 3 0', 'norm 1 -1', 'part 2 -1', 'operator 4 0',
    ]); // prettier-ignore
  });

  it('factors stand on the branch; a factor of 1 does not stand', () => {
    const factors = (wiring: Wiring): string[] => textsOf(draw(blockOf(wiring))).filter((text) => text.includes('×'));
    expect(factors(wirings.pre(0.3))).toEqual(['× 0.3', '× 0.3']);
    expect(factors(wirings.pre(1))).toEqual([]);
  });

  it('the stream passes through norms where the equations do', () => {
    const x = ref('x');
    const u = { kind: 'norm', instance: 'ln.mix', spec: layerNorm, input: x, span } as const;
    const wiring: Wiring = ({ mixer }) => [
      { name: 'u', value: u, span },
      { name: 'y', value: plus(op('*', number(3.5), ref('u')), { kind: 'mixer', name: 'attn', spec: mixer, input: ref('u'), span }), span },
    ]; // prettier-ignore
    expect(standing(wiring)).toEqual(['input 0 0', 'norm 1 0', 'number 2 0', 'part 2 1', 'operator 3 0']);
  });

  it('one drawing for layers that differ in their mixer, both named', () => {
    const model = makeModel({ mixers: [gqa(), gqa({ mask: { kind: 'full' } })] });
    const { blocks } = pictureOf(model);
    expect(blocks).toHaveLength(1);
    expect(textsOf(blocks[0]?.drawing ?? { width: 0, height: 0, shapes: [] }).filter((text) => text.startsWith('attn'))).toEqual(['attn, layer 0', 'attn, layer 1']); // prettier-ignore
  });

  it('sizes that differ in every layer are one part', () => {
    const mixers = Array.from({ length: 8 }, (_, i) => gqa({ heads: 2 * (i + 1), kvHeads: 2 }));
    const { parts, shares } = pictureOf(makeModel({ mixers }));
    expect(parts.map(({ title }) => title)).toEqual(['attn', 'mlp']);
    expect(shares.find(({ name }) => name === 'attn')?.detail).toBe('8 layers');
  });
});

describe('whole models', () => {
  const familyOf = (name: string): Picture => {
    const [model] = modelsOf(join(specs, 'families', `${name}.model`));
    if (model === undefined) throw new Error('no model');
    return pictureOf(model);
  };

  it('Jamba: mixers and feed-forwards take turns at their own pace', () => {
    expect(familyOf('jamba').stack.facts).toEqual([
      ['mixer cycle', '4 × ssm, attn, 3 × ssm: every 8 layers'],
      ['ffn cycle', 'mlp, moe: every 2 layers'],
    ]);
  });

  it('DeepSeek-V3: what is cached, what an expert is, a module for later tokens', () => {
    const { blocks, parts } = familyOf('deepseek_v3');
    expect(blocks.map(({ title }) => title)).toEqual(['Block b', 'MTP module']);
    expect(parts.map(({ title }) => title)).toEqual(['attn', 'dense', 'moe', 'moe.expert', 'moe.shared']);
    expect(parts.flatMap(({ drawing }) => textsOf(drawing))).toContain('cached: 512 + 64 per token');
  });

  const clip = `
model Clip {
  tower text { vocab = 49_408; context = 77; d_model = 512; n_layers = 12; attn { heads = 8; mask = causal }; pool = token(eos) }
  tower image { patches = conv(32, of = 224); cls = learned; d_model = 768; n_layers = 12; attn { heads = 12; mask = full }; pre_norm = layer; pool = token(0); post_norm = layer }
  project { dim = 512; bias = none }
  temperature = learned(init = 2.6592, apply = exp)
}`;

  it('CLIP: two towers, one similarity; nothing is cached', () => {
    const { file, diagnostics } = checkSourceFile({ path: 'clip.model', text: clip });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [towers] = file.towers;
    if (towers === undefined) throw new Error('no towers');
    const picture = pictureOfTowers(towers);
    expect(faultsOf(picture)).toEqual([]);
    const texts = picture.parts.flatMap(({ drawing }) => textsOf(drawing));
    expect(texts.filter((text) => text.startsWith('cached'))).toEqual([]);
    const total = picture.shares.reduce((sum, { parameters }) => sum + parameters, 0);
    expect(total).toBe(towerCount(towers).total - 1); // the temperature
  });
});

describe('sizes', () => {
  it.each(files)('of %s: the shares are all its parameters', (file) => {
    for (const model of modelsOf(join(specs, file)).slice(0, 2)) {
      const { shares, headline } = pictureOf(model);
      expect(shares.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(totalOf(model));
      expect(headline[0]?.[0]).toBe('parameters');
    }
  });
});

function totalOf(model: Model): number {
  const { blocks, parts } = anatomyOf(model.layers, model.dModel);
  const inside = [...blocks.map((block) => block.normParameters), ...parts.map(({ total }) => total)];
  const { embed, head, dModel } = model;
  const norm = (spec: typeof head.norm): number =>
    spec === null ? 0 : dModel * (Number(spec.gain !== 'none') + Number(spec.bias));
  const ends = embed.rows * dModel * (embed.tied ? 1 : 2) + (embed.positions?.length ?? 0) * dModel + norm(embed.norm) + norm(head.norm) + (head.bias ? embed.rows : 0); // prettier-ignore
  return inside.reduce((sum, value) => sum + value, ends);
}

describe('SVG', () => {
  const [figure] = pictureOf(makeModel()).blocks;
  const svg = figure === undefined ? '' : printSvg(figure.drawing, 'block', 'A < B', 'all of "it"');

  it('is one image with a title and a description, and texts are texts', () => {
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="block-title block-desc">/);
    expect(svg).toContain('<title id="block-title">A &lt; B</title><desc id="block-desc">all of &quot;it&quot;</desc>');
    expect(svg).toMatch(/<text [^>]*>RMSNorm<\/text>/);
  });

  it('holds no script, style or address', () => {
    expect(svg).not.toMatch(/<script|<style|href|url\(|https?:/);
  });
});
