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
  'scaling = yarn { factor = 4; original = 64; truncate = false; attention_factor = 1.1 }',
);
const rope = fc.oneof(
  fc.constant('rope = none'),
  block('rope', 'theta = 1e6', 'partial = 0.5', of('pairing = interleaved', 'pairing = half'), scaling),
);
const qkNorm = of('qk_norm = rms(per = head)', 'qk_norm = rms(per = full, after = rope, before = none)', 'qk_norm = layer { eps = 1e-4 }'); // prettier-ignore
const heads = of('heads = 8', 'heads = 8; kv_heads = 2', 'head_dim = 32', 'head_dim = 16; heads = 4; kv_heads = 1');
const attention = fc
  .tuple(
    heads,
    some(
      of('mask = causal & window(16)', 'mask = causal'),
      'scale = 0.1',
      of('bias = qkv', 'bias = all'),
      qkNorm,
      'softcap = tanh(30)',
      rope,
    ),
  ) // prettier-ignore
  .map(([size, rest]) => `mixer attn = gqa { ${size}\n${rest}\n}`);

const ffn = fc.oneof(
  some(of('act = gelu', 'act = relu2'), of('ratio = 2', 'width = 192', 'width = round(3 * d_model, to = 32)'), 'bias = all').map((keys) => `ffn mlp = glu { ${keys} }`), // prettier-ignore
  some('act = gelu_tanh', of('ratio = 3', 'width = 128'), of('bias = all', 'bias = [up]')).map((keys) => `ffn mlp = mlp { ${keys} }`), // prettier-ignore
);

const wiring = of(
  '',
  'block = post_norm(attn, mlp)',
  'block = sandwich(attn, mlp)',
  'block = parallel1(attn, mlp, norm = ln); norm ln = layer { }',
  'block = scaled(attn, mlp, m = 1/2 + 1/4)',
  'block b(mix, f) { h = x + mix(rms.mix(x)); y = h + f(rms.ffn(h)) }; stack n_layers { cycle [b(attn, mlp)] }',
  `mixer local = attn { mask = causal & window(8) }
  block main(mix) { h = x + mix(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
  stack n_layers { mix = cycle [local * 2, attn]; each main(mix); at 0..0 [main(attn)] }`,
);

const ends = some(
  block('norm rms', 'eps = 1e-5', 'gain = 1 + weight', 'cast = after_gain'),
  block('embed token', 'tie = head', 'scale = sqrt(d_model)', of('pos = learned', 'pos = learned(64)'), 'norm = rms'),
  block('head lm', of('norm = none', 'norm = rms'), 'scale = 1/16', 'softcap = 30'),
  block('init', 'default = normal(0.02)', 'attn.o, mlp.down = normal(std = 0.02 / sqrt(2 * (layer + 1)))', 'embed = uniform(0.1)'), // prettier-ignore
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

const variant = of('', 'variant V from M { attn.scale = 1/8 }', 'variant V from M { ffn mlp = glu { width = 320 } }');

export const arbitraryModelText: fc.Arbitrary<string> = fc
  .tuple(sizes, attention, ffn, wiring, ends, train, variant)
  .map(([size, mixer, feed, blocks, end, training, more]) => {
    return `model M {\n${[size, mixer, feed, blocks, end].join('\n')}\n}\n${training ?? ''}\n${more}\n`;
  });
