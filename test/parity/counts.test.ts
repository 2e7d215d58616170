// Takes: ../shared/parity. Gives: proof that a family's .model has as many parameters as its checkpoint has numbers.
// Promises: every family there that the language can say; buffers on disk that are no parameters are named.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elements } from '../../compiler/2-check/parameters/parameter.ts';
import { parameterCount, parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { modelOf } from '../compiler/2-check/prelude.ts';
import { hasFixture, readSizes } from './fixtures.ts';

/** Buffers that a checkpoint carries: selection biases of routers, tables of fixed decays, constants of activations. */
const buffers = /act_fn\.(beta|eps)|e_score_correction_bias|slope_rate|(query|key|diagonal)_decay/;

/** `models`: families that can be run; `counted`: families that can be checked and counted. */
const files = ['models', 'counted'].flatMap((folder) =>
  readdirSync(join(import.meta.dirname, folder)).map((file) => [file.replace('.model', ''), folder] as const),
);

describe('parameters of checkpoints', () => {
  it.each(files)('%s (%s)', async (family, folder) => {
    const model = modelOf(readFileSync(join(import.meta.dirname, folder, `${family}.model`), 'utf8'));
    const { total } = parameterCount(model);
    const all = parameters(model).reduce((sum, parameter) => sum + elements(parameter), 0);
    expect(total).toBe(all);
    if (!hasFixture(family)) return;
    const sizes = [...(await readSizes(family))].filter(([name]) => !buffers.test(name));
    expect(total).toBe(sizes.reduce((sum, [, size]) => sum + size, 0));
  });
});
