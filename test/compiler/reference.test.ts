// Takes: the schema and the prelude. Gives: proof that grammar/reference is what they say.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allKinds } from '../../compiler/2-check/schema/register.ts';
import { referenceOf, referencePages } from '../../compiler/reference/pages.ts';
import { readPrelude } from './2-check/prelude.ts';

const folder = join(import.meta.dirname, '..', '..', 'grammar', 'reference');
const pages = referencePages(readPrelude());

describe('grammar/reference', () => {
  it('has the pages of the schema and no others (npm run reference)', () => {
    expect(readdirSync(folder).sort()).toEqual(pages.map(({ file }) => file).sort());
  });

  it.each(pages)('$file is up to date (npm run reference)', ({ file, text }) => {
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });

  it('has every constructor and every key, each said in words', () => {
    const text = pages.map((page) => page.text).join('\n');
    for (const { name, about, constructors } of allKinds().values()) {
      expect(about.length, name).toBeGreaterThan(6);
      expect(text).toContain(`## ${name}\n`);
      for (const [constructor, made] of Object.entries(constructors)) {
        expect(made.about.length, `${name} ${constructor}`).toBeGreaterThan(1);
        for (const [key, { about: phrase }] of Object.entries(made.keys)) {
          expect(phrase.length, `${name} ${constructor}.${key}`).toBeGreaterThan(4);
          expect(text).toContain(`| \`${key}\``);
        }
      }
    }
  });

  it('finds a constructor by name', () => {
    expect(referenceOf('gqa', readPrelude())).toContain('kv_heads');
    expect(referenceOf('nothing', readPrelude())).toBeNull();
  });
});
