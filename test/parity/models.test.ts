import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { families } from './families.ts';

const folder = join(import.meta.dirname, 'models');
const files = readdirSync(folder);

describe('models of the families', () => {
  it('are one file each', () => {
    expect(files.map((file) => file.replace('.model', '')).sort()).toEqual(Object.keys(families).sort());
  });

  it.each(files)('%s parses', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(parseFile({ path: file, text }).diagnostics).toEqual([]);
  });
});
