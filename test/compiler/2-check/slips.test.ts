// Takes: models with one slip each, as people who know other libraries make them.
// Gives: proof that one slip is told once, at its place, with what to write instead.
import { describe, expect, it } from 'vitest';
import { checkSource } from '../../../compiler/compile.ts';
import { readPrelude } from '../../../runtime/model-file.ts';
import { check, small } from './prelude.ts';

const std = readPrelude();
const sizes = 'vocab = 256; context = 64; d_model = 64; n_layers = 4';
const attn = 'mixer attn = gqa { heads = 4 }';
const mlp = 'ffn mlp = glu {}';
const model = (...parts: readonly string[]): string => `model M {\n  ${parts.join('\n  ')}\n}\n`;

/** `code: fix` of each error. */
function told(text: string): string[] {
  const { diagnostics } = checkSource({ path: 'slip.model', text }, std);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return errors.map(({ code, fix }) => (fix === undefined ? code : `${code}: ${fix}`));
}

describe('a key that stands elsewhere', () => {
  it.each([
    [
      model(sizes, 'mixer attn = gqa { heads = 4; rope_theta = 5e5 }', mlp),
      'unknown-key: write `rope { theta = ... }`',
    ],
    [model(sizes, 'mixer attn = gqa { heads = 4; theta = 5e5 }', mlp), 'foreign-key: write `rope { theta = ... }`'],
    [model(sizes, attn, 'ffn mlp = experts { n = 8; width = 128 }'), 'foreign-key: write `width` inside of `expert`'],
    [
      model(sizes, attn, 'ffn mlp = experts { n = 8 }', 'router { score = sigmoid }'),
      'foreign-key: write `mlp.router`',
    ],
    [`${model(sizes, attn, mlp)}generate { temperature = 0.8 }`, 'foreign-key: write `sample { temperature = ... }`'],
    [`${model(sizes, attn, mlp)}variant V from M { kv_heads = 1 }`, 'foreign-key: write `attn.kv_heads`'],
    [
      `${model(sizes, attn, mlp)}variant V from M { mixer.kv_heads = 1 }`,
      'unknown-key: write `mixer attn = gqa { ... }`',
    ],
    [model(sizes, attn, mlp, 'norm = rms'), 'foreign-key: write `norm rms { ... }`'],
    [model(sizes, attn, mlp, 'tie_word_embeddings = true'), 'unknown-key: here it is `tie`, a key of token'],
    [model(sizes, attn, mlp, 'num_key_value_heads = 2'), 'unknown-key: write `attn.kv_heads`'],
  ])('%s', (text, message) => {
    expect(told(text)).toEqual([message]);
  });

  it('optimizer = adamw', () => {
    const train = 'train { data = text("a.txt"); batch = 4; steps = 9; optimizer = adamw { lr = 1e-3 } }';
    expect(told(model(sizes, attn, mlp) + train)).toEqual(['unknown-key: write `optimizer adamw { ... }`']);
  });
});

describe('what follows from a slip is not told', () => {
  it.each([
    [model('vocab = 256; hidden_size = 64; n_layers = 4', attn, mlp), 'unknown-key: did you mean `d_model`?'],
    [model(sizes, 'mixer attn = gqa { num_heads = 4 }', mlp), 'unknown-key: did you mean `heads`?'],
    [model(sizes, attn, 'ffn mlp = experts { num_experts = 8 }'), 'unknown-key: did you mean `n`?'],
    [model('vocab = 256; d_model = -64; n_layers = 4', attn, mlp), 'out-of-range'],
    [model('vocab = 256; d_model = 64tok; n_layers = 4', attn, mlp), 'wrong-type'],
    [model('vocab = 256; d_model = 64.5; n_layers = 4', attn, mlp), 'not-whole'],
    [model(sizes, attn, mlp, 'norm layernorm {}'), 'unknown-constructor: did you mean `layer`?'],
    [model(sizes, 'mixer attn gqa { heads = 4 }', mlp), 'unknown-constructor: write `mixer attn = gqa { ... }`'],
    [
      model(sizes, 'mixer self_attn = gqa { heads = 4 }', 'ffn ff = glu {}'),
      'missing-key: write `mixer attn = gqa { ... }`, or `block = pre_norm(self_attn, ff)`',
    ],
    [
      model(sizes, 'attn { heads = 4 }', mlp),
      'wrong-type: write `mixer attn = gqa { ... }` or `ffn attn = glu { ... }`',
    ],
    [model(sizes, attn, 'ffn mlp = glu { act == silu }'), 'syntax'],
    [`${model(sizes, attn, mlp)}assert M.params = 3`, 'syntax'],
    [`model M {\n  ${sizes}\n  ${attn}\n  ${mlp}\ntrain { batch = 4; steps = 9 }\n`, 'syntax'],
    [`model M {\n  ${sizes}\n  mixer attn = gqa { heads = 4\n  ${mlp}\n}\ntrain { batch = 4; steps = 9 }\n`, 'syntax'],
  ])('%s', (text, message) => {
    expect(told(text)).toEqual([message]);
  });
});

describe('a word of another library', () => {
  it.each([
    [model(sizes, attn, 'ffn mlp = glu { act = swish }'), 'silu'],
    [model(sizes, attn, 'ffn mlp = glu { act = gelu_new }'), 'gelu_tanh'],
    [model(sizes, attn, 'ffn mlp = glu { act = SiLU }'), 'silu'],
    [model(sizes, 'mixer attn = gqa { heads = 4; qk_norm = None }', mlp), 'none'],
    [model(sizes, 'mixer attn = gqa { heads = 4; softcap = null }', mlp), 'none'],
    [model(sizes, 'mixer attn = gqa { heads = 4; mask = sliding(32) }', mlp), 'window'],
    [model(sizes, 'mixer attn = gqa { heads = 4; kv_share = yes }', mlp), 'true'],
  ])('%s', (text, word) => {
    expect(told(text).map((each) => each.replace(/^[\w-]+: /, ''))).toEqual([`did you mean \`${word}\`?`]);
  });

  it('where a block stands', () => {
    expect(told(model(sizes, 'mixer attn = gqa { heads = 4; rope = true }', mlp))).toEqual(['wrong-type']);
  });

  it('in quotes', () => {
    const text = model(sizes, 'mixer attn = gqa { heads = 4; mask = "causal" }', mlp);
    expect(told(text)).toEqual(['wrong-type: write causal, without quotes']);
  });
});

describe('a part that nothing uses', () => {
  it('has a name that std uses for something else', () => {
    expect(told(model(sizes, attn, mlp, 'block b(f) { y = x + f(rms.ffn(x)) }'))).toEqual(['unused-name']);
  });

  it('is the base of a variant that leaves it alone', () => {
    const variant = 'variant V from M { block main { y = x + attn(rms.mix(x)) } }';
    expect(told(model(sizes, attn, mlp) + variant)).toEqual([]);
  });
});

describe('runs and variants', () => {
  const run = (items: string): string => small('', `train { data = text("a"); steps = 10; ${items} }`);

  it('takes no part of a step for a share', () => {
    const [fault, more] = check(run('schedule cosine { warmup = 0.01 }')).diagnostics.filter(
      ({ severity }) => severity === 'error',
    );
    expect([fault?.code, fault?.fix, more]).toEqual(['not-whole', 'write 1%', undefined]);
  });

  it.each(['V', 'W'])('tells a ring of variants once, whichever is asked for first (%s)', (first) => {
    const second = first === 'V' ? 'W' : 'V';
    const text = small(
      '',
      `variant ${first} from ${second} { }\nvariant ${second} from ${first} { }\nvariant Z from W { }`,
    );
    expect(check(text).diagnostics.filter(({ code }) => code === 'cycle').length).toBe(1);
  });
});
