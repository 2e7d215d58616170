// Takes: ../shared/parity. Gives: proof that a family's .model has as many parameters as its checkpoint has numbers.
// Promises: families that can be checked and counted, but not run yet; buffers on disk that are no parameters are named.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elements } from '../../compiler/2-check/parameters/parameter.ts';
import { parameterCount, parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import { modelOf } from '../compiler/2-check/prelude.ts';

/** Buffers that a checkpoint carries: selection biases of routers, tables of fixed decays, constants of activations. */
const buffers = /act_fn\.(beta|eps)|e_score_correction_bias|slope_rate|(query|key|diagonal)_decay/;

const folder = join(import.meta.dirname, 'counted');
const shared = resolve(import.meta.dirname, '../../../shared/parity');
const families = readdirSync(folder).map((file) => file.replace('.model', ''));

describe('parameters of checkpoints', () => {
  it.each(families)('%s', async (family) => {
    const model = modelOf(readFileSync(join(folder, `${family}.model`), 'utf8'));
    const { total } = parameterCount(model);
    const all = parameters(model).reduce((sum, parameter) => sum + elements(parameter), 0);
    expect(total).toBe(all);
    const checkpoint = join(shared, family, 'before.safetensors');
    if (!existsSync(checkpoint)) return;
    const { tensors } = await readSafetensors(checkpoint);
    const sizes = [...tensors].filter(([name]) => !buffers.test(name)).map(([, { data }]) => data.length);
    expect(total).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });
});
