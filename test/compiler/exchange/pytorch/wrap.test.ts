import { describe, expect, it } from 'vitest';
import { wrapped } from '../../../../compiler/exchange/pytorch/python/wrap.ts';

const long = 'a_rather_long_name_of_a_tensor';

describe('long lines of Python', () => {
  it('are broken at the arguments of the longest call', () => {
    expect(wrapped(`    y = f(${long}, ${long}, ${long}) + g(x)  # [batch, seq]`)).toBe(
      ['    y = f(', ...Array.from({ length: 3 }, () => `        ${long},`), '    ) + g(x)  # [batch, seq]'].join('\n'),
    );
  });

  it('get no comma in parentheses that only group: it would make a tuple', () => {
    expect(wrapped(`y = (${long} + ${long} + ${long}) * x_of_the_layer`)).toBe(
      ['y = (', `    ${long} + ${long} + ${long}`, ') * x_of_the_layer'].join('\n'),
    );
  });

  it('get no comma after a generator', () => {
    const generator = `kind() for kind in (([${long}] * 5 + [GlobalBlock]) * 6)[:34]`;
    expect(wrapped(`self.layers = nn.ModuleList(${generator})`)).toBe(
      ['self.layers = nn.ModuleList(', `    ${generator}`, ')'].join('\n'),
    );
  });

  it('keep subscripts and strings whole', () => {
    const line = `y = ${long}[:, :, None, None, ${long}] * f("${long}, ${long}")`;
    expect(wrapped(line)).toBe(
      [`y = ${long}[:, :, None, None, ${long}] * f(`, `    "${long}, ${long}",`, ')'].join('\n'),
    );
  });

  it('have a comment above where only it is too long', () => {
    const code = `    q = self.q(${long}).view(b, t, KV_HEADS, GROUP, HEAD_DIM)`;
    expect(wrapped(`${code}  # [batch, seq, kv_heads, group]`)).toBe(`    # [batch, seq, kv_heads, group]\n${code}`);
  });
});
