// Takes: variants. Gives: proof of what they override, and that everything derived follows.
import { describe, expect, it } from 'vitest';
import { canonicalEntries } from '../../../compiler/2-check/canonical.ts';
import type { GqaSpec, Model } from '../../../compiler/2-check/model.ts';
import { mixersOf } from '../../../compiler/2-check/resolve/parts.ts';
import { check, gqaOf, modelsOf, small } from './prelude.ts';

/** What `variant V from M { items }` changes, as canonical keys. */
function changes(items: string, base = ''): Record<string, string> {
  const models = modelsOf(`${small(base)}\nvariant V from M { ${items} }`);
  const entries = (name: string): Map<string, string> => {
    const model = models.get(name);
    return new Map(model === undefined ? [] : canonicalEntries(model));
  };
  const [before, after] = [entries('M'), entries('V')];
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  return Object.fromEntries(paths.map((path) => [path, after.get(path) ?? '-']));
}

const attn = (model: Model | undefined): GqaSpec | undefined => (model === undefined ? undefined : gqaOf(model));

describe('variants', () => {
  it.each([
    ['attn.kv_heads = 1', { 'attn.kv_heads': '1' }],
    ['attn { kv_heads = 2; softcap = tanh(50) }', { 'attn.kv_heads': '2', 'attn.softcap': '50' }],
    // kv_heads = heads and scale = head_dim ^ -0.5 stand in std
    [
      'attn.heads = 24',
      {
        'attn.heads': '24',
        'attn.kv_heads': '24',
        'attn.head_dim': '32',
        'attn.v_dim': '32',
        'attn.scale': String(32 ** -0.5),
        'attn.rope.dim': '32',
      },
    ],
    [
      'attn.rope = none',
      {
        'attn.rope': 'none',
        'attn.rope.dim': '-',
        'attn.rope.theta': '-',
        'attn.rope.pairing': '-',
        'attn.rope.scaling': '-',
      },
    ],
    ['attn.rope.scaling = linear { factor = 4 }', { 'attn.rope.scaling': 'linear', 'attn.rope.scaling.factor': '4' }],
    ['attn.mask = causal & window(16)', { 'attn.mask': 'causal & window(16)' }],
    ['mlp.act = gelu_tanh', { 'mlp.act': 'gelu_tanh' }],
    ['mlp.ratio = 4', { 'mlp.width': '3072' }],
    ['ffn mlp = mlp { act = relu }', { mlp: 'mlp', 'mlp.act': 'relu', 'mlp.width': '3072', 'mlp.clamp': '-', 'mlp.up_offset': '-', 'init.mlp.gate': '-' }], // prettier-ignore
    ['norm rms { eps = 1e-3 }', { 'rms.eps': '0.001', 'head.norm.eps': '0.001' }],
    ['embed.tie = head', { 'embed.tie': 'head', 'init.head': '-' }],
    ['head.softcap = 30', { 'head.softcap': '30' }],
    [
      'head lm { norm = none }',
      {
        'head.norm': 'none',
        'head.norm.eps': '-',
        'head.norm.gain': '-',
        'head.norm.bias': '-',
        'head.norm.reduce': '-',
        'head.norm.cast': '-',
      },
    ],
    ['block = parallel1(attn, mlp)', { main: 'y = x + attn(rms.mix(x)) + mlp(rms.mix(x))' }],
    ['block main { y = mlp(x) + attn(x) }', expect.objectContaining({ main: 'y = mlp(x) + attn(x)', rms: '-' })],
    ['init.embed = normal(std = 1)', { 'init.embed': 'normal(std = 1)' }],
  ])('%s', (items, expected) => {
    expect(changes(items)).toEqual(expected);
  });

  it('keeps what a variant does not name, and revives what was none', () => {
    expect(changes('attn.rope { theta = 5 }', 'attn.rope = none')).toMatchObject({
      'attn.rope': 'rope',
      'attn.rope.theta': '5',
    });
  });

  it('overrides what a variant overrode', () => {
    const models = modelsOf(small('', 'variant A from M { attn.kv_heads = 2 }\nvariant B from A { attn.heads = 6 }'));
    expect([attn(models.get('B'))?.heads, attn(models.get('B'))?.kvHeads]).toEqual([6, 2]);
  });

  it('carries a change of a mixer into the mixers derived from it', () => {
    const stack = 'block b(mix) { h = x + mix(x); y = h + mlp(h) }; stack n_layers { cycle [b(local), b(attn)] }';
    const models = modelsOf(
      small(`mixer local = attn { mask = causal & window(8) }\n${stack}`, 'variant V from M { attn.kv_heads = 3 }'),
    );
    const mixers = [...mixersOf(models.get('V') ?? failed()).keys()].map((name) => [
      name,
      gqaOf(models.get('V') ?? failed(), name).kvHeads,
      gqaOf(models.get('V') ?? failed(), name).mask.kind,
    ]);
    expect(mixers).toEqual([
      ['local', 3, 'all'],
      ['attn', 3, 'causal'],
    ]);
  });

  it('refuses to set a let', () => {
    const { diagnostics } = check(small('let width = 512\nmlp.width = width', 'variant V from M { width = 3 }'));
    expect(diagnostics.map(({ code }) => code)).toContain('let-override');
  });

  it('is resolved though its base is faulty elsewhere, and the fault is told once', () => {
    const { file, diagnostics } = check(
      small('attn.kv_heads = 5', 'variant V from M { attn.kv_heads = 4 }\nvariant W from M { }'),
    );
    expect(file.models.map(({ name }) => name)).toEqual(['V']);
    expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['kv-heads']);
  });

  it('inherits and overrides train and generate blocks', () => {
    const after = `train { steps = 10; optimizer sgd { lr = 1 } }
      generate { sample { top_k = 5 } }
      variant V from M { train { steps = 20 }; generate { sample.temperature = 0 } }`;
    const { file } = check(small('', after));
    expect(
      file.trains.map(({ model, steps, optimizers }) => [model, steps, optimizers.map(({ spec }) => spec.kind)]),
    ).toEqual([
      ['M', 10, ['sgd']],
      ['V', 20, ['sgd']],
    ]);
    expect(file.generates.map(({ model, sample }) => [model, sample.topK, sample.temperature])).toEqual([
      ['M', 5, 0.8],
      ['V', 5, 0],
    ]);
  });
});

function failed(): never {
  throw new Error('not built');
}
