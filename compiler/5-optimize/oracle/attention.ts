// Takes: an attention group and a frame. Gives: its stores' effects, by the textbook formulas.
// Promises: float64; a query that sees no key gives 0, lse -3.0e38.
import type { Expr } from '../../3-graph/expr.ts';
import { invariant } from '../../diagnostics.ts';
import type { AttentionGradGroup, AttentionGroup, AttentionParts, Axis, Store } from '../groups.ts';
import { compileExpr, forEachPoint, type Frame, type Thunk } from './compile-expr.ts';
import { differentiateExpr } from '../../3-graph/expr/differentiate-expr.ts';
import { uniform } from '../../3-graph/random.ts';

export type RunStores = (stores: readonly Store[]) => () => void;

/** Probabilities of one query against all keys: before dropout, and the factor dropout puts on each. */
interface QueryRow {
  readonly p: Float64Array;
  readonly keep: Float64Array;
  readonly slope: Float64Array;
  lse: number;
}

export function runAttention(frame: Frame, group: AttentionGroup, stores: RunStores): void {
  const kernel = new AttentionKernel(frame, group);
  const [out, lse] = [frame.slot('out'), frame.slot('lse')];
  const outStores = stores(group.outStores);
  const lseStores = stores(group.lseStores);
  forEachPoint(frame, group.batch, () => {
    kernel.loadKeys();
    forEachPoint(frame, [...group.heads, group.query], () => {
      const row = kernel.row(null);
      frame.set(lse, row.lse);
      lseStores();
      forEachPoint(frame, [group.valueDepth], () => {
        frame.set(out, kernel.weighted(row));
        outStores();
      });
    });
  });
}

export function runAttentionGrad(frame: Frame, group: AttentionGradGroup, stores: RunStores): void {
  const kernel = new AttentionKernel(frame, group);
  const queries = [...group.heads, group.query];
  const names = { dq: frame.slot('dq'), dk: frame.slot('dk'), dv: frame.slot('dv') };
  const [dqStores, dkStores, dvStores] = [stores(group.dqStores), stores(group.dkStores), stores(group.dvStores)];
  const dout = compileExpr(frame, group.dout);
  const [lse, delta] = [compileExpr(frame, group.lse), compileExpr(frame, group.delta)];
  const [key, depth, valueDepth] = [group.key, group.depth, group.valueDepth];
  forEachPoint(frame, group.batch, () => {
    kernel.loadKeys();
    const dk = new Float64Array(key.size * depth.size);
    const dv = new Float64Array(key.size * valueDepth.size);
    forEachPoint(frame, queries, () => {
      const row = kernel.row(lse());
      const grad = gather(frame, valueDepth, dout);
      const ds = kernel.scoreGradient(row, grad, delta());
      for (let j = 0; j < key.size; j++) {
        for (let d = 0; d < depth.size; d++) addAt(dk, j * depth.size + d, at(ds, j) * at(kernel.q, d));
        for (let d = 0; d < valueDepth.size; d++)
          addAt(dv, j * valueDepth.size + d, at(row.p, j) * at(row.keep, j) * at(grad, d));
      }
      forEachPoint(frame, [depth], () => {
        const d = frame.values[frame.slot(depth.name)] ?? 0;
        let sum = 0;
        for (let j = 0; j < key.size; j++) sum += at(ds, j) * at(kernel.k, j * depth.size + d);
        frame.set(names.dq, sum);
        dqStores();
      });
    });
    writeKeys(frame, [key, depth], dk, names.dk, dkStores);
    writeKeys(frame, [key, valueDepth], dv, names.dv, dvStores);
  });
}

function writeKeys(frame: Frame, axes: readonly Axis[], values: Float64Array, slot: number, stores: () => void): void {
  let i = 0;
  forEachPoint(frame, axes, () => {
    frame.set(slot, at(values, i++));
    stores();
  });
}

class AttentionKernel {
  q: Float64Array = new Float64Array();
  k: Float64Array = new Float64Array();
  private v: Float64Array = new Float64Array();
  private readonly frame: Frame;
  private readonly parts: AttentionParts;
  private readonly thunks: {
    [P in 'q' | 'k' | 'v' | 'offset' | 'score' | 'mask' | 'slope' | 'counter' | 'seed']: Thunk;
  };

  constructor(frame: Frame, parts: AttentionParts) {
    this.frame = frame;
    this.parts = parts;
    for (const name of ['score', 'query_position', 'key_position']) frame.slot(name);
    const axes = [...parts.batch, ...parts.heads, parts.query, parts.key, parts.depth, parts.valueDepth];
    for (const axis of axes) frame.slot(axis.name);
    const compile = (expr: Expr): Thunk => compileExpr(frame, expr);
    this.thunks = {
      q: compile(parts.q),
      k: compile(parts.k),
      v: compile(parts.v),
      offset: compile(parts.offset),
      score: compile(parts.score),
      mask: compile(parts.mask),
      slope: compile(differentiateExpr(parts.score, 'score')),
      counter: () => this.counter(),
      seed: parts.dropout ? compile(parts.dropout.seed) : () => 0,
    };
  }

  loadKeys(): void {
    const { key, depth, valueDepth } = this.parts;
    this.k = gatherAll(this.frame, [key, depth], this.thunks.k);
    this.v = gatherAll(this.frame, [key, valueDepth], this.thunks.v);
  }

  /** The current query's probabilities; against a given lse, or its own. */
  row(lse: number | null): QueryRow {
    const { frame, thunks } = this;
    const { key, depth } = this.parts;
    this.q = gather(frame, depth, thunks.q);
    const position = thunks.offset() + (frame.values[frame.slot(this.parts.query.name)] ?? 0);
    frame.set(frame.slot('query_position'), position);
    const [scores, slope, keep] = [key, key, key].map((axis) => new Float64Array(axis.size));
    invariant(scores && slope && keep, 'three arrays');
    forEachPoint(frame, [key], () => {
      const j = frame.values[frame.slot(key.name)] ?? 0;
      let score = 0;
      for (let d = 0; d < depth.size; d++) score += at(this.q, d) * at(this.k, j * depth.size + d);
      frame.set(frame.slot('score'), score);
      frame.set(frame.slot('key_position'), j);
      const seen = thunks.mask();
      scores[j] = seen ? thunks.score() : -Infinity;
      slope[j] = seen ? thunks.slope() : 0;
      keep[j] = this.kept();
    });
    const own = logSumExp(scores);
    const base = lse ?? own;
    return { p: scores.map((s) => (s === -Infinity ? 0 : Math.exp(s - base))), keep, slope, lse: own };
  }

  weighted(row: QueryRow): number {
    const d = this.frame.values[this.frame.slot(this.parts.valueDepth.name)] ?? 0;
    let sum = 0;
    for (let j = 0; j < this.parts.key.size; j++)
      sum += at(row.p, j) * at(row.keep, j) * at(this.v, j * this.parts.valueDepth.size + d);
    return sum;
  }

  /** ds_j = p_j (keep_j dout . v_j - delta) * d score / d (q . k) */
  scoreGradient(row: QueryRow, dout: Float64Array, delta: number): Float64Array {
    return row.p.map((p, j) => {
      let dp = 0;
      for (let d = 0; d < dout.length; d++) dp += at(dout, d) * at(this.v, j * dout.length + d);
      return p * (dp * at(row.keep, j) - delta) * at(row.slope, j);
    });
  }

  private kept(): number {
    const { dropout } = this.parts;
    if (!dropout) return 1;
    const rate = Math.fround(dropout.rate);
    const u = uniform(this.thunks.seed(), dropout.stream, this.thunks.counter());
    return u >= rate ? 1 / (1 - rate) : 0;
  }

  private counter(): number {
    const { batch, heads, query, key } = this.parts;
    let counter = 0;
    for (const axis of [...batch, ...heads, query, key])
      counter = counter * axis.size + (this.frame.values[this.frame.slot(axis.name)] ?? 0);
    return counter;
  }
}

function logSumExp(scores: Float64Array): number {
  const max = scores.reduce((m, s) => Math.max(m, s), -Infinity);
  if (max === -Infinity) return -3e38;
  return max + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - max), 0));
}

function gather(frame: Frame, axis: Axis, thunk: Thunk): Float64Array {
  return gatherAll(frame, [axis], thunk);
}

function gatherAll(frame: Frame, axes: readonly Axis[], thunk: Thunk): Float64Array {
  const values: number[] = [];
  forEachPoint(frame, axes, () => values.push(thunk()));
  return Float64Array.from(values);
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? Number.NaN;
}

function addAt(values: Float64Array, i: number, value: number): void {
  values[i] = at(values, i) + value;
}
