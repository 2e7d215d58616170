// Takes: a contract group. Gives: which of its operands' loads are read 16 bytes at a time along k.
// Promises: a tensor is among them only if every load of it is; one that is stored to, or read by a store, is not.
import type { Expr } from '../../../3-graph/expr.ts';
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import { loopsOf } from '../../analysis/contract-loops.ts';
import type { Loop } from '../../analysis/contract-loops.ts';
import { walk } from '../../analysis/expr-table.ts';
import type { Linear } from '../../analysis/linear.ts';
import { loadedTensors, storeExprs } from '../../analysis/touched.ts';
import { OCTET, QUAD, quadIndex, wideIndex } from '../wide-load.ts';
import { WgslScope } from '../wgsl-scope.ts';

export type Load = Extract<Expr, { kind: 'load' }>;

export interface WideLoads {
  readonly tensors: readonly number[];
  /** By load: the index in steps of 16 bytes along the last axis of k. */
  readonly forms: ReadonlyMap<Load, Linear>;
  /** Neighbours in k that a lane takes at once: as many as the widest load holds; 1: none is wide. */
  readonly vector: number;
}

export function wideLoads(program: Program, group: ContractGroup): WideLoads {
  const loops = loopsOf(group);
  // All loops take as many neighbours a step.
  if (loops.some(({ k }) => (k.at(-1)?.size ?? 1) % OCTET !== 0)) return { tensors: [], forms: new Map(), vector: 1 };
  const narrow = new Set([...loadedTensors(storeExprs(group.stores)), ...group.stores.map(({ tensor }) => tensor)]);
  const found = loops.flatMap((loop) =>
    loadsOf(loop).map((load) => ({ load, form: formOf(program, group, loop, load) })),
  );
  for (const { load, form } of found) if (form === null) narrow.add(load.tensor);
  const wide = found.filter(({ load }) => !narrow.has(load.tensor));
  const forms = new Map(wide.flatMap(({ load, form }) => (form === null ? [] : [[load, form] as const])));
  const tensors = [...new Set(wide.map(({ load }) => load.tensor))];
  const isHalf = [...forms.keys()].some(({ type }) => type === 'f16');
  return { tensors, forms, vector: forms.size === 0 ? 1 : isHalf ? OCTET : QUAD };
}

/** Each distinct object once. */
export function loadsOf({ products }: Loop): readonly Load[] {
  const loads: Load[] = [];
  walk(products.flatMap(({ a, b }) => [a, b]), (expr) => {
    if (expr.kind === 'load') loads.push(expr);
  }); // prettier-ignore
  return loads;
}

function formOf(program: Program, group: ContractGroup, { k }: Loop, load: Load): Linear | null {
  const last = k.at(-1);
  if (last === undefined || last.size % OCTET !== 0) return null;
  const scope = WgslScope.root(program, String);
  for (const [i, axes] of [group.batch, group.m, group.n, k].entries()) scope.bindAxes(axes, `at${i}`);
  return wideIndex(program, scope, load, last) ?? quadIndex(program, scope, load, last);
}
