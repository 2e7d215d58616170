// Takes: what the weights ask of a column alone. Gives: code that computes it for a block of columns.
// Promises: columns are walked by fours, the last ones one by one; nothing beyond the last is read.
import type { Sides } from '../../analysis/attention-sides.ts';
import { add, effect, i32, mul, sub } from '../code/code.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { ColumnBlock } from './attention-pass.ts';
import type { Lines } from './lines.ts';
import { bindColumnPosition } from './places.ts';
import type { Staged } from './places.ts';

export function stageColumns(
  scope: WasmScope,
  sides: Sides,
  staged: readonly Staged[],
  memory: readonly Lines[],
  { first, end }: ColumnBlock,
): void {
  // prettier-ignore
  if (staged.length === 0) return;
  scope.share(staged.map(({ value }) => value));
  scope.walkRange([sides.column], first, end, (inner, lanes, c) => {
    bindColumnPosition(inner, sides);
    const bytes = mul(inner.let(sub(c, first), 'at'), i32(4));
    staged.forEach(({ value }, i) => {
      const address = add(memory[i]?.at ?? i32(0), bytes);
      if (lanes === 4) inner.push(effect('v128.store', [address, inner.wide(value)]));
      else inner.push(effect('v128.store32_lane', [address, inner.wide(value)], { lane: 0 }));
    });
  }); // prettier-ignore
}
