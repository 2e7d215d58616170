// Takes: the stack of a model or of a tower. Gives: its layers, with their equations.
// Promises: layers of one label share their equations when nothing in them depends on the layer.
import type { Section } from '../evaluate/section.ts';
import type { Equation, Layer } from '../model.ts';
import { blockCall, expandBlock, labelOf } from './block.ts';
import type { Stack } from './stack.ts';

/** @throws Stop */
export function resolveLayers(stack: Stack, section: Section): readonly Layer[] {
  const shared = new Map<string, readonly Equation[]>();
  const { state } = section.world;
  return stack.places.map(({ expr, named }, index) =>
    atLayer(section, index, () => {
      const call = blockCall(expr, section);
      const block = labelOf(call, named);
      const known = shared.get(block);
      if (known !== undefined) return { index, block, equations: known };
      state.usesLayer = false;
      const equations = expandBlock(call, named, section);
      if (!state.usesLayer) shared.set(block, equations);
      return { index, block, equations };
    }),
  );
}

/** `layer` is that number while `run` runs. */
export function atLayer<T>(section: Section, layer: number, run: () => T): T {
  const { state } = section.world;
  const outer = state.layer;
  state.layer = layer;
  try {
    return run();
  } finally {
    state.layer = outer;
  }
}
