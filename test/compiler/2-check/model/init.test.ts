// Takes: init blocks. Gives: proof of which target wins, what each scheme is, and what names nothing.
import { describe, expect, it } from 'vitest';
import type { Init } from '../../../../compiler/2-check/model.ts';
import { parameters } from '../../../../compiler/2-check/parameters/parameters.ts';
import { check, modelOf, readSpec, small } from '../prelude.ts';

/** How parameters of a small model with `items` start, by name. */
function starts(items: string): ReadonlyMap<string, Init> {
  return new Map(
    parameters(modelOf(small('', `variant V from M { ${items} }`), 'V')).map(({ name, init }) => [name, init]),
  );
}

const std = (value: number): Init => ({ kind: 'normal', std: value });
const sparse = 'ffn mlp = experts { n = 4; shared = 1; expert = glu { } }';
const latent = 'mixer attn = mla { heads = 12; q_rank = 256; kv_rank = 128; nope_dim = 64; rope_dim = 32; v_dim = 64 }';

describe('init', () => {
  it.each<[string, string, string, Init]>([
    ['a part of an expert', `${sparse}; init { mlp.expert.up = normal(2); mlp.expert = normal(3) }`, 'mlp.expert.up.weight', std(2)],
    ['an expert', `${sparse}; init { mlp.expert = normal(3); mlp = normal(4) }`, 'mlp.expert.down.weight', std(3)],
    ['an ffn with all its experts', `${sparse}; init { mlp = normal(4) }`, 'mlp.shared.up.weight', std(4)],
    ['the role, by the path', `${sparse}; init { ffn.expert = normal(5); ffn.up = normal(6) }`, 'mlp.expert.up.weight', std(5)],
    ['the role, by the map alone', `${sparse}; init { ffn.up = normal(6); ffn = normal(7) }`, 'mlp.expert.up.weight', std(6)],
    ['the router', `${sparse}; init { mlp.router = normal(8) }`, 'mlp.router.weight', std(8)],
    ['a latent map', `${latent}; init { attn.q_down = normal(9); mixer = normal(1) }`, 'attn.q_down.weight', std(9)],
    ['the embedding', 'init.embed = normal(std = 1)', 'embed.weight', std(1)],
    ['its positions', 'embed.pos = learned; init { embed = normal(1); embed.positions = normal(2) }', 'embed.positions', std(2)],
    ['both by one', 'embed.pos = learned; init.embed = normal(1)', 'embed.positions', std(1)],
    ['a factorised embedding', 'embed.dim = 128; init.embed.project = normal(3)', 'embed.project.weight', std(3)],
    ['the head', 'init.head = zeros', 'head.weight', { kind: 'constant', value: 0 }],
    ['by the layer', 'init.attn.o = normal(std = layer + 1)', 'attn.o.weight', std(3)],
  ])('%s', (_, items, name, expected) => {
    const all = starts(items);
    expect(all.get(name) ?? all.get(`layers.2.${name}`)).toEqual(expected);
  }); // prettier-ignore

  it.each<[string, Init]>([
    ['normal(0.5)', std(0.5)],
    ['trunc_normal(0.5)', { kind: 'trunc_normal', std: 0.5, cut: 3 }],
    ['uniform(bound = sqrt(3 / d_model))', { kind: 'uniform', bound: Math.sqrt(3 / 768) }],
    ['constant(0.1)', { kind: 'constant', value: 0.1 }],
    ['ones', { kind: 'constant', value: 1 }],
    ['zeros', { kind: 'constant', value: 0 }],
    ['fan_in', std(1 / Math.sqrt(2048))],
    ['fan_in(gain = 2)', std(2 / Math.sqrt(2048))],
    ['copy("runs/dense", moe.expert, noise = 0.01)', { kind: 'copy', from: 'runs/dense', part: 'moe.expert', noise: 0.01 }],
    ['copy(teacher, mlp)', { kind: 'copy', from: 'teacher', part: 'mlp', noise: 0 }],
  ])('mlp.down = %s', (scheme, expected) => {
    expect(starts(`init.mlp.down = ${scheme}`).get('layers.0.mlp.down.weight')).toEqual(expected);
  }); // prettier-ignore

  it('fan_in of each parameter is by its own inputs', () => {
    const all = starts('init.default = fan_in');
    expect(all.get('embed.weight')).toEqual(std(1));
    expect(all.get('layers.0.mlp.up.weight')).toEqual(std(1 / Math.sqrt(768)));
    expect(all.get('head.weight')).toEqual(std(1 / Math.sqrt(768)));
  });

  it('checks back from its canonical form', () => {
    const model = modelOf(small('embed { pos = sinusoidal; dim = 128; pad_to = 100 }; head.dim = 64; init { default = fan_in; mlp.up = copy("x", y) }')); // prettier-ignore
    expect(modelOf(model.canonical).canonical).toBe(model.canonical);
  });

  it('upcycles: V3MiniUpcycled copies its experts and draws its router', () => {
    const { file } = check(readSpec('families/deepseek_v3.model'));
    const model = file.models.find(({ name }) => name === 'V3MiniUpcycled');
    const all = new Map(model === undefined ? [] : parameters(model).map(({ name, init }) => [name, init]));
    expect(all.get('layers.1.moe.expert.up.weight')).toEqual({ kind: 'copy', from: 'dense_ckpt', part: 'dense', noise: 0.01 }); // prettier-ignore
    expect(all.get('layers.1.moe.router.weight')).toEqual(std(0.02));
    expect(all.get('layers.1.moe.shared.up.weight')).toEqual({ kind: 'trunc_normal', std: 0.02, cut: 3 });
  });

  it.each([
    ['init.mlp.expert = zeros', 'targets: mlp.gate, mlp.up, mlp.down'],
    ['init.attn.oo = zeros', 'did you mean `attn.o`?'],
    ['init.patches = zeros', 'targets: default, embed, head, mtp, attn, mixer, mlp, ffn'],
    ['init.rms = zeros', undefined],
  ])('%s: %s', (items, fix) => {
    const [fault] = check(small(items)).diagnostics.filter(({ severity }) => severity === 'error');
    expect(fault?.code).toBe('unknown-target');
    if (fix !== undefined) expect(fault?.fix).toBe(fix);
  });
});
