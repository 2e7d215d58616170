// Takes: a contract group. Gives: the tile of registers that suits a software adapter, and devices without workgroup memory.
// Promises: a function of the group's sizes and the target alone; small products get small tiles, which compile soon.
import type { ContractGroup } from '../../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../../7-plan/plan.ts';
import { pointCount } from '../../analysis/touched.ts';
import { loopsOf } from '../../analysis/contract-loops.ts';
import { registerTileWorkgroups } from './register-tile.ts';
import type { RegisterTile } from './register-tile.ts';

const LANES = 8;
/** Multiply-adds from which a product gains from larger tiles what their code costs to compile. */
const LARGE = 1 << 22;
/** Workgroups that keep a few cores busy evenly. */
const BUSY = 16;

interface Sums {
  readonly rows: number;
  readonly columns: number;
  /** Of all accumulators together. */
  readonly all: number;
}

/**
 * Loads decide: each is a gather of 11 ns, 8 lanes one after the other; a multiply-add of 8 lanes takes 0.4 ns, and 1.1 ns more
 * in every turn of a loop, to keep the sums of lanes that are switched off. So a large tile, though its sums do not fit
 * into registers: 1024 x 320 over 128 on two cores, 8 x 2 sums: 5.2 ns for 8 multiply-adds, 16 x 4: 3.1, 32 x 4: 2.9.
 * Steps of k written out one after the other bring nothing (2 at a time: 3.2, 8: 3.6) and take long to compile.
 */
export function softwareTile(group: ContractGroup, target: WebGpuTarget): RegisterTile {
  const large = tileOf(group, target, { rows: 16, columns: 4, all: 64 });
  const work = pointCount(group.batch) * pointCount(group.m) * pointCount(group.n) * stepsOf(group);
  return work >= LARGE && registerTileWorkgroups(group, large) >= BUSY ? large : smallTile(group, target);
}

export function smallTile(group: ContractGroup, target: WebGpuTarget): RegisterTile {
  return tileOf(group, target, { rows: 8, columns: 4, all: 16 });
}

function tileOf(group: ContractGroup, target: WebGpuTarget, most: Sums): RegisterTile {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const rows = Math.ceil(m / Math.ceil(m / most.rows));
  const columns = Math.floor(Math.min(most.all / group.accumulators.length / rows, n / LANES, most.columns));
  const broadcast = target.features.includes('subgroups') && target.subgroupSize === LANES;
  return { kind: 'register', rows, columns: Math.max(1, columns), lanes: LANES, broadcast };
}

/** Multiply-adds for one element of the result. */
const stepsOf = (group: ContractGroup): number =>
  loopsOf(group).reduce((sum, { k, products }) => sum + pointCount(k) * products.length, 0);
