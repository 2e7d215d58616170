// Takes: an ffn's name in a model. Gives: its FfnSpec.
import type { FfnSpec, ProjectionSpec } from '../model.ts';
import { ffnKind } from '../schema/ffn-kinds.ts';
import { buildOf } from '../schema/register.ts';
import type { Slot } from '../schema/key-type.ts';
import { initOf } from './init.ts';

/** @throws Stop */
export function ffnSpec(slot: Slot): FfnSpec {
  const made = buildOf(slot, ffnKind);
  const { chain } = made.construct;
  const projection = (part: string, bias: boolean): ProjectionSpec => ({
    bias,
    init: initOf(slot.section, { role: 'ffn', chain, part }),
  });
  const { act, width } = made.keys;
  if (made.constructor === 'mlp') {
    const { bias } = made.keys;
    return { kind: 'mlp', act, width, up: projection('up', bias.up), down: projection('down', bias.down) };
  }
  const { bias } = made.keys;
  return {
    kind: 'glu',
    act,
    width,
    clamp: null,
    upOffset: 0,
    gate: projection('gate', bias.gate),
    up: projection('up', bias.up),
    down: projection('down', bias.down),
  };
}
