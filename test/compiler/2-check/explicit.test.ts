// Takes: specs, and generated models. Gives: proof that the long form says every key and means the same.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../../compiler/1-syntax/parse-file.ts';
import { printFile } from '../../../compiler/1-syntax/print-ast.ts';
import { explicitFile } from '../../../compiler/2-check/explicit/explicit.ts';
import { check, readPrelude, readSpec } from './prelude.ts';
import { arbitraryModelText } from './arbitrary-model.ts';

const prelude = readPrelude();
const families = ['families', 'examples'].flatMap((folder) =>
  readdirSync(join(import.meta.dirname, '../../../specs', folder)).map((name) => `${folder}/${name}`),
);

function explicit(text: string): string {
  return printFile(explicitFile(parseFile({ path: 'short.model', text }).ast, prelude));
}

/** What a file means, places apart. */
function meaning(text: string): string {
  const { file, diagnostics } = check(text);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const plain = (key: string, value: unknown): unknown => (key === 'span' || key === 'spans' ? undefined : value);
  return JSON.stringify(
    [errors.map(({ message }) => message), file.models.map(({ name, canonical }) => [name, canonical]), file.towers, file.trains, file.generates], // prettier-ignore
    plain,
    1,
  );
}

describe('fmt --explicit', () => {
  it.each(['quickstart.model', ...families])('%s: means the same, and again the same', (path) => {
    const short = readSpec(path);
    const long = explicit(short);
    expect(meaning(long)).toBe(meaning(short));
    expect(explicit(long)).toBe(long);
  });

  it('writes every key of a model that says almost nothing', () => {
    const long = explicit(
      'model M { vocab = 256; d_model = 256; mixer attn = gqa { heads = 4 }; ffn mlp = glu { width = 512 } }',
    );
    for (const said of [
      'n_layers = round(d_model / aspect)',
      'aspect = 128',
      'context = 1024',
      'norm rms {',
      'kv_heads = heads',
      'head_dim = d_model / heads',
      'dim = partial * head_dim',
      'pairing = half',
      'h = x + attn(rms.mix(x))',
      'cycle [main]',
      'norm = rms',
      'default = trunc_normal(std = 0.02, cut = 3)',
    ]) {
      expect(long).toContain(said);
    }
    // `ratio` gives the width, and the width is given.
    expect(long).not.toContain('ratio');
  });

  it('means the same for generated models', () => {
    fc.assert(
      fc.property(arbitraryModelText, (short) => {
        expect(check(short).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        const long = explicit(short);
        expect(meaning(long)).toBe(meaning(short));
        expect(explicit(long)).toBe(long);
      }),
      { numRuns: 60 },
    );
  });
});

describe('fmt of generated models', () => {
  it('changes no meaning, and nothing the second time', () => {
    fc.assert(
      fc.property(arbitraryModelText, (text) => {
        const once = printFile(parseFile({ path: 'text.model', text }).ast);
        expect(meaning(once)).toBe(meaning(text));
        expect(printFile(parseFile({ path: 'once.model', text: once }).ast)).toBe(once);
      }),
      { numRuns: 100 },
    );
  });

  it('gives canonical forms that check back to themselves', () => {
    fc.assert(
      fc.property(arbitraryModelText, (text) => {
        for (const { canonical } of check(text).file.models) {
          const [again] = check(canonical).file.models;
          expect(again?.canonical).toBe(canonical);
        }
      }),
      { numRuns: 100 },
    );
  });
});
