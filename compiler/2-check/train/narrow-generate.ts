// Takes: a generate block of the language. Gives: what can be generated with it today, or what of it is not built yet.
// Promises: as narrow.ts: every key that is not heeded is told, unless it is at its default.
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import type { GenerateBlock, GenerateSpec, QuantBlock } from '../model.ts';
import type { Narrowed } from './narrow.ts';

export function generateSpecOf(block: GenerateBlock): Narrowed<GenerateSpec> {
  const { name, model, sample, maxTokens, stop, cache, span, spans } = block;
  const { temperature, topK, topP, minP } = sample;
  const isPlain = cache.dtype === 'f32' && cache.layout.kind === 'contiguous' && Object.keys(cache.mixers).length === 0;
  const later: readonly (readonly [string, string, boolean])[] = [
    ['sample', 'typical_p', sample.typicalP !== null],
    ['sample', 'repetition_penalty', sample.repetitionPenalty !== 1],
    ['sample', 'seed', sample.seed !== null],
    ['cache', 'cache', !isPlain],
    ['quant', 'quant', block.quant !== null && !isHalves(block.quant)],
    ['speculate', 'speculate', block.speculate !== null],
    ['unmask', 'unmask', block.unmask !== null],
    ['beam', 'beam', block.beam !== null],
    ['template', 'template', block.template !== null],
    ['grammar', 'grammar', block.grammar !== null],
    ...Object.entries(block.absorb).map(([mixer, on]) => [mixer, `${mixer}.absorb`, on] as const),
  ];
  const missing: Diagnostic[] = later.flatMap(([at, key, inForce]) =>
    inForce ? [diagnostic('todo-key', spans[at] ?? span, { key, owner: at === 'sample' ? 'sample' : 'generate' })] : [],
  );
  if (missing.length > 0) return { missing };
  const weights = block.quant && isHalves(block.quant) ? { format: 'f16' as const, keep: block.quant.keep } : null;
  return { spec: { name, model, temperature, topK, topP, minP, maxTokens, stop, weights, span } };
}

const isHalves = ({ weights, activations }: QuantBlock): boolean => weights?.kind === 'f16' && activations === null;
