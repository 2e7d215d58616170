import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evenBatches, randomBatch, requireLength, type Tokens } from '../../../runtime/data/batches.ts';
import { readCorpus } from '../../../runtime/data/corpus.ts';
import { openTokenizer } from '../../../runtime/tokenizer/open-tokenizer.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-corpus-'));
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'b.txt'), 'bbbbbbbbbB');
  writeFileSync(join(folder, 'deep', 'a.txt'), 'aaaaaaaaaA');
  writeFileSync(join(folder, 'empty.md'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = (tokens: Tokens): string => String.fromCharCode(...tokens);

describe('corpus', () => {
  it('reads globs and paths in a fixed order and holds out the end of every file', async () => {
    const corpus = await readCorpus(['deep/*.txt', 'b.txt', '**/b.txt'], folder, 0.1);
    expect([text(corpus.train), text(corpus.held), corpus.files]).toEqual(['bbbbbbbbbaaaaaaaaa', 'BA', 2]);
  });

  it('has a fingerprint of its content', async () => {
    const [one, same, other] = await Promise.all([
      readCorpus(['b.txt'], folder, 0.1),
      readCorpus(['*.txt'], folder, 0.1),
      readCorpus(['b.txt'], folder, 0.2),
    ]);
    expect(one.fingerprint).toBe(same.fingerprint);
    expect(one.fingerprint).not.toBe(other.fingerprint);
  });

  it.each([
    [['missing.txt'], /cannot read the data file .*missing\.txt \(ENOENT\); pass --data/],
    [['*.csv'], /no file matches \*\.csv .*pass --data/],
    [['empty.md'], /the data is empty: 1 files of empty\.md hold no bytes/],
  ])('%j is one sentence', async (globs, message) => {
    await expect(readCorpus(globs, folder, 0.1)).rejects.toThrow(message);
  });
});

describe('a corpus by a tokenizer', async () => {
  const tokenizer = await openTokenizer(join(import.meta.dirname, '..', 'tokenizer', 'references', 'byte-level'));

  it('has the tokens of every file and the token that ends a text', async () => {
    const corpus = await readCorpus(['b.txt', 'deep/a.txt'], folder, 0, { tokenizer });
    const of = (source: string): number[] => [...tokenizer.encode(source), tokenizer.end ?? -1];
    expect([...corpus.train]).toEqual([...of('bbbbbbbbbB'), ...of('aaaaaaaaaA')]);
    expect(corpus.train).toBeInstanceOf(Uint16Array);
    expect((await readCorpus(['b.txt'], folder, 0.5, { tokenizer })).fingerprint).not.toBe(corpus.fingerprint);
  });

  it('tells how much is read', async () => {
    const told: [number, number][] = [];
    await readCorpus(['b.txt', 'deep/a.txt'], folder, 0, { tokenizer, onProgress: (...each) => void told.push(each) });
    expect(told).toEqual([
      [10, 20],
      [20, 20],
    ]);
  });

  it.each([
    [{ vocab: 300 }, 'b.txt', /tokenizer\.json has 400 tokens, but the model's vocabulary has 300: it is the tokenizer of another model/], // prettier-ignore
    [
      { vocab: 400 },
      'tool.txt',
      /the text has the token <tool> \(400\) of .*, but the model's vocabulary ends at 399; leave it out/,
    ],
    [{}, 'latin.txt', /the data file .*latin\.txt is not UTF-8 text; a tokenizer needs text/],
  ])('%j and %s is one sentence', async (options, file, message) => {
    writeFileSync(join(folder, 'tool.txt'), 'a <tool> b');
    writeFileSync(join(folder, 'latin.txt'), Uint8Array.of(65, 0xe9, 66));
    await expect(readCorpus([file], folder, 0.1, { tokenizer, ...options })).rejects.toThrow(message);
  });
});

describe('batches', () => {
  const tokens = Uint8Array.from({ length: 100 }, (_, i) => i);

  it('are sequences with their next tokens, a function of seed and index', () => {
    const batch = randomBatch(tokens, 4, 8, 1, 0);
    expect(batch.labels).toEqual(batch.tokens.map((token) => token + 1));
    expect(randomBatch(tokens, 4, 8, 1, 0)).toEqual(batch);
    expect(randomBatch(tokens, 4, 8, 1, 1)).not.toEqual(batch);
    expect(randomBatch(tokens, 4, 8, 2, 0)).not.toEqual(batch);
  });

  it('reach every place', () => {
    const firsts = new Set(Array.from({ length: 2000 }, (_, i) => randomBatch(tokens, 1, 8, 1, i).tokens[0]));
    expect(firsts.size).toBe(92);
  });

  it('spread validation over the whole text', () => {
    const batches = evenBatches(tokens, 2, 10, 5);
    expect(batches.length).toBe(5);
    expect(batches[0]?.tokens[0]).toBe(0);
    expect(batches[4]?.tokens[10]).toBe(89);
  });

  it('say how much is missing', () => {
    expect(() => requireLength(tokens, 99, 'training')).not.toThrow();
    expect(() => requireLength(tokens, 100, 'training')).toThrow(
      'the training data has 100 tokens, a sequence needs 101',
    );
  });
});
