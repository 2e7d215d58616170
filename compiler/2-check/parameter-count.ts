// Takes: a checked model. Gives: how many parameters it has.
// Promises: each weight once; equals the sum over the parameters that 3-graph/model/parameters.ts lists.
import type { BlockExpr, Equation, FfnSpec, MixerSpec, Model, NormSpec } from './model.ts';

export function parameterCount(model: Model): number {
  const { vocab, dModel, embed, head } = model;
  const layers = new Map<readonly Equation[], number>();
  let total = vocab * dModel + (embed.positions?.length ?? 0) * dModel + normSize(embed.norm, dModel);
  for (const { equations } of model.layers) {
    const size = layers.get(equations) ?? layerSize(equations, dModel);
    layers.set(equations, size);
    total += size;
  }
  return total + normSize(head.norm, dModel) + (embed.tied ? 0 : vocab * dModel) + (head.bias ? vocab : 0);
}

function layerSize(equations: readonly Equation[], dModel: number): number {
  const parts = new Map<string, number>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if (!('input' in expr)) return;
    visit(expr.input);
    if (expr.kind === 'norm') parts.set(expr.instance, normSize(expr.spec, dModel));
    else parts.set(expr.name, expr.kind === 'mixer' ? mixerSize(expr.spec, dModel) : ffnSize(expr.spec, dModel));
  };
  equations.forEach(({ value }) => visit(value));
  return [...parts.values()].reduce((sum, size) => sum + size, 0);
}

function normSize(spec: NormSpec | null, width: number): number {
  return spec === null ? 0 : width * ((spec.gain === 'none' ? 0 : 1) + (spec.bias ? 1 : 0));
}

function linear(out: number, input: number, bias: boolean): number {
  return out * input + (bias ? out : 0);
}

function mixerSize({ heads, kvHeads, headDim, q, k, v, o, qkNorm }: MixerSpec, dModel: number): number {
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const norms = [queries, keys].map((width) => normSize(qkNorm, qkNorm?.per === 'head' ? headDim : width));
  return (
    linear(queries, dModel, q.bias) +
    linear(keys, dModel, k.bias) +
    linear(keys, dModel, v.bias) +
    linear(dModel, queries, o.bias) +
    norms.reduce((sum, size) => sum + size, 0)
  );
}

function ffnSize(spec: FfnSpec, dModel: number): number {
  const gate = spec.kind === 'glu' ? linear(spec.width, dModel, spec.gate.bias) : 0;
  return gate + linear(spec.width, dModel, spec.up.bias) + linear(dModel, spec.width, spec.down.bias);
}
