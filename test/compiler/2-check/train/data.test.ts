// Takes: data, generate and sweep blocks. Gives: proof of what they resolve to, and of their faults.
import { describe, expect, it } from 'vitest';
import { check, readSpec, small } from '../prelude.ts';

const codes = (text: string): string[] => check(text).diagnostics.map(({ code }) => code);

describe('data', () => {
  const corpus = (items: string): string => `data corpus { ${items} }`;

  it('resolves every part', () => {
    const text = corpus(`tokenizer bpe { file = "a.tok"; special = ["<|pad|>"] }
      source web { path = "w/*"; weight = 3 }\nsource code { path = "c/*"; weight = 1 }
      filter lang { model = fasttext("lid.bin"); keep = p("en") >= 0.5 }
      filter quality { model = fasttext("q.bin"); keep = random(p, alpha = 9) }
      filter dsir { target = "wiki/*"; features = hashed_ngram(2, buckets = 10_000); keep = importance }
      dedup exact { unit = line }\ndedup near { shingle = 5; bands = 20; rows = 13 }
      pack documents { chunk = 4KiB }`);
    const { file, diagnostics } = check(text);
    expect(diagnostics).toEqual([]);
    const [data] = file.data;
    expect(data?.sources.map(({ name, share }) => [name, share])).toEqual([['web', 0.75], ['code', 0.25]]); // prettier-ignore
    expect(data?.filters.map(({ keep }) => keep)).toEqual([
      { kind: 'threshold', of: 'p', label: 'en', operator: '>=', bound: 0.5 },
      { kind: 'random', of: 'p', alpha: 9 },
      { kind: 'importance' },
    ]);
    expect(data?.dedups[0]).toMatchObject({ kind: 'exact', unit: 'line', hash: 'xxh64' });
    expect(data?.dedups[1]).toMatchObject({ kind: 'near', threshold: expect.closeTo(0.794, 3) as number });
    expect(data?.pack).toEqual({ attendAcross: false, labels: 'within', chunk: 4096 });
    expect(data?.tokenizer).toMatchObject({ kind: 'bpe', file: 'a.tok', special: ['<|pad|>'] });
  });

  it.each([
    ['source web { }', 'missing-key'],
    ['source web { path = "a"; wait = 2 }', 'unknown-key'],
    ['filter a { keep = p("en") > 0.5 }', 'missing-key'],
    ['filter a { keep = importance }', 'missing-key'],
    ['filter a { model = fasttext("a"); keep = q > 1 }', 'wrong-type'],
    ['filter a { model = fasttxt("a"); keep = p > 1 }', 'unknown-constructor'],
    ['dedup nearly { }', 'unknown-constructor'],
    ['pack documents { chunk = 4tok }', 'wrong-type'],
    ['tokenizer bpe { fil = "a" }', 'unknown-key'],
    ['sorce web { path = "a" }', 'unknown-key'],
  ])('%s: %s', (items, code) => {
    expect(codes(corpus(items))).toContain(code);
  });

  it('gives its tokenizer to the run, and its special tokens to the loss', () => {
    const data = corpus('tokenizer bpe { special = ["<|pad|>"] }; source a { path = "a" }');
    const { file } = check(small('', `${data}\ntrain { data = corpus; loss = ce(ignore = pad) }`));
    expect(file.trains).toMatchObject([{ tokenizer: { kind: 'bpe' }, data: { name: 'corpus', external: false } }]);
    expect(codes(small('', `${data}\ntrain { data = corpus; loss = ce(ignore = bos) }`))).toContain('unknown-name');
    expect(codes(small('', `${data}\ntrain { data = corpsu }`))).toContain('unknown-name');
  });

  it('may be packed so that labels cross only where tokens see across (E11)', () => {
    const text = (pack: string): string =>
      small('', `${corpus(`source a { path = "a" }; pack documents { ${pack} }`)}\ntrain { data = corpus }`);
    expect(codes(text('labels = across'))).toEqual(['label-crossing']);
    expect(codes(text('labels = across; attend_across = true'))).toEqual([]);
  });
});

describe('generate', () => {
  const window = 'attn.mask = causal & window(32)';

  it.each([
    ['cache { dtype = bf16; layout = paged(8); attn = ring(32) }', { cache: { dtype: 'bf16', layout: { kind: 'paged', block: 8 }, mixers: { attn: { layout: { kind: 'ring', size: 32 } } } } }], // prettier-ignore
    ['quant { weights = int8; keep = [embed, head, norm, mlp.down] }', { quant: { weights: { kind: 'int8', group: null }, keep: ['embed', 'head', 'norm', 'mlp.down'] } }], // prettier-ignore
    ['speculate { draft = ngram(2); accept = typical(0.2) }', { speculate: { draft: { kind: 'ngram', n: 2 }, tokens: 4, accept: { kind: 'typical', threshold: 0.2 } } }], // prettier-ignore
    ['report [ttft, tpot]; template = chatml; beam { width = 2 }', { report: ['ttft', 'tpot'], template: 'chatml', beam: { width: 2, lengthPenalty: 1 } }], // prettier-ignore
  ])('%s', (items, expected) => {
    const { file, diagnostics } = check(small(window, `generate { ${items} }`));
    expect(diagnostics.map(({ message }) => message)).toEqual([]);
    expect(file.generates).toMatchObject([expected]);
  });

  it.each([
    ['cache { attn = ring(16) }', 'quantised-part'],
    ['quant { weights = int4; keep = [embed, norm] }', 'quantised-part'],
    ['cache { atn = ring(16) }', 'unknown-key'],
    ['speculate { draft = N }', 'unknown-constructor'],
    ['unmask { steps = 4 }', 'decode-mask'],
  ])('%s: %s', (items, code) => {
    expect(codes(small(window, `generate { ${items} }`))).toContain(code);
  });

  it('absorbs where attention is latent', () => {
    const mla = 'mixer lat = mla { heads = 4; kv_rank = 64; q_rank = none }; block = pre_norm(lat, mlp)';
    expect(check(small(mla, 'generate { lat.absorb = true }')).file.generates).toMatchObject([
      { absorb: { lat: true } },
    ]);
    expect(codes(small(mla, 'generate { lat.absorbb = true }'))).toContain('unknown-key');
  });
});

describe('sweep', () => {
  it('has axes and a law', () => {
    const { file, diagnostics } = check(small('', 'sweep laws { n_layers in [6, 12]; optimizer.adamw.lr in [1e-3, 3e-4]; fit loss = E + A/N^a + B/D^b }')); // prettier-ignore
    expect(diagnostics).toEqual([]);
    const [sweep] = file.sweeps;
    expect(sweep?.axes.map(({ key, values }) => [key, values])).toEqual([['n_layers', [6, 12]], ['optimizer.adamw.lr', [1e-3, 3e-4]]]); // prettier-ignore
    expect(sweep?.fit).toMatchObject({ of: 'loss', inputs: ['N', 'D'], coefficients: ['E', 'A', 'a', 'B', 'b'] });
  });

  it.each([
    ['n_layrs in [1, 2]', 'unknown-name'],
    ['fit loss = A/N^a', 'missing-key'],
    ['n_layers in [6]; fit loss = N', 'missing-key'],
    ['n_layers in [6]; fit los = A/N', 'unknown-key'],
    ['n_layers in [6tok + 4KiB]', 'wrong-unit'],
    ['cycle [a]', 'unknown-key'],
  ])('%s: %s', (items, code) => {
    expect(codes(small('', `sweep { ${items} }`))).toContain(code);
  });
});

describe.each(['examples/atlas', 'examples/delta', 'families/deepseek_v3'])('%s.model', (name) => {
  it('has no fault in its train, data and generate blocks', () => {
    const { diagnostics, file } = check(readSpec(`${name}.model`));
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message)).toEqual([]);
    expect(file.trains.map((block) => block.name)).toContain(name === 'examples/delta' ? 'clip' : 'pretrain');
  });
});
