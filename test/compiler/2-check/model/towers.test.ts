// Takes: models of towers. Gives: proof of their sizes, canonical form, variants and faults.
import { describe, expect, it } from 'vitest';
import { towerEntries } from '../../../../compiler/2-check/canonical/tower-tree.ts';
import type { TowerModel } from '../../../../compiler/2-check/model.ts';
import { elements } from '../../../../compiler/2-check/parameters/parameter.ts';
import { parametersOf, towerCount, towerParameters } from '../../../../compiler/2-check/parameters/towers.ts';
import { check, readSpec } from '../prelude.ts';

const clip = /^model Clip [\s\S]*?^}/m.exec(readSpec('examples/delta.model'))?.[0] ?? '';

function towersOf(text: string): ReadonlyMap<string, TowerModel> {
  const { file, diagnostics } = check(text);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ message }) => message)).toEqual([]);
  return new Map(file.towers.map((model) => [model.name, model]));
}

function towers(text: string, name: string): TowerModel {
  const model = towersOf(text).get(name);
  if (model === undefined) throw new Error(`no ${name}`);
  return model;
}

const variant = (items: string): TowerModel => towers(`${clip}\nvariant V from Clip { ${items} }`, 'V');

const messages = (items: string): string[] =>
  check(`${clip}\nvariant V from Clip { ${items} }`)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code, message }) => `${code}: ${message}`);

describe('towers', () => {
  const model = towers(clip, 'Clip');

  it('CLIP ViT-B/32 has 151,277,313 parameters: 63.4 M of text, 87.8 M of images, one temperature', () => {
    const { total, active } = towerCount(model);
    expect([total, active]).toEqual([151_277_313, 151_277_313]);
    const sizes = model.towers.map((tower) => parametersOf(tower, 512).reduce((sum, each) => sum + elements(each), 0));
    expect(sizes).toEqual([63_428_096, 87_849_216]);
  });

  it('names its parameters by tower', () => {
    const all = towerParameters(model).map(({ name, dims }) => `${name} [${dims.map(({ size }) => size).join(', ')}]`);
    expect(all.filter((name) => !name.includes('.layers.'))).toEqual([
      'text.embed.weight [49408, 512]',
      'text.embed.positions [77, 512]',
      'text.post_norm.gain [512]',
      'text.post_norm.bias [512]',
      'text.project.weight [512, 512]',
      'image.patches.weight [768, 3072]',
      'image.cls [768]',
      'image.embed.positions [50, 768]',
      'image.pre_norm.gain [768]',
      'image.pre_norm.bias [768]',
      'image.post_norm.gain [768]',
      'image.post_norm.bias [768]',
      'image.project.weight [512, 768]',
      'temperature []',
    ]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('reads patches and the class token, and says which position stands for the whole', () => {
    expect(model.towers.map(({ context, pool }) => [context, pool])).toEqual([
      [77, { kind: 'token', token: 'eos' }],
      [50, { kind: 'token', token: 0 }],
    ]);
    expect(model.temperature).toEqual({ learned: true, init: 2.6592, apply: 'exp' });
  });

  it('has a canonical form that is a fixed point', () => {
    const again = towers(model.canonical, 'canonical');
    expect(again.canonical).toBe(model.canonical);
    expect(towerEntries(again)).toEqual(towerEntries(model));
  });

  it('writes a renamed copy with its defaults said alike', () => {
    const said = clip
      .replace('model Clip', 'model Other')
      .replace(
        'pool = token(eos)',
        'pool = token(eos); pos = learned; cls = none; mlp.ratio = 4; post_norm = layer(eps = 1e-5)',
      );
    expect(towers(said, 'Other').canonical).toBe(model.canonical);
  });

  it.each([
    ['image.d_model = 960', 'image.attn.head_dim', '80'],
    ['tower image { d_model = 1024; n_layers = 24; attn.heads = 16 }', 'image.attn.heads', '16'],
    ['image.patches = conv(16, of = 224)', 'image.patches.size', '16'],
    ['image.patches.size = 14', 'image.patches.size', '14'],
    ['text.attn.mask = full', 'text.attn.mask', 'full'],
    ['text.pool = mean', 'text.pool', 'mean'],
    ['project.dim = 768', 'project.dim', '768'],
    ['temperature = fixed(init = 100, apply = identity)', 'temperature', 'fixed'],
    ['tower text { ffn mlp = glu { act = silu } }', 'text.mlp', 'glu'],
    ['text.init.project = fan_in', 'text.init.project', 'normal(std = 0.044194173824159216)'],
  ])('variant %s', (items, key, value) => {
    const changed = variant(items);
    expect(new Map(towerEntries(changed)).get(key)).toBe(value);
    expect(towers(changed.canonical, 'canonical').canonical).toBe(changed.canonical);
  });

  it('ViT-L/14 has 427,616,513 parameters', () => {
    const large = variant(`
      tower image { d_model = 1024; n_layers = 24; attn.heads = 16; patches = conv(14, of = 224) }
      tower text { d_model = 768; attn.heads = 12 }
      project.dim = 768`);
    expect(towerCount(large).total).toBe(427_616_513);
  });

  it('derives one tower from another, and assertions ask for sizes', () => {
    const text = `model Pair {
      tower a { vocab = 100; context = 16; d_model = 32; n_layers = 2; attn.heads = 4; pool = mean }
      tower b = a { d_model = 64; assert d_model == 64 }
      project { dim = 16 }
      assert b.d_model == 2 * a.d_model
    }
    assert Pair.params in 1K..1M
    assert Pair.b.d_model == 64
    assert diff(Pair, Pair).params == 0`;
    expect(towers(text, 'Pair').towers.map(({ name, dModel, context }) => [name, dModel, context])).toEqual([
      ['a', 32, 16],
      ['b', 64, 16],
    ]);
  });

  it.each([
    ['image.patches.size = 15', 'not-whole: image.patches: of / size = 14.9333 is not a whole number'],
    ['image.vocab = 5', 'foreign-key: `vocab` is a key of towers of texts, not of towers of images'],
    ['image.pool = token(50)', 'out-of-range: pool: token = 50, but it must be below 50, the positions there are'],
    ['image.attn.heads = 7', 'head-dim: attn: d_model 768 is not divisible by heads 7 (109.71)'],
    ['image.contxt = 7', 'unknown-key: `contxt` is not a key of tower (image)'],
    ['text.cls = lerned', 'wrong-type: text.cls must be `learned`, but this is `lerned`'],
    ['text.init.patch = zeros', 'unknown-target: init: `patch` matches no parameter of this model'],
    ['weights hf = std.hf.llama', 'unknown-key: `weights hf` is not a key of towers'],
    ['tower text { mixer other = gqa { heads = 8 } }', 'unused-name: `other` is defined here and used nowhere'],
    ['tower text { assert n_layers > 12 }', 'assert-failed: `n_layers > 12` does not hold (12 and 12)'],
    ['tower audio { d_model = 64; n_layers = 2; attn.heads = 4 }', 'missing-key: tower audio needs `vocab` or `patches`'],
    ['tower audio { vocab = 8; d_model = 64; n_layers = 2; attn.heads = 4 }', 'missing-key: tower audio needs `context`'],
  ])('%s: %s', (items, message) => {
    expect(messages(items)).toContain(message);
  }); // prettier-ignore

  it('compares at least two', () => {
    const one = 'model A { tower text { vocab = 8; context = 4; d_model = 64; n_layers = 2; attn.heads = 4 }; project.dim = 8 }';
    expect(check(one).diagnostics.map(({ message }) => message)).toContain(
      'towers of A = 1, but it must be at least 2: towers are compared with each other',
    );
  }); // prettier-ignore
});
