// Takes: a scatter group. Gives: its kernel part.
// Promises: every sum is taken in the order of the items, so the same bits on every run; an item without a bin counts nowhere.
import type { Program, ScatterGroup } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import { pointCount, storeExprs, touchedTensors } from '../analysis/touched.ts';
import { add, effect, i32, i32x4, mul, op, sub } from './code/code.ts';
import type { Code } from './code/code.ts';
import { fourOf, isFloat, least } from './scope/value.ts';
import type { Lanes, Value } from './scope/value.ts';
import { accesses, walkOrder } from './scope/walk-order.ts';
import type { WalkOrder } from './scope/walk-order.ts';
import { WasmScope } from './scope/wasm-scope.ts';
import type { Frame, WasmPart } from './wasm-part.ts';

/** Sums a workgroup holds: they stay in the second cache. */
const SUMS = 65536;

/**
 * A workgroup takes a block of bins and looks at every item. So no more blocks than keep threads busy when items crowd into
 * a few bins, and few where looking at an item costs as much as adding it up.
 */
function binsOfBlock({ bins, axes }: ScatterGroup, target: WasmTarget): number {
  const width = pointCount(axes);
  const blocks = Math.max(1, Math.min(4 * target.threads, Math.floor(width / 8)));
  return Math.max(1, Math.min(Math.floor(SUMS / width), Math.ceil(bins.size / blocks)));
}

export function lowerScatter(program: Program, group: ScatterGroup, target: WasmTarget): WasmPart {
  const exprs = [group.bin, group.value];
  const block = binsOfBlock(group, target);
  const found = accesses(program, target, [group.items, [group.bins], group.axes], exprs, group.stores);
  const order = walkOrder(group.axes, [...found.loads, ...found.stores], found.values);
  return {
    name: group.name,
    family: 'scatter',
    tensors: touchedTensors(exprs, group.stores),
    workgroupSize: 1,
    workgroups: Math.ceil(group.bins.size / block),
    workgroupBytes: 0,
    scratchBytes: Math.ceil(block * pointCount(group.axes) + 4) * 4,
    build: (frame) => {
      const root = WasmScope.root(program, frame, target);
      root.share([...exprs, ...storeExprs(group.stores)]);
      root.loop(frame.begin, frame.end, 1, (scope, wg) => new BlockKernel(group, order, frame).write(scope, wg, block));
      return root.statements;
    },
  };
}

/** The bins of one workgroup. Their sums lie in the scratch memory, row-major over bins and axes. */
class BlockKernel {
  private readonly group: ScatterGroup;
  private readonly order: WalkOrder;
  private readonly frame: Frame;
  private readonly width: number;

  constructor(group: ScatterGroup, order: WalkOrder, frame: Frame) {
    this.group = group;
    this.order = order;
    this.frame = frame;
    this.width = pointCount(group.axes);
  }

  write(scope: WasmScope, wg: Code, block: number): void {
    const { bins, items, bin, stores } = this.group;
    const first = scope.let(mul(wg, i32(block)), 'first');
    const count = scope.let(least(scope.let(sub(i32(bins.size), first)), i32(block)), 'count');
    const bytes = scope.let(mul(count, i32(4 * this.width)), 'bytes');
    scope.loop(i32(0), bytes, 16, (inner, at) => {
      inner.push(effect('v128.store', [inner.let(add(this.frame.scratch, at)), i32x4(0)]));
    }); // prettier-ignore
    scope.loop(i32(0), i32(pointCount(items)), 1, (loop, item) => {
      loop.bindAxes(items, item);
      const row = loop.let(sub(loop.scalar(bin), first), 'bin');
      loop.when(op('i32.lt_u', [row, count]), (inner) => {
        inner.bindAxes(items, item); // again, so that the value is not computed for the items of other blocks
        this.addItem(inner, row);
      });
    }, 'item'); // prettier-ignore
    scope.loop(i32(0), count, 1, (loop, row) => {
      loop.bindAxes([bins], loop.let(add(first, row), 'row'));
      this.walk(loop, row, (inner, lanes, address) => {
        const sum = this.sum(address, lanes);
        inner.bind('sum', { ...sum, code: inner.let(sum.code, 'sum') });
        inner.stores(stores);
      });
    }, 'b'); // prettier-ignore
  }

  private addItem(scope: WasmScope, row: Code): void {
    const { value } = this.group;
    const kind = isFloat(value.type) ? 'f32' : 'i32';
    this.walk(scope, row, (inner, lanes, address) => {
      const sum = this.sum(address, lanes).code;
      const added = inner.expr(value);
      if (lanes === 4) inner.push(effect('v128.store', [address, op(`${kind}x4.add`, [sum, fourOf(added)])]));
      else inner.push(effect(`${kind}.store`, [address, op(`${kind}.add`, [sum, added.code])]));
    });
  }

  private sum(address: Code, lanes: Lanes): Value {
    const { type } = this.group.value;
    const single = isFloat(type) ? 'f32.load' : 'i32.load';
    return { type, lanes, code: op(lanes === 4 ? 'v128.load' : single, [address]) };
  }

  /** All points of the axes, with the address of their sum. */
  private walk(scope: WasmScope, row: Code, write: (scope: WasmScope, lanes: Lanes, address: Code) => void): void {
    const { outer, inner } = this.order;
    const start = scope.let(add(this.frame.scratch, mul(row, i32(4 * this.width))), 'start');
    const walkInner = (around: WasmScope, from: Code): void =>
      around.walk(inner, (point, lanes, at) => write(point, lanes, point.let(add(from, mul(at, i32(4))), 'at')));
    if (outer.length === 0) return walkInner(scope, start);
    scope.loop(i32(0), i32(pointCount(outer)), 1, (around, at) => {
      around.bindAxes(outer, at);
      walkInner(around, around.let(add(start, mul(at, i32(4 * pointCount(inner))))));
    }); // prettier-ignore
  }
}
