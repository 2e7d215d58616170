// Takes: the products of some rows and a block of columns, in scratch memory. Gives: code that puts the weights in their place.
// Promises: a pair that is not seen weighs 0, whatever its score; rows are walked one after the other, columns by fours.
import { isConstant, select } from '../../../3-graph/expr-build.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides, Weights } from '../../analysis/attention-sides.ts';
import { add, call, effect, f32, f32x4, get, i32, mul, op, set, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { four } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { lineAt } from './lines.ts';
import type { Memory } from './lines.ts';
import { bindColumns, bindRow } from './places.ts';
import type { Staged } from './places.ts';

/** Rows against the columns from `first` (a multiple of 4) to before `end`. */
export interface Strip {
  /** The first row, and where it stands in the block. */
  readonly top: Code;
  readonly within: Code;
  readonly rows: Code;
  readonly first: Code;
  readonly end: Code;
}

export interface PairWeightsParts {
  readonly sides: Sides;
  readonly weights: Weights;
  readonly staged: readonly Staged[];
  /** `pairs`: a row of the strip per line, the first number is of its first column. `staged`: one line each, from column `stagedFrom` on. */
  readonly memory: Memory;
  readonly stagedFrom: Code;
}

const load4 = (address: Code): Code => op('v128.load', [address]);
const store4 = (address: Code, value: Code) => effect('v128.store', [address, value]);

export class PairWeights {
  private readonly parts: PairWeightsParts;
  private readonly sides: Sides;
  private readonly memory: Memory;

  constructor(parts: PairWeightsParts) {
    this.parts = parts;
    [this.sides, this.memory] = [parts.sides, parts.memory];
  }

  write(scope: WasmScope, strip: Strip): void {
    const { weights } = this.parts;
    scope.loop(i32(0), strip.rows, 1, (row, r) => {
      bindRow(row, this.sides, row.let(add(strip.top, r), 'row'));
      if (weights.kind === 'given') this.writeGiven(row, strip, r, weights);
      else this.writeSoftmax(row, strip, r, weights);
    }, 'r'); // prettier-ignore
  }

  /** For every four columns; `at`: where their products stand, one address per product. */
  private overColumns(
    row: WasmScope,
    { first, end }: Strip,
    r: Code,
    write: (pair: WasmScope, at: readonly Code[]) => void,
  ): void {
    // prettier-ignore
    const starts = this.memory.pairs.map((pairs) => row.let(sub(lineAt(pairs, r), mul(first, i32(4))), 'line'));
    const staged = this.memory.staged.map(({ at }) => row.let(sub(at, mul(this.parts.stagedFrom, i32(4))), 'staged'));
    row.loop(first, end, 4, (pair, c) => {
      bindColumns(pair, this.sides, c);
      const bytes = pair.let(mul(c, i32(4)), 'bytes');
      this.parts.staged.forEach(({ name, value }, i) => {
        const from = staged[i];
        if (from) pair.bind(name, four(value.type, pair.let(load4(add(from, bytes)), 'staged')));
      });
      write(pair, starts.map((start) => pair.let(add(start, bytes), 'at'))); // prettier-ignore
    }, 'c'); // prettier-ignore
  }

  private bindProducts(pair: WasmScope, at: readonly Code[]): void {
    this.sides.products.forEach(({ name }, i) => {
      const from = at[i];
      if (from) pair.bind(name, four('f32', pair.let(load4(from), name)));
    });
  }

  private writeGiven(row: WasmScope, strip: Strip, r: Code, weights: Extract<Weights, { kind: 'given' }>): void {
    const used = [...new Set(this.sides.sums.map(({ weight }) => weight))];
    row.share(used.map((name) => weights[name]));
    this.overColumns(row, strip, r, (pair, at) => {
      this.bindProducts(pair, at);
      const values = used.map((name) => pair.let(pair.wide(weights[name]), name));
      values.forEach((value, i) => {
        const to = at[used[i] === 'slope' ? 1 : 0];
        if (to) pair.push(store4(to, value));
      });
    });
  }

  /** Online softmax: weights against the maximum so far; when that grows, what was summed up shrinks. */
  private writeSoftmax(row: WasmScope, strip: Strip, r: Code, weights: Extract<Weights, { kind: 'softmax' }>): void {
    const { math } = row;
    const masked = !isConstant(weights.seen, 1);
    const most = row.local('most', 'f32', 4);
    row.push(set(most, f32x4(UNSEEN)));
    const scored = select(weights.seen, weights.score, UNSEEN);
    row.share([scored]);
    this.overColumns(row, strip, r, (pair, [at = i32(0)]) => {
      this.bindProducts(pair, [at]);
      const x = pair.let(pair.wide(scored), 'x');
      pair.push(store4(at, x), set(most, op('f32x4.pmax', [get(most), x])));
    });
    const index = row.let(add(strip.within, r), 'index');
    const topAt = row.let(lineAt(this.memory.top, index), 'topAt');
    const before = row.let(op('f32.load', [topAt]), 'before');
    const top = row.let(op('f32.max', [before, call(math.max, [get(most)])]), 'top');
    const total = row.local('total', 'f32', 4);
    row.push(set(total, f32x4(0)));
    this.overColumns(row, strip, r, (pair, [at = i32(0)]) => {
      const x = pair.let(load4(at), 'x');
      const p = pair.let(call(math.exp, [op('f32x4.sub', [x, op('f32x4.splat', [top])])]), 'p');
      const kept = masked ? pair.let(op('v128.and', [p, op('f32x4.ne', [x, f32x4(UNSEEN)])]), 'kept') : p;
      const factor = weights.factor && pair.wide(weights.factor);
      pair.push(set(total, op('f32x4.add', [get(total), kept])));
      pair.push(store4(at, factor ? op('f32x4.mul', [kept, factor]) : kept));
    });
    this.writeTotal(row, index, { before, top, sum: call(math.sum, [get(total)]) });
    row.push(effect('f32.store', [topAt, top]));
  }

  /** total = total * e^(before - top) + sum, and the same factor on what was summed up. */
  private writeTotal(
    row: WasmScope,
    index: Code,
    { before, top, sum }: { readonly before: Code; readonly top: Code; readonly sum: Code },
  ): void {
    // prettier-ignore
    const at = row.let(lineAt(this.memory.total, index), 'totalAt');
    const total = row.local('total', 'f32', 1);
    row.push(set(total, op('f32.load', [at])));
    const grows = op('i32.and', [op('f32.gt', [top, before]), op('f32.ne', [before, f32(UNSEEN)])]);
    row.when(grows, (inner) => {
      const shrink = inner.let(call(inner.math.exp, [op('f32x4.splat', [op('f32.sub', [before, top])])]), 'shrink');
      inner.push(set(total, op('f32.mul', [get(total), op('f32x4.extract_lane', [shrink], { lane: 0 })])));
      for (const sums of this.memory.sums) {
        const from = inner.let(lineAt(sums, index), 'sums');
        inner.loop(from, add(from, i32(sums.stride)), 16, (each, x) =>
          each.push(store4(x, op('f32x4.mul', [load4(x), shrink]))),
        );
      }
    });
    row.push(effect('f32.store', [at, op('f32.add', [get(total), sum])]));
  }
}
