// Takes: keys as other libraries call them. Gives: proof that the fault says what they are called here.
import { describe, expect, it } from 'vitest';
import { check } from './prelude.ts';

const sizes = 'vocab = 256; context = 64; d_model = 768; n_layers = 6';
const parts = 'mixer attn = gqa { heads = 12 }; ffn mlp = glu { }';

describe('names of other libraries', () => {
  it.each([
    [`model M { ${sizes}; mixer attn = gqa { heads = 12; num_key_value_heads = 4 }; ffn mlp = glu { } }`, 'kv_heads'],
    [`model M { ${sizes}; mixer attn = gqa { heads = 12; headDim = 64 }; ffn mlp = glu { } }`, 'head_dim'],
    [`model M { ${sizes}; mixer attn = gqa { heads = 12 }; ffn mlp = glu { intermediate_size = 2048 } }`, 'width'],
    [`model M { ${sizes}; num_hidden_layers = 6; ${parts} }`, 'n_layers'],
    [`model M { ${sizes}; ${parts}; norm rms { rms_norm_eps = 1e-5 } }`, 'eps'],
    [`model M { ${sizes}; mixer attn = gqa { heads = 12; rope { rope_theta = 1e6 } }; ffn mlp = glu { } }`, 'theta'],
    [`model M { ${sizes}; mixer attn = gqa { heads = 12 }; ffn mlp = experts { num_experts = 8; n = 8 } }`, 'n'],
    [`model M { ${sizes}; ${parts} }\ntrain { learning_rate = 1e-3; batch_size = 8; max_steps = 3 }`, 'batch'],
    [`model M { ${sizes}; mixer attn = mha { heads = 12 }; ffn mlp = glu { } }`, 'gqa'],
    [`model M { ${sizes}; mixer attn = gqa { heads = 12 }; ffn mlp = swiglu { } }`, 'glu'],
    [`model M { ${sizes}; ${parts} }\ntrain { optimizer adam { } }`, 'adamw'],
  ])('%s: `%s`', (text, name) => {
    const fixes = check(text).diagnostics.map(({ fix }) => fix ?? '');
    expect(fixes.join('\n')).toContain(`did you mean \`${name}\``);
  });
});
