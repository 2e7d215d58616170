// Takes: test/errors/<code>/input.model. Gives: proof that the diagnostics printed are those in expected.txt.
// Promises: every code of the catalogue has a case that shows it. `vitest -u` rewrites the expected texts.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFile } from '../compiler/2-check/check.ts';
import { trainSpecOf } from '../compiler/2-check/train/narrow.ts';
import { generateSpecOf } from '../compiler/2-check/train/narrow-generate.ts';
import { unbuilt } from '../compiler/3-graph/model/unbuilt.ts';
import { parseFile } from '../compiler/1-syntax/parse-file.ts';
import { formatDiagnostic } from '../compiler/diagnostics.ts';
import { reportsOf } from '../compiler/explain/report.ts';
import { messages } from '../compiler/messages.ts';
import { readPrelude } from './compiler/2-check/prelude.ts';

const folder = join(import.meta.dirname, 'errors');
const prelude = readPrelude();

describe('diagnostics', () => {
  it('has a case for every code of the catalogue', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(messages).sort());
  });

  for (const code of Object.keys(messages)) {
    it(code, async () => {
      const path = join(folder, code, 'input.model');
      expect(existsSync(path)).toBe(true);
      const { ast, diagnostics: syntax } = parseFile({ path: 'input.model', text: readFileSync(path, 'utf8') });
      const { file, diagnostics } = checkFile(ast, prelude);
      // What is sound and cannot be compiled yet is told when it is compiled.
      const runs = [...file.trains.map(trainSpecOf), ...file.generates.map(generateSpecOf)];
      const later = [...file.models.flatMap(unbuilt), ...runs.flatMap(({ missing }) => missing ?? [])];
      const all = [...syntax, ...diagnostics, ...later, ...reportsOf(ast, file)];
      expect(all.map((each) => each.code)).toContain(code);
      const text = all.map((each) => `${formatDiagnostic(each, { color: false })}\n`).join('\n');
      await expect(text).toMatchFileSnapshot(join(folder, code, 'expected.txt'));
    });
  }
});
