// Takes: mtp blocks as they are written. Gives: proof that they resolve, count and print as they say.
// Promises: every form of the language page; pieces over training of any number.
import { describe, expect, it } from 'vitest';
import type { MtpSpec } from '../../../../compiler/2-check/model.ts';
import { parameterCount, parameters } from '../../../../compiler/2-check/parameters/parameters.ts';
import { check, modelOf, modelsOf, small } from '../prelude.ts';

const block = 'block b(f) { h = x + attn(rms.mix(x)); y = h + f(rms.ffn(h)) }; stack n_layers { cycle [b(mlp)] }';

function mtpOf(items: string, after = '', name = 'M'): MtpSpec | null {
  return modelOf(small(`${block}\n${items}`, after), name).mtp;
}

const page = `mtp depth = 1 {
  input = concat(rms.enorm(embed(next)), rms.hnorm(state))
  state = post_norm
  block = b(mlp)
  share = [embed, head]
  loss_weight = 0.3 until 10Ttok then 0.1
}`;

describe('mtp', () => {
  it('reads the form of the page', () => {
    expect(mtpOf(page)).toMatchObject({
      depth: 1,
      input: [
        { from: 'embed', instance: 'rms.enorm', norm: { kind: 'rms' } },
        { from: 'state', instance: 'rms.hnorm', norm: { kind: 'rms' } },
      ],
      state: 'post_norm',
      layer: { index: 6, block: 'b(mlp)' },
      norm: { kind: 'rms' },
      share: ['embed', 'head'],
      lossWeight: { pieces: [{ value: 0.3, until: 10e12 }], last: 0.1 },
    });
  });

  it('takes what it leaves out from std; the short form is the long one', () => {
    const short = modelOf(small(`${block}; mtp { block = b(mlp); loss_weight = 0.3 until 10Ttok then 0.1 }`));
    expect(short.canonical).toBe(modelOf(small(`${block}\n${page}`)).canonical);
  });

  it.each<[string, object | null]>([
    ['mtp.state = pre_norm', { depth: 1, state: 'pre_norm' }],
    ['mtp depth = 2 { share = none }', { depth: 2, share: [], layer: { block: 'b(mlp)' } }],
    ['mtp { block = main; norm = none }; block main { y = x + attn(x) }', { norm: null, layer: { block: 'main' } }],
    ['mtp.input = concat(state, embed(next))', { input: [{ from: 'state', norm: null, instance: null }, { from: 'embed', norm: null, instance: null }] }], // prettier-ignore
    ['mtp.input = rms(state)', { input: [{ from: 'state', instance: 'rms' }] }],
    ['mtp = none', null],
    ['mtp.loss_weight = 0.3 until 1Btok then 0.2 until 2Btok then 0.1', { lossWeight: { pieces: [{ value: 0.3, until: 1e9 }, { value: 0.2, until: 2e9 }], last: 0.1 } }], // prettier-ignore
    ['mtp.loss_weight = 0.1 * 2', { lossWeight: { pieces: [], last: 0.2 } }],
  ])('a variant sets %s', (items, spec) => {
    const mtp = mtpOf(page, `variant V from M { ${items} }`, 'V');
    if (spec === null) expect(mtp).toBeNull();
    else expect(mtp).toMatchObject(spec);
  });

  it('has parameters of its own beside the model, one module per depth', () => {
    const model = modelOf(small(`${block}\n${page}`, 'variant V from M { mtp { depth = 2; share = [embed] } }'), 'V');
    const names = parameters(model).flatMap(({ name }) => (name.startsWith('mtp.1.') ? [name.slice(6)] : []));
    expect(names).toEqual([
      'rms.enorm.gain',
      'rms.hnorm.gain',
      'project.weight',
      'rms.mix.gain',
      ...['q', 'k', 'v', 'o'].map((part) => `attn.${part}.weight`),
      'rms.ffn.gain',
      ...['gate', 'up', 'down'].map((part) => `mlp.${part}.weight`),
      'norm.gain',
      'head.weight',
    ]);
    const d = 768;
    const module = 5 * d + 2 * d * d + 4 * d * d + 3 * d * 2048 + 256 * d;
    expect(parameterCount(model).mtp).toBe(2 * module);
  });

  it.each([
    page,
    'mtp depth = 3 { block = b(mlp); state = pre_norm; share = none; norm = none; input = concat(state, rms(embed(next))) }',
    'mtp { block = b(mlp); loss_weight = 0.3 until 1Btok then 0.2 until 2Btok then 0.1 }\ninit { mtp.project = normal(std = 0.5) }', // prettier-ignore
    'mtp { block = b(mlp) }\nmlp.width = 64 * (layer + 1)',
  ])('prints and checks back: %s', (items) => {
    const { canonical } = modelOf(small(`${block}\n${items}`));
    expect([...modelsOf(canonical).values()].map((model) => model.canonical)).toEqual([canonical]);
  });

  it.each([
    ['mtp depth = 1 { }', 'missing-key', 'mtp needs `block`'],
    ['mtp depth = 0 { block = b(mlp) }', 'out-of-range', 'mtp.depth = 0, but it must be at least 1'],
    ['mtp { block = c(mlp) }', 'unknown-name', 'nothing here is named `c`'],
    ['mtp { block = b }', 'block-arguments', 'block b: it needs `f`'],
    ['mtp { block = b(mlp); input = concat(embed(last), state) }', 'wrong-type', 'mtp.input must be concat(...) of embed(next) and state, each perhaps normed, but this is `embed(last)`'], // prettier-ignore
    ['mtp { block = b(mlp); input = concat(state, state) }', 'wrong-type', 'mtp.input must be concat(...) of embed(next) and state, each perhaps normed, but this is `state` twice'], // prettier-ignore
    ['mtp { block = b(mlp); loss_weight = 0.3 until 2Btok then 0.2 until 1Btok then 0.1 }', 'out-of-range', 'mtp.loss_weight: until = 1000000000, but it must be after the piece before it, which ends at 2000000000 tokens'], // prettier-ignore
    ['mtp { block = b(mlp); loss_weight = 0.3 until 2Btok }', 'wrong-type', 'mtp.loss_weight must be a number, at least 0, or pieces: `a until 10Btok then b`, but this is `0.3 until 2Btok`'], // prettier-ignore
    [
      'mtp { block = b(mlp); weight = 0.3 }',
      'foreign-key',
      '`weight` is a key of source, masked_diffusion, not of mtp',
    ],
  ])('%s is %s', (items, code, message) => {
    const errors = check(small(`${block}\n${items}`)).diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map((each) => [each.code, each.message])).toEqual([[code, message]]);
  });
});
