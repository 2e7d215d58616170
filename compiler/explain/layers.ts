// Takes: a checked model. Gives: its per-layer table and its equations in words a person reads.
// Promises: layers that are equal stand in one row.
import type { BlockExpr, Layer } from '../2-check/model.ts';
import { describeFfn, describeMixer } from './describe.ts';

export interface LayerRow {
  /** `0..3` or `0, 2, 4` */
  readonly layers: string;
  readonly count: number;
  readonly block: string;
  readonly equations: readonly string[];
  readonly mixers: readonly string[];
  readonly ffns: readonly string[];
}

/** Of a model or a tower. */
export function layerRows({ layers }: { readonly layers: readonly Layer[] }): LayerRow[] {
  const rows = new Map<string, { indices: number[]; layer: Layer }>();
  for (const layer of layers) {
    const key = JSON.stringify([layer.block, rowFacts(layer)]);
    const row = rows.get(key) ?? { indices: [], layer };
    row.indices.push(layer.index);
    rows.set(key, row);
  }
  return [...rows.values()].map(({ indices, layer }) => ({
    layers: ranges(indices),
    count: indices.length,
    block: layer.block,
    ...rowFacts(layer),
  }));
}

function rowFacts({ equations }: Layer): Pick<LayerRow, 'equations' | 'mixers' | 'ffns'> {
  const mixers = new Map<string, string>();
  const ffns = new Map<string, string>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'mixer') mixers.set(expr.name, describeMixer(expr.spec));
    if (expr.kind === 'ffn') ffns.set(expr.name, describeFfn(expr.spec));
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    else if ('input' in expr) visit(expr.input);
  };
  equations.forEach(({ value }) => visit(value));
  const list = (map: Map<string, string>): string[] => [...map].map(([name, text]) => `${name}: ${text}`);
  return {
    equations: equations.map(({ name, value }) => `${name} = ${printBlockExpr(value)}`),
    mixers: list(mixers),
    ffns: list(ffns),
  };
}

/** `x + attn(rms.mix(x))` */
export function printBlockExpr(expr: BlockExpr): string {
  switch (expr.kind) {
    case 'ref':
      return expr.name;
    case 'number':
      return String(expr.value);
    case 'arithmetic': {
      const side = (part: BlockExpr): string => {
        const loose = part.kind === 'arithmetic' && '+-'.includes(part.operator) && !'+-'.includes(expr.operator);
        return loose ? `(${printBlockExpr(part)})` : printBlockExpr(part);
      };
      return `${side(expr.left)} ${expr.operator} ${side(expr.right)}`;
    }
    case 'norm':
      return `${expr.instance}(${printBlockExpr(expr.input)})`;
    case 'mixer':
    case 'ffn':
      return `${expr.name}(${printBlockExpr(expr.input)})`;
  }
}

/** As `explain` prints a row. */
export function layerLines({ layers, count, block, equations, mixers, ffns }: LayerRow): string[] {
  return [`  ${layers}  (${count} x ${block})`, ...[...equations, ...mixers, ...ffns].map((line) => `    ${line}`)];
}

/** [0, 1, 2, 5] -> `0..2, 5`; evenly spaced ones as `0, 2, .. 10`. */
function ranges(indices: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const index of indices) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else parts.push([index, index]);
  }
  const texts = parts.map(([from, to]) => (from === to ? String(from) : `${from}..${to}`));
  return texts.length <= 8 ? texts.join(', ') : `${texts.slice(0, 3).join(', ')}, .. ${texts.at(-1) ?? ''}`;
}
