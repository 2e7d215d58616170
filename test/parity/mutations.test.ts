import { describe, expect, it } from 'vitest';
import type { BlockExpr, GqaSpec, Model, NormSpec } from '../../compiler/2-check/model.ts';
import { sharedReferences } from '../runtime/parity/folders.ts';
import { logitsError, withReference } from './check-reference.ts';

/** A model with its mixers and norms changed. */
function changed(
  model: Model,
  mixer: (spec: GqaSpec) => GqaSpec,
  norm: (spec: NormSpec) => NormSpec = (spec) => spec,
): Model {
  const change = (e: BlockExpr): BlockExpr => {
    switch (e.kind) {
      case 'ref':
      case 'number':
        return e;
      case 'arithmetic':
        return { ...e, left: change(e.left), right: change(e.right) };
      case 'norm':
        return { ...e, spec: norm(e.spec), input: change(e.input) };
      case 'mixer':
        return { ...e, spec: e.spec.kind === 'gqa' ? mixer(e.spec) : e.spec, input: change(e.input) };
      case 'ffn':
        break;
    }
    return { ...e, input: change(e.input) };
  };
  const layers = model.layers.map((layer) => ({
    ...layer,
    equations: layer.equations.map((equation) => ({ ...equation, value: change(equation.value) })),
  }));
  return { ...model, layers };
}

const rope = (change: Partial<NonNullable<GqaSpec['rope']>>) => (model: Model) =>
  changed(model, (spec) => ({ ...spec, rope: spec.rope && { ...spec.rope, ...change } }));
const mixer = (change: Partial<GqaSpec>) => (model: Model) => changed(model, (spec) => ({ ...spec, ...change }));

// What no shape shows: the fixtures must tell each of these apart, or they prove nothing. (An eps ten times larger they
// do not.)
describe('a wrong knob is noticed', () => {
  it.skipIf(sharedReferences.length === 0).each<[string, string, (model: Model) => Model]>([
    ['llama', 'pairing', rope({ pairing: 'interleaved' })],
    ['llama', 'theta', rope({ theta: 20_000 })],
    ['llama', 'no rope', mixer({ rope: null })],
    ['llama', 'scale', mixer({ scale: 0.25 })],
    ['llama3', 'no scaling', rope({ scaling: { kind: 'none' } })],
    ['llama_linear', 'no scaling', rope({ scaling: { kind: 'none' } })],
    ['llama_yarn', 'no scaling', rope({ scaling: { kind: 'none' } })],
    ['llama_yarn', 'not truncated', (model) => changed(model, (spec) => ({ ...spec, rope: spec.rope && { ...spec.rope, scaling: { ...spec.rope.scaling, truncate: false } as never } }))], // prettier-ignore
    ['mistral', 'window off by one', mixer({ mask: { kind: 'all', parts: [{ kind: 'causal' }, { kind: 'window', size: 7 }] } })], // prettier-ignore
    ['gemma2', 'no softcap', mixer({ softcap: null })],
    ['gemma2', 'no final softcap', (model) => ({ ...model, head: { ...model.head, softcap: null } })],
    ['qwen3', 'norm after rope', (model) => changed(model, (spec) => ({ ...spec, qkNorm: spec.qkNorm && { ...spec.qkNorm, order: 'after_rope' } }))], // prettier-ignore
    ['hunyuan', 'norm before rope', (model) => changed(model, (spec) => ({ ...spec, qkNorm: spec.qkNorm && { ...spec.qkNorm, order: 'before_rope' } }))], // prettier-ignore
    ['stablelm', 'norm kind', (model) => changed(model, (spec) => spec, (norm) => ({ ...norm, kind: 'rms' }))], // prettier-ignore
    ['gemma', 'gain', (model) => changed(model, (spec) => spec, (norm) => ({ ...norm, gain: 'weight' }))], // prettier-ignore
    ['gemma', 'embedding scale', (model) => ({ ...model, embed: { ...model.embed, scale: 7 } })],
  ])('%s: %s', async (name, _, mutate) => {
    const folder = sharedReferences.find((each) => each.name === name);
    if (folder === undefined) throw new Error(`no reference ${name}`);
    expect(await withReference(folder.path, logitsError, mutate)).toBeGreaterThan(2e-4);
  });
});
