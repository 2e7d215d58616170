import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forwardGraph } from '../../compiler/3-graph/model/entry-graphs.ts';
import { printGraph } from '../../compiler/3-graph/print-graph.ts';
import { chooseModel, loadModelFile } from '../../runtime/model-file.ts';
import type { Model } from '../../compiler/2-check/model.ts';
import { families } from './families.ts';

const folder = join(import.meta.dirname, 'models');
const files = readdirSync(folder);

describe('models of the families', () => {
  it('are one file each', () => {
    expect(files.map((file) => file.replace('.model', '')).sort()).toEqual(Object.keys(families).sort());
  });

  it.each(Object.entries(families))('%s means the function its weights are for', (name, family) => {
    const model = chooseModel(loadModelFile(join(folder, `${name}.model`), false));
    expect(functionOf(model)).toEqual(functionOf(family.model));
  });
});

/** The forward graph but for the names of mixers and norms, and where nodes came from. */
function functionOf(model: Model): string[] {
  const lines = printGraph(forwardGraph(model)).split('\n').slice(1);
  return lines.map((line) =>
    line
      .replace(/ *#.*$/, '')
      .replace(/layers\.(\d+)\.(?:local|global|nope)\./, 'layers.$1.attn.')
      .replace(/layers\.(\d+)\.ln\./, 'layers.$1.rms.'),
  );
}
