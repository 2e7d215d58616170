// Takes: nothing. Gives: analyses of texts as the server makes them, and the texts of specs.
// Promises: the prelude is parsed once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { Analysis, parsePrelude } from '../../../runtime/lsp/analysis.ts';
import { root } from './client.ts';

export const prelude = parsePrelude();

export const uri = 'file:///test.model';

export function analysisOf(text: string): Analysis {
  return new Analysis(uri, { path: '/test.model', text }, prelude);
}

/** Every .model file of specs, std apart. */
export const specs: readonly { readonly path: string; readonly text: string }[] = globSync('specs/**/*.model', {
  cwd: root,
  ignore: ['specs/std/**'],
})
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
