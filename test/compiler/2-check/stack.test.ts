// Takes: stacks and blocks. Gives: proof of which layer is what.
import { describe, expect, it } from 'vitest';
import { equationText } from '../../../compiler/2-check/canonical/tree.ts';
import type { Model } from '../../../compiler/2-check/model.ts';
import { check, errorsOf, modelOf, small } from './prelude.ts';

const parts = `mixer local = attn { mask = causal & window(8) }
  ffn wide = mlp { ratio = 2 }
  block main(mix, f) { h = x + mix(rms.mix(x)); y = h + f(rms.ffn(h)) }
  require local.heads + wide.width > 0`;

const labels = (stack: string): string[] => modelOf(small(`${parts}\n${stack}`)).layers.map(({ block }) => block);
const equations = (model: Model, index: number): string[] =>
  (model.layers[index]?.equations ?? []).map(({ name, value }) => `${name} = ${equationText(value)}`);

describe('stack', () => {
  it.each([
    ['cycle [main(attn, mlp)]', 'main(attn, mlp)'.repeat(6)],
    ['cycle [main(local, mlp) * 2, main(attn, wide)]', 'main(local, mlp)main(local, mlp)main(attn, wide)'.repeat(2)],
    [
      'cycle [main(attn, mlp)]; at 0..1 [main(local, wide)]',
      'main(local, wide)'.repeat(2) + 'main(attn, mlp)'.repeat(4),
    ],
    ['cycle [main(attn, mlp)]; at last [main(local, wide)]', `${'main(attn, mlp)'.repeat(5)}main(local, wide)`],
    [
      'mix = cycle [local, attn]; f = cycle [mlp, mlp, wide]; each main(mix, f)',
      'main(local, mlp)main(attn, mlp)main(local, wide)main(attn, mlp)main(local, mlp)main(attn, wide)',
    ],
  ])('%s', (stack, expected) => {
    expect(labels(`stack n_layers { ${stack} }`).join('')).toBe(expected);
  });

  it('judges what it requires of its cycles', () => {
    const stack = 'mix = cycle [local, attn]; each main(mix, mlp); require mix[last] ==';
    expect(errorsOf(small(`${parts}\nstack n_layers { ${stack} attn }`))).toEqual([]);
    expect(errorsOf(small(`${parts}\nstack n_layers { ${stack} local }`))).toEqual(['assert-failed']);
  });

  it('gives each layer its own numbers where they use `layer`', () => {
    const model = modelOf(
      small('attn.rope.theta = cycle [1, 2, 3]; init { mlp.down = normal(std = 1 / (layer + 1)) }'),
    );
    const stds = model.layers.map(({ equations: lines }) => JSON.stringify(lines).match(/"down":\{"bias":false,"init":\{"kind":"normal","std":([\d.]+)/)?.[1]); // prettier-ignore
    expect(stds.map(Number)).toEqual([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]);
    expect(model.canonical).toContain('theta = cycle [1, 2, 3, 1, 2, 3]');
  });

  it('takes constructors from a table by layer', () => {
    const model = modelOf(small('attn.rope = cycle [none, rope { theta = 7 }]'));
    const ropes = model.layers.map(({ equations: lines }) => /"rope":null/.test(JSON.stringify(lines)));
    expect(ropes).toEqual([true, false, true, false, true, false]);
  });
});

describe('blocks', () => {
  it.each([
    ['pre_norm(attn, mlp)', ['h = x + attn(rms.mix(x))', 'y = h + mlp(rms.ffn(h))']],
    ['post_norm(attn, mlp)', ['h = rms.mix(x + attn(x))', 'y = rms.ffn(h + mlp(h))']],
    ['reordered(attn, mlp)', ['h = x + rms.mix(attn(x))', 'y = h + rms.ffn(mlp(h))']],
    ['sandwich(attn, mlp)', ['h = x + rms.post_mix(attn(rms.mix(x)))', 'y = h + rms.post_ffn(mlp(rms.ffn(h)))']],
    ['parallel1(attn, mlp)', ['y = x + attn(rms.mix(x)) + mlp(rms.mix(x))']],
    ['parallel2(attn, mlp)', ['y = x + attn(rms.mix(x)) + mlp(rms.ffn(x))']],
    ['scaled(attn, mlp, m = 1 / 4)', ['h = x + 0.25 * attn(rms.mix(x))', 'y = h + 0.25 * mlp(rms.ffn(h))']],
    [
      'norm_stream(attn, mlp, alpha = 2)',
      ['u = rms.mix(x)', 'h = 2 * u + 1 * attn(u)', 'v = rms.ffn(h)', 'y = 2 * v + 1 * mlp(v)'],
    ],
    ['pre_norm(attn, mlp, norm = ln)', ['h = x + attn(ln.mix(x))', 'y = h + mlp(ln.ffn(h))']],
  ])('%s', (call, expected) => {
    expect(
      equations(modelOf(small(`norm ln = layer { }\nrequire ln.eps + mlp.width > 0\nblock = ${call}`)), 0),
    ).toEqual(expected);
  });

  it('keeps the order of operations, folds numbers and reads names of the model', () => {
    const model = modelOf(
      small('m = 3\nblock main { s = m * 2; h = x - (x - attn(x)) * s; y = -h / (layer + 1) + mlp(h) }'),
    );
    expect(equations(model, 1)).toEqual(['h = x - (x - attn(x)) * 6', 'y = (0 - h) / 2 + mlp(h)']);
  });

  it.each([
    ['block main { y = x + attn(z) }', 'unknown-name'],
    ['block main { y = x + attn }', 'block-expression'],
    ['block main { y = x + attn(x, x) }', 'block-expression'],
    ['block main { y = x + attn(3) }', 'block-expression'],
    ['block main { y = sqrt(x) }', 'block-expression'],
    ['block main { y = x ^ 2 }', 'block-expression'],
    ['block main { }', 'block-output'],
    ['block main { y = 3 }', 'block-output'],
    ['block = pre_norm(attn, mlp, mlp, mlp)', 'block-arguments'],
    ['block = pre_nrom(attn, mlp)', 'unknown-name'],
    ['stack n_layers { cycle [main(attn)] }', 'block-arguments'],
    ['stack n_layers { cycle [other] }', 'unknown-name'],
    ['stack n_layers { cycle [main * 0] }', 'out-of-range'],
    ['stack n_layers { cycle [main]; at 5..6 [main] }', 'stack-range'],
    ['stack 5 { cycle [main] }', 'stack-length'],
  ])('%s: %s', (items, code) => {
    expect(check(small(items)).diagnostics.map((each) => each.code)).toContain(code);
  });
});
