// Takes: weights blocks. Gives: proof that maps of std fit models whatever their parts are called, and what steps mean.
import { describe, expect, it } from 'vitest';
import type { WeightEntry } from '../../../../compiler/2-check/model.ts';
import { states } from '../../../../compiler/2-check/parameters/parameters.ts';
import { check, modelOf, readSpec, small } from '../prelude.ts';

function entries(text: string, name?: string): ReadonlyMap<string, WeightEntry> {
  const [map] = modelOf(text, name).weights;
  return new Map(map?.entries.map((entry) => [entry.parameter, entry]));
}

const sparse = 'ffn mlp = experts { n = 4; shared = 1; expert = glu { width = 256 }; router.select_bias = aux_free }';
const faults = (items: string): string[] =>
  check(small(items)).diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message); // prettier-ignore

describe('weights', () => {
  it('a map of std fits parts of any name, and norms by where they stand', () => {
    const text = `model M {
      vocab = 256; context = 64; d_model = 768; n_layers = 2
      norm ln = rms { eps = 1e-5 }
      mixer look = gqa { heads = 12; bias = qkv }
      ffn think = glu { }
      block b { u = ln.first(x); h = x + look(u); y = h + think(ln.second(h)) }
      stack n_layers { cycle [b] }
      head lm { norm = ln }
      weights hf = std.hf.llama
    }`;
    const map = entries(text);
    expect([...map].filter(([name]) => name.startsWith('layers.1')).map(([name, { tensors }]) => [name, tensors[0]])).toEqual([
      ['layers.1.ln.first.gain', 'model.layers.1.input_layernorm.weight'],
      ['layers.1.look.q.weight', 'model.layers.1.self_attn.q_proj.weight'],
      ['layers.1.look.q.bias', 'model.layers.1.self_attn.q_proj.bias'],
      ['layers.1.look.k.weight', 'model.layers.1.self_attn.k_proj.weight'],
      ['layers.1.look.k.bias', 'model.layers.1.self_attn.k_proj.bias'],
      ['layers.1.look.v.weight', 'model.layers.1.self_attn.v_proj.weight'],
      ['layers.1.look.v.bias', 'model.layers.1.self_attn.v_proj.bias'],
      ['layers.1.look.o.weight', 'model.layers.1.self_attn.o_proj.weight'],
      ['layers.1.ln.second.gain', 'model.layers.1.post_attention_layernorm.weight'],
      ['layers.1.think.gate.weight', 'model.layers.1.mlp.gate_proj.weight'],
      ['layers.1.think.up.weight', 'model.layers.1.mlp.up_proj.weight'],
      ['layers.1.think.down.weight', 'model.layers.1.mlp.down_proj.weight'],
    ]);
  }); // prettier-ignore

  it('DeepSeek-V3: 46,181 tensors of 1,046 parameters; its module of multi-token prediction is layer 61', () => {
    const { file } = check(readSpec('families/deepseek_v3.model'));
    const list = file.models[0]?.weights[0]?.entries ?? [];
    expect([list.length, list.reduce((sum, { tensors }) => sum + tensors.length, 0)]).toEqual([1046, 46_181]);
    const names = list.filter(({ parameter }) => parameter.startsWith('mtp.')).map(({ tensors }) => tensors[0]);
    expect(names.slice(0, 6)).toEqual(
      ['enorm', 'hnorm', 'eh_proj', 'shared_head.norm', 'input_layernorm', 'self_attn.q_a_proj'].map((name) => `model.layers.61.${name}.weight`),
    );
    expect(names).toContain('model.layers.61.mlp.gate.e_score_correction_bias');
  }); // prettier-ignore

  it('experts are stacked from one tensor each', () => {
    const map = entries(small('', `variant V from M { ${sparse}; weights hf = std.hf.deepseek_v3 }`), 'V');
    expect(map.get('layers.0.mlp.expert.up.weight')).toEqual({
      parameter: 'layers.0.mlp.expert.up.weight',
      tensors: [0, 1, 2, 3].map((expert) => `model.layers.0.mlp.experts.${expert}.up_proj.weight`),
      steps: [{ kind: 'stack', over: 'expert' }],
      shape: [256, 768],
    });
  });

  it.each<[string, string, Partial<WeightEntry>]>([
    ['mlp.up = transpose("u.{layer}")', 'mlp.up.weight', { steps: [{ kind: 'transpose' }], shape: [768, 2048] }],
    ['rms.mix = add("n.{layer}", 1)', 'rms.mix.gain', { steps: [{ kind: 'add', value: 1 }], shape: [768] }],
    ['rms.mix = squeeze("n.{layer}", 0)', 'rms.mix.gain', { steps: [{ kind: 'squeeze', dim: 0 }], shape: [1, 768] }],
    ['attn.q = permute_rope("q.{layer}")', 'attn.q.weight', { steps: [{ kind: 'permute_rope', headDim: 64, dim: 64, to: 'half' }], shape: [768, 768] }],
    [
      'attn.k = deinterleave("k.{layer}", 2)',
      'attn.k.weight',
      { steps: [{ kind: 'deinterleave', blocks: [1, 1] }], shape: [768, 768] },
    ],
    [
      'mlp.gate = split("f.{layer}", 1, of = 2); mlp.up = split("f.{layer}", 2, of = 2)',
      'mlp.up.weight',
      { steps: [{ kind: 'split', part: 1, parts: 2, from: 2048, rows: 2048 }], shape: [4096, 768] },
    ],
    [
      'attn.q = split(transpose("a.{layer}"), 1, of = 2); attn.k = split(transpose("a.{layer}"), 2, of = 2)',
      'attn.k.weight',
      { steps: [{ kind: 'transpose' }, { kind: 'split', part: 1, parts: 2, from: 768, rows: 768 }], shape: [768, 1536] },
    ],
    [
      'attn.q = split(deinterleave("a.{layer}", 2, per = head), 1, of = 2); attn.k = split(deinterleave("a.{layer}", 2, per = head), 2, of = 2)',
      'attn.q.weight',
      { steps: [{ kind: 'deinterleave', blocks: [64, 64] }, { kind: 'split', part: 0, parts: 2, from: 0, rows: 768 }], shape: [1536, 768] },
    ],
    [
      'attn.q = split(deinterleave("a.{layer}", 3, blocks = 4), 1, of = 3); attn.v = split(deinterleave("a.{layer}", 3, blocks = 4), 2, of = 3); attn.k = split(deinterleave("a.{layer}", 3, blocks = 4), 3, of = 3)',
      'attn.k.weight',
      { steps: [{ kind: 'deinterleave', blocks: [192, 192, 192] }, { kind: 'split', part: 2, parts: 3, from: 1536, rows: 768 }], shape: [2304, 768] },
    ],
  ])('%s', (items, name, expected) => {
    expect(entries(small(`weights hf = std.hf.llama { ${items} }`)).get(`layers.3.${name}`)).toMatchObject(expected);
  }); // prettier-ignore

  it('fused rows of each key head: its queries, its key, its value', () => {
    const fused = [1, 2, 3].map((part) => `attn.${'qkv'.charAt(part - 1)} = split(ungroup("a.{layer}"), ${part}, of = 3)`).join('; '); // prettier-ignore
    const map = entries(small(`attn.kv_heads = 4; weights hf = std.hf.llama { ${fused} }`));
    expect(map.get('layers.1.attn.v.weight')).toMatchObject({
      tensors: ['a.1'],
      steps: [
        { kind: 'deinterleave', blocks: [192, 64, 64] },
        { kind: 'split', part: 2, parts: 3, from: 1024, rows: 256 },
      ],
      shape: [1280, 768],
    });
  });

  it('heads are stacked from one tensor each', () => {
    const map = entries(small('attn { kv_heads = 4; qk_norm = rms(per = each_head) }; weights hf = std.hf.stablelm'));
    expect(map.get('layers.2.attn.k_norm.gain')).toEqual({
      parameter: 'layers.2.attn.k_norm.gain',
      tensors: [0, 1, 2, 3].map((head) => `model.layers.2.self_attn.k_layernorm.norms.${head}.weight`),
      steps: [{ kind: 'stack', over: 'head' }],
      shape: [64],
    });
  });

  it('constants of an activation are tensors of one number', () => {
    const text = small('', 'variant V from M { ffn mlp = mlp { act = xielu { beta = 0.25 } }; weights hf = std.hf.apertus }'); // prettier-ignore
    const names = ['alpha_p', 'beta', 'eps'].map((name) => entries(text, 'V').get(`layers.1.mlp.act.${name}`));
    expect(names.map((entry) => [entry?.tensors[0], entry?.shape])).toEqual([
      ['model.layers.1.mlp.act_fn.alpha_p', [1]],
      ['model.layers.1.mlp.act_fn.beta', []],
      ['model.layers.1.mlp.act_fn.eps', []],
    ]);
    expect(states(modelOf(text, 'V')).slice(0, 2)).toMatchObject([
      { name: 'layers.0.mlp.act.beta', dims: [], init: { kind: 'constant', value: 0.25 } },
      { name: 'layers.0.mlp.act.eps', dims: [], init: { kind: 'constant', value: -1e-6 } },
    ]);
  });

  it('several maps stand side by side; a variant changes one name', () => {
    const text = small('weights hf = std.hf.llama; weights mine = std.hf.llama { prefix = "net." }', 'variant V from M { weights mine { head = "out.weight" } }'); // prettier-ignore
    expect(modelOf(text).weights.map(({ name, entries: [first] }) => [name, first?.tensors])).toEqual([
      ['hf', ['model.embed_tokens.weight']],
      ['mine', ['net.model.embed_tokens.weight']],
    ]);
    const own = modelOf(text, 'V').weights[1]?.entries.find(({ parameter }) => parameter === 'head.weight');
    expect(own?.tensors).toEqual(['net.out.weight']);
  });

  it('a name with a slash in front is whole: no prefix stands before it', () => {
    const text = small('weights hf = std.hf.gpt2_lm { ffn.up = "/up.{layer}" }').replace('gqa {', 'gqa { bias = all;').replace('glu', 'mlp'); // prettier-ignore
    const entries = modelOf(text).weights[0]?.entries ?? [];
    const tensors = (parameter: string) => entries.find((each) => each.parameter === parameter)?.tensors;
    expect(tensors('embed.weight')).toEqual(['transformer.wte.weight']);
    expect(tensors('head.weight')).toEqual(['lm_head.weight']);
    expect(tensors('layers.1.mlp.up.weight')).toEqual(['up.1']);
  });

  it("leaves a base's map out of a variant with other parts", () => {
    const text = small('weights hf = std.hf.llama', 'variant V from M { block = sandwich(attn, mlp) }\nvariant W from V { weights hf = std.hf.gemma2 }\nvariant X from M { attn.kv_heads = 4 }'); // prettier-ignore
    expect(['M', 'V', 'W', 'X'].map((name) => modelOf(text, name).weights.length)).toEqual([1, 0, 1, 1]);
  });

  it('does not change the canonical form', () => {
    expect(modelOf(small('weights hf = std.hf.llama')).canonical).toBe(modelOf(small()).canonical);
  });

  it.each([
    ['weights hf { }', 'weights hf: `embed.weight` has no tensor (and 56 more)'],
    ['weights hf = std.hf.llama { head.bias = "b" }', 'weights hf: `head.bias` names no parameter of this model'],
    ['weights hf = std.hf.llama { mixer.q = 5 }', 'weights hf: `mixer.q` must be the name of a tensor, perhaps in steps such as transpose("..."), but this is `5`'],
    ['weights hf = std.hf.llama { mlp.up = "u" }', 'weights hf: `layers.0.mlp.up.weight` and `layers.1.mlp.up.weight` both read `u`'],
    ['weights hf = std.hf.llama { prefix = 5 }', 'weights hf: `prefix` must be a text'],
  ])('%s', (items, message) => {
    expect(faults(items)).toContain(message);
  }); // prettier-ignore
});
