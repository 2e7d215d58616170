// Takes: an operand and a block of it. Gives: the statements that write the block as the tile product reads it.
// Promises: every element of the block is evaluated once; four at a time but at the edges; columns that fill a panel up are 0.
import type { Axis } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, effect, f32x4, i32, mul, op, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { Lanes } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { Operand } from './operand.ts';
import { PANEL, PANEL_BYTES } from './tile-product.ts';
import { transpose } from './transpose.ts';

/** Points first..end of the side (first a multiple of 16) and from..to of k (from a multiple of 4); all simple i32. */
export interface Block {
  readonly first: Code;
  readonly end: Code;
  readonly from: Code;
  readonly to: Code;
}

/** Element (s, k) of a group lies at its address + (s - first of the group) * sideStep + k * kStep. */
interface Target {
  readonly sideStep: number;
  readonly kStep: number;
  /** Address of the group that begins at a point of the side. */
  readonly address: (scope: WasmScope, point: Code) => Code;
}

/** Rows of k, `rowBytes` apart. */
export function packRows(scope: WasmScope, operand: Operand, block: Block, rowBytes: number, to: Code): void {
  const start = scope.let(sub(to, mul(block.from, i32(4))), 'start');
  const address = (inner: WasmScope, point: Code): Code => inner.let(add(start, mul(sub(point, block.first), i32(rowBytes))), 'at'); // prettier-ignore
  const packing = new Packing(operand, block, { sideStep: rowBytes, kStep: 4, address });
  if (operand.along === 'k') return packing.singles(scope, block.first);
  const fours = scope.let(endOfGroups(block, 4), 'fours');
  packing.transposed(scope, block.first, fours);
  if (pointCount(operand.side) % 4 > 0) packing.singles(scope, fours);
}

/** Panels of 16 columns, each with the columns of one k side by side. */
export function packPanels(scope: WasmScope, operand: Operand, block: Block, to: Code): void {
  const columns = pointCount(operand.side);
  const depth = scope.simple(sub(block.to, block.from), 'depth');
  const start = scope.let(sub(to, mul(block.from, i32(PANEL_BYTES))), 'start');
  const address = (inner: WasmScope, point: Code): Code => {
    const column = inner.simple(sub(point, block.first), 'column');
    const panel = mul(mul(op('i32.and', [column, i32(-PANEL)]), depth), i32(4));
    return inner.let(add(add(start, panel), mul(op('i32.and', [column, i32(PANEL - 1)]), i32(4))), 'at');
  };
  const packing = new Packing(operand, block, { sideStep: 4, kStep: PANEL_BYTES, address });
  const whole = scope.let(endOfGroups(block, PANEL), 'whole');
  if (columns % PANEL > 0)
    scope.when(op('i32.lt_s', [whole, block.end]), (inner) => {
      const panel = inner.let(add(address(inner, whole), mul(block.from, i32(PANEL_BYTES))), 'panel');
      const bytes = mul(depth, i32(PANEL_BYTES));
      inner.loop(i32(0), bytes, 16, (each, at) => each.push(effect('v128.store', [add(panel, at), f32x4(0)])), 'zero');
    });
  const fours = columns % PANEL === 0 ? whole : scope.let(endOfGroups(block, 4), 'fours');
  if (operand.along === 'k') packing.transposed(scope, block.first, fours);
  else {
    packing.copied(scope, block.first, whole, PANEL / 4);
    if (columns % PANEL > 0) packing.copied(scope, whole, fours, 1);
  }
  if (columns % 4 > 0) packing.singles(scope, fours);
}

/** Where the last whole group of the block ends. */
const endOfGroups = ({ first, end }: Block, group: number): Code =>
  add(first, op('i32.and', [sub(end, first), i32(-group)]));

class Packing {
  private readonly operand: Operand;
  private readonly block: Block;
  private readonly target: Target;

  constructor(operand: Operand, block: Block, target: Target) {
    this.operand = operand;
    this.block = block;
    this.target = target;
  }

  /** One point of the side after the other; four of k where they lie side by side when packed. */
  singles(scope: WasmScope, from: Code): void {
    const { operand, block, target } = this;
    scope.loop(from, block.end, 1, (inner, point) => {
      inner.bindAxes(operand.side, point);
      const at = target.address(inner, point);
      const write = (each: WasmScope, lanes: Lanes, k: Code): void => {
        const value = lanes === 4 ? each.wide(operand.expr) : each.expr(operand.expr).code;
        const address = add(at, mul(k, i32(target.kStep)));
        each.push(effect(lanes === 4 ? 'v128.store' : 'f32.store', [address, value]));
      };
      if (target.kStep === 4) return inner.walkRange(operand.k, block.from, block.to, write, 'k');
      inner.loop(block.from, block.to, 1, (each, k) => {
        each.bindAxes(operand.k, k);
        write(each, 1, k);
      }, 'k'); // prettier-ignore
    }, 's'); // prettier-ignore
  }

  /** `vectors` times four points of the side, as they are packed. */
  copied(scope: WasmScope, from: Code, to: Code, vectors: number): void {
    const { operand, block, target } = this;
    scope.loop(from, to, 4 * vectors, (inner, point) => {
      const at = target.address(inner, point);
      inner.loop(block.from, block.to, 1, (step, k) => {
        step.bindAxes(operand.k, k);
        const address = step.let(add(at, mul(k, i32(target.kStep))), 'to');
        for (let i = 0; i < vectors; i++)
          this.at(step, operand.side, point, 4, 4 * i, (value) =>
            step.push(effect('v128.store', [address, value], { offset: 16 * i })),
          );
      }, 'k'); // prettier-ignore
    }, 's'); // prettier-ignore
  }

  /** Four points of the side and four of k at a time: read along the one, written along the other. */
  transposed(scope: WasmScope, from: Code, to: Code): void {
    const { block, target } = this;
    const fours = scope.simple(endOfGroups({ ...block, first: block.from, end: block.to }, 4), 'foursOfK');
    scope.loop(from, to, 4, (inner, point) => {
      const at = target.address(inner, point);
      inner.loop(block.from, fours, 4, (step, k) => {
        const address = step.let(add(at, mul(k, i32(target.kStep))), 'to');
        const [a = f32x4(0), b = a, c = a, d = a] = [0, 1, 2, 3].map((i) => step.let(this.vector(step, point, k, i)));
        const apart = target.kStep === 4 ? target.sideStep : target.kStep;
        transpose([a, b, c, d], (code) => step.let(code)).forEach((row, i) =>
          step.push(effect('v128.store', [address, row], { offset: i * apart })),
        );
      }, 'k'); // prettier-ignore
      if (pointCount(this.operand.k) % 4 > 0)
        inner.loop(fours, block.to, 1, (step, k) => this.lastStep(step, point, k, at), 'k');
    }, 's'); // prettier-ignore
  }

  /** The i-th of four vectors. */
  private vector(scope: WasmScope, point: Code, k: Code, i: number): Code {
    const { operand } = this;
    const [walked, walkedAt, still, stillAt] = operand.along === 'k' ? [operand.k, k, operand.side, point] : [operand.side, point, operand.k, k]; // prettier-ignore
    let vector: Code | undefined;
    scope.block((inner) => {
      inner.bindAxes(still, stillAt, 1, i);
      inner.bindAxes(walked, walkedAt, 4);
      vector = inner.let(inner.wide(operand.expr));
    });
    return vector ?? f32x4(0);
  }

  /** One step of k of four points of the side. */
  private lastStep(scope: WasmScope, point: Code, k: Code, at: Code): void {
    const { operand, target } = this;
    scope.bindAxes(operand.k, k);
    const address = scope.let(add(at, mul(k, i32(target.kStep))), 'to');
    if (operand.along === 'k')
      for (const i of [0, 1, 2, 3])
        scope.block((inner) => {
          inner.bindAxes(operand.side, point, 1, i);
          inner.push(effect('f32.store', [address, inner.expr(operand.expr).code], { offset: i * target.sideStep }));
        });
    else
      this.at(scope, operand.side, point, 4, 0, (value) => {
        const vector = scope.simple(value);
        for (const lane of [0, 1, 2, 3])
          scope.push(effect('v128.store32_lane', [address, vector], { offset: lane * target.sideStep, lane }));
      });
  }

  private at(
    scope: WasmScope,
    axes: readonly Axis[],
    point: Code,
    lanes: Lanes,
    plus: number,
    use: (value: Code) => void,
  ): void {
    // prettier-ignore
    let value: Code = f32x4(0);
    scope.block((inner) => {
      inner.bindAxes(axes, point, lanes, plus);
      value = inner.let(inner.wide(this.operand.expr));
    });
    use(value);
  }
}
