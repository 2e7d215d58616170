// Takes: the layers of a model, resolved. Gives: faults of `kv_from`.
// Promises: E8: keys and values come from an earlier layer that has its own, of the same shape, under the same kind of mask.
import { fail, type Section } from '../../evaluate/section.ts';
import type { BlockExpr, GqaSpec, Layer, MaskSpec, MixerSpec } from '../../model.ts';

interface Place {
  readonly name: string;
  readonly spec: GqaSpec;
  readonly expr: BlockExpr;
  /** Inside experts: not every token has its keys. */
  readonly routed: boolean;
}

/** @throws Stop */
export function checkKvFrom(layers: readonly Layer[], section: Section): void {
  const mixers = layers.map(gqaIn);
  mixers.forEach((own, layer) => {
    for (const place of own) {
      const { name, spec, expr } = place;
      if (spec.kvFrom === null) continue;
      const message = faultOf(place, layer, mixers);
      if (message === null) continue;
      const draft = section.body.keys.get(name)?.body?.keys.get('kv_from');
      const fix = 'kv_from = none, or an earlier layer with keys of its own, such as layer - layer % 2';
      fail(section, 'kv-from', draft?.value?.span ?? expr.span, { mixer: name, layer, message }, { fix });
    }
  });
}

function faultOf({ name, spec, routed }: Place, layer: number, mixers: readonly (readonly Place[])[]): string | null {
  const from = spec.kvFrom ?? layer;
  if (routed) return `${from}, but it stands inside experts, whose keys only some tokens have`;
  if (from < 0) return `${from} is before the first layer`;
  if (from > layer) return `${from} is no earlier layer`;
  const there = (mixers[from] ?? []).filter((each) => !each.routed);
  const other = there.find((each) => each.name === name) ?? there[0];
  if (other === undefined) return `${from}, which has no keys and values`;
  if (other.spec.kvFrom !== null) return `${from}, which takes its own from layer ${other.spec.kvFrom}`;
  const [mine, theirs] = [shapeOf(spec), shapeOf(other.spec)];
  if (mine !== theirs) return `${from}, which has ${theirs}, not ${mine}`;
  const [mask, otherMask] = [kindOf(spec.mask), kindOf(other.spec.mask)];
  return mask === otherMask ? null : `${from}, whose mask is ${otherMask}, not ${mask}`;
}

function shapeOf({ kvHeads, headDim, vDim }: GqaSpec): string {
  return `${kvHeads} kv_heads of ${headDim}${vDim === headDim ? '' : ` and ${vDim}`}`;
}

/** Sizes of windows and chunks apart. */
function kindOf(mask: MaskSpec): string {
  return mask.kind === 'all' ? mask.parts.map(kindOf).toSorted().join(' & ') : mask.kind;
}

function gqaIn({ equations }: Layer): Place[] {
  const found: Place[] = [];
  const add = (name: string, spec: MixerSpec, expr: BlockExpr, routed: boolean): void => {
    if (spec.kind === 'gqa') found.push({ name, spec, expr, routed });
    if (spec.kind === 'experts') add(`${name}.expert`, spec.expert, expr, true);
  };
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'mixer') add(expr.name, expr.spec, expr, false);
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    else if ('input' in expr) visit(expr.input);
  };
  equations.forEach(({ value }) => visit(value));
  return found;
}
