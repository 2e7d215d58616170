// Random .model files that check: every part in several forms, keys left out at will, items on lines or behind `;`.
import * as fc from 'fast-check';

const of = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Some of the items, in their order, some of them on one line. */
function some(...items: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const each = items.map((item) => fc.option(typeof item === 'string' ? fc.constant(item) : item));
  return fc.tuple(fc.tuple(...each), of('; ', '\n')).map(([all, end]) => all.filter((item) => item !== null).join(end));
}

function block(head: string, ...items: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  return some(...items).map((inside) => `${head} { ${inside}\n}`);
}

const scaling = of(
  'scaling = none',
  'scaling = linear { factor = 4 }',
  'scaling = llama3 { factor = 8; original = 64 }',
  'scaling = dynamic { factor = 2; original = 64 }',
  'scaling = yarn { factor = 4; original = 64; truncate = false; attention_factor = 1.1 }',
);
const rope = fc.oneof(
  fc.constant('rope = none'),
  block('rope', 'theta = 1e6', 'partial = 0.5', of('pairing = interleaved', 'pairing = half'), scaling),
);
const qkNorm = of('qk_norm = rms(per = head)', 'qk_norm = layer(per = each_head, bias = true)', 'qk_norm = rms(per = full, after = rope, before = none)', 'qk_norm = layer { eps = 1e-4 }'); // prettier-ignore
const heads = of('heads = 8', 'heads = 8; kv_heads = 2', 'head_dim = 32', 'head_dim = 16; heads = 4; kv_heads = 1');
/** Mixers beside grouped-query attention; d_model is a multiple of 64. */
const others = fc.oneof(
  block('mixer attn = mla', 'q_rank = 32', 'nope_dim = 16', 'rope_dim = 8', 'latent_norm = none', 'cache = full').map((text) => text.replace('{', '{ heads = 4; kv_rank = 24; ')), // prettier-ignore
  block('mixer attn = mamba', 'expand = 1', 'state = 8', 'conv = 3', 'inner_norm = rms', 'd_skip = zeros'),
  block('mixer attn = mamba2', 'head_dim = 32', 'state = 16', 'groups = 2', 'out = rms.full(gate = none)', 'dt { floor = 1e-3; clamp = 0..1 }'), // prettier-ignore
  block('mixer attn = gated_delta', 'v_heads = 4', 'k_dim = 16', 'qk = none', 'beta = sigmoid(b)').map((text) => text.replace('{', '{ k_heads = 2; ')), // prettier-ignore
  block('mixer attn = linear', 'feature = relu', 'decay = slope(depth_scaled = false)', 'gate = none', 'out_norm = none').map((text) => text.replace('{', '{ heads = 4; ')), // prettier-ignore
  block('mixer attn = rwkv7', 'head_dim = 32', 'decay_rank = 16', 'bias = all'),
  block('mixer attn = conv', 'width = 96', 'conv_bias = true'),
  block('mixer attn = experts', 'top_k = 1', 'shared = 1', 'router { score = sigmoid; z_loss = 1e-3 }').map((text) => text.replace('{', '{ n = 3; expert = gqa { heads = 4 }; ')), // prettier-ignore
);

const gqa = fc
  .tuple(
    heads,
    some(
      of('mask = causal & window(16)', 'mask = causal'),
      'scale = 0.1',
      of('bias = qkv', 'bias = all'),
      qkNorm,
      'softcap = tanh(30)',
      of('pos = alibi', 'pos = alibi(max_bias = 4, scaled = true, round = bf16)'),
      of('out_norm = rms', 'out_norm = layer { eps = 1e-4 }'),
      'clip_qkv = 8',
      rope,
    ),
  ) // prettier-ignore
  .map(([size, rest]) => `mixer attn = gqa { ${size}\n${rest}\n}`);
const attention = fc.oneof({ weight: 2, arbitrary: gqa }, { weight: 3, arbitrary: others });

const router = some(of('score = sigmoid', 'score = softmax(over = chosen)'), 'groups = 2; top_groups = 1', of('combine = normalize * 2.5', 'combine = none'), of('balance = seq_aux', 'balance = none'), 'jitter = 0.1', 'capacity = drop'); // prettier-ignore

const ffn = fc.oneof(
  fc.tuple(some('shared = 1', 'expert = glu { width = 64 }', 'shared_gate = sigmoid'), router).map(([keys, inside]) => `ffn mlp = experts { n = 4; top_k = 2; ${keys}\nrouter { ${inside}\n} }`), // prettier-ignore
  some(of('act = gelu', 'act = relu2'), of('ratio = 2', 'width = 192', 'width = round(3 * d_model, to = 32)'), 'bias = all', of('norm = rms', 'norm = none')).map((keys) => `ffn mlp = glu { ${keys} }`), // prettier-ignore
  some(of('act = gelu_tanh', 'act = xielu', 'act = xielu { beta = 0.25 }'), of('ratio = 3', 'width = 128'), of('bias = all', 'bias = [up]')).map((keys) => `ffn mlp = mlp { ${keys} }`), // prettier-ignore
);

const wiring = of(
  '',
  'block = post_norm(attn, mlp)',
  'block = sandwich(attn, mlp)',
  'block = parallel1(attn, mlp, norm = ln); norm ln = layer { }',
  'block = scaled(attn, mlp, m = 1/2 + 1/4)',
  'block b(mix, f) { h = x + mix(rms.mix(x)); y = h + f(rms.ffn(h)) }; stack n_layers { cycle [b(attn, mlp)] }',
  `mixer local = gqa { heads = 4; mask = causal & window(8) }
  block main(mix) { h = x + mix(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
  stack n_layers { mix = cycle [local * 2, attn]; each main(mix); at 0..0 [main(attn)] }`,
);

const ends = some(
  block('norm rms', 'eps = 1e-5', 'gain = 1 + weight', 'cast = after_gain'),
  block(
    'embed token',
    'tie = head',
    'scale = sqrt(d_model)',
    of(
      'pos = learned',
      'pos = learned(64, offset = 2)',
      'pos = sinusoidal',
      'pos = sinusoidal(theta = 500, spacing = closed)',
    ),
    'pad_to = 48',
    'norm = rms',
  ),
  block(
    'head lm',
    of('norm = none', 'norm = rms'),
    of('transform { }', 'transform { act = silu; bias = true; norm = rms }', 'transform = none'),
    'scale = 1/16',
    'softcap = 30',
  ),
  block('init', 'default = normal(0.02)', 'mixer, ffn = normal(std = 0.02 / sqrt(2 * (layer + 1)))', 'embed = uniform(0.1)'), // prettier-ignore
);

const sizes = fc
  .tuple(
    of('d_model = 64; n_layers = 3', 'd_model = 128; aspect = 32', 'd_model = 256'),
    fc.option(of('context = 64', 'context = 4 * d_model')),
  ) // prettier-ignore
  .map(([size, context]) => `vocab = 320; ${size}; ${context ?? ''}`);

const train = fc.option(
  block('train', 'steps = 20', 'batch = 8; accumulate = 2', of('schedule wsd { decay = 20% }', 'schedule constant { }'), of('optimizer sgd { lr = 0.1 }', 'optimizer adamw { betas = [0.9, 0.99] }'), 'clip norm = 0.5', of('dropout = 0.1', 'dropout { residual = 0.1 }'), 'loss = ce + 1e-4 * z_loss'), // prettier-ignore
);

const variant = of('', 'variant V from M { context = 128 }', 'variant V from M { ffn mlp = glu { width = 320 } }');

export const arbitraryModelText: fc.Arbitrary<string> = fc
  .tuple(sizes, attention, ffn, wiring, ends, train, variant)
  .map(([size, mixer, feed, blocks, end, training, more]) => {
    return `model M {\n${[size, mixer, feed, blocks, end].join('\n')}\n}\n${training ?? ''}\n${more}\n`;
  });
