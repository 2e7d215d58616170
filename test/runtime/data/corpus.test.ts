import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evenBatches, randomBatch, requireLength } from '../../../runtime/data/batches.ts';
import { readCorpus } from '../../../runtime/data/corpus.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-corpus-'));
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'b.txt'), 'bbbbbbbbbB');
  writeFileSync(join(folder, 'deep', 'a.txt'), 'aaaaaaaaaA');
  writeFileSync(join(folder, 'empty.md'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

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
