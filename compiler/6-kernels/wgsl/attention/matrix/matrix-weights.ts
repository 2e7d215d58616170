// Takes: the sides of an attention pass, a tile and its layout. Gives: WGSL of what lanes make of scores: weights in halves.
// Promises: a row belongs to the same lanes in every block; powers of two rather than of e; a block without hidden pairs tests no mask.
import { differentiateExpr } from '../../../../3-graph/expr/differentiate-expr.ts';
import type { Expr } from '../../../../3-graph/expr.ts';
import type { Store } from '../../../../5-optimize/groups.ts';
import { pairAt } from '../../../analysis/attention-rows.ts';
import { dropoutFactor, UNSEEN } from '../../../analysis/attention-sides.ts';
import type { Sides, Sum } from '../../../analysis/attention-sides.ts';
import { count, exprAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { bindColumn } from '../row-span.ts';
import { SUBGROUP } from './matrix-layout.ts';
import type { MatrixLayout, MatrixTile, Region } from './matrix-layout.ts';
import type { Fetched } from './stage-halves.ts';
import { literal } from '../../text/literal.ts';

/** A maximum is taken over anew when it has grown by more than this power of two: halves hold 2^15. */
const SLACK = 8;
const parts = ['x', 'y', 'z', 'w'] as const;
/** Of an element of 8 neighbours in two vectors. */
interface Spot {
  /** A name for vectors, and of this one of their numbers. */
  readonly vector: string;
  readonly part: string;
  readonly place: string;
}

export class MatrixWeights {
  private readonly sides: Sides;
  private readonly tile: MatrixTile;
  private readonly layout: MatrixLayout;
  private readonly names: { readonly memory: string; readonly flag: string };
  /** score = scale * raw, where it is no more than that. */
  private readonly scale: number | null;
  private readonly slope: Expr;
  private readonly factor: Expr | null;
  private readonly online: boolean;

  constructor(sides: Sides, tile: MatrixTile, layout: MatrixLayout, names: { memory: string; flag: string }) {
    this.sides = sides;
    this.tile = tile;
    this.layout = layout;
    this.names = names;
    this.scale = scaleOf(sides.group.score);
    this.slope = differentiateExpr(sides.group.score, 'score');
    this.factor = dropoutFactor(sides.group);
    this.online = sides.weights.kind === 'softmax';
  }

  declarations(): readonly string[] {
    return this.online ? [`var<workgroup> ${this.names.flag}: u32;`] : [];
  }

  /** What a row's lanes keep from block to block. */
  writeBefore(root: WgslScope): void {
    const { group } = this.sides;
    if (this.online) root.line(`var top_score = ${UNSEEN}f;`, 'var total = 0.0f;', `if (lane == 0u) { ${this.names.flag} = 0u; }`); // prettier-ignore
    if (group.kind !== 'attention_grad' || this.layout.stats) return;
    const at = (expr: Expr): string => root.value(exprAt(expr, this.sides.rows, 'own'));
    root.line(`let row_lse = ${at(group.lse)} * ${LOG2E};`, `let row_delta = ${at(group.delta)};`);
  }

  /** lse, in powers of two, and delta of the column of a lane, from `first` on (i32 text); none where rows are queries. */
  fetchStats(scope: WgslScope, first: string, tag: string): readonly Fetched[] {
    const { sides, tile, layout, names } = this;
    const { group } = sides;
    if (group.kind !== 'attention_grad' || !layout.stats) return [];
    const at = scope.let(`lane % ${tile.columns}u`, 'at');
    bindColumn(scope, sides, tag, `${first} + i32(${at})`);
    const value = (expr: Expr): string => scope.value(exprAt(expr, [sides.column], tag));
    const place = (base: number): string => `${names.memory}[${base}u + ${at} / 4u][${at} % 4u]`;
    return [
      { to: place(layout.stats.lse), value: `bitcast<u32>(${value(group.lse)} * ${LOG2E})` },
      { to: place(layout.stats.delta), value: `bitcast<u32>(${value(group.delta)})` },
    ];
  }

  /**
   * From scores in workgroup memory to weights there, seen by all. `whole`, `c`, `own` and `slot` are in scope; `shrink` is
   * written for when what was summed belongs to an older maximum; `second` before the scores of a second product are read.
   */
  write(scope: WgslScope, shrink: (inner: WgslScope) => void, second: () => void): void {
    for (const t of this.turns) scope.line(`let octet${t} = slot + ${t * this.layout.share}u;`);
    if (this.online) this.writeOnline(scope, shrink);
    else this.writeGiven(scope, second);
    scope.line('workgroupBarrier();');
  }

  /** lse, and 1 / total of every row, for `finished`. */
  writeAfter(root: WgslScope, storesAt: (stores: readonly Store[]) => readonly Store[]): void {
    const { group, rows } = this.sides;
    if (!this.online) return;
    for (const step of this.steps) root.line(`total += subgroupShuffleXor(total, ${step}u);`);
    const { memory } = this.names;
    root.block('if (slot == 0u)', (scope) => {
      scope.line(`${memory}[${this.layout.shares}u + own / 4u][own % 4u] = bitcast<u32>(select(0.0f, 1.0f / total, total > 0.0f));`); // prettier-ignore
      if (group.kind !== 'attention' || group.lseStores.length === 0) return;
      scope.block(`if (top + own < ${pointCount(rows)}u)`, (inner) => {
        inner.bind('lse', inner.let(`select(${UNSEEN}f, top_score * ${1 / Math.LOG2E}f + log(total), total > 0.0f)`, 'lse')); // prettier-ignore
        inner.stores(storesAt(group.lseStores));
      });
    });
  }

  /** A sum's text, of a row of the tile, as it is stored. */
  finished({ weight }: Sum, text: string, row: string): string {
    if (this.online)
      return `${text} * bitcast<f32>(${this.names.memory}[${this.layout.shares}u + ${row} / 4u][${row} % 4u])`;
    return weight === 'slope' && this.slope.kind === 'const' ? `${text} * ${literal(this.slope.value, 'f32')}` : text;
  }

  /** Eights of columns of a lane, every `share` of them. */
  private get turns(): readonly number[] {
    return count(this.tile.columns / 8 / this.layout.share);
  }

  /** Distances of the lanes of a row. */
  private get steps(): readonly number[] {
    return count(Math.log2(this.layout.share)).map((i) => (SUBGROUP / this.layout.share) * 2 ** i);
  }

  private get vectors(): readonly string[] {
    return this.turns.flatMap((t) => [`${t}a`, `${t}b`]);
  }

  /** Of the vectors, element by element. */
  private spots(kind: string): readonly Spot[] {
    return this.vectors.flatMap((vector) => parts.map((part) => ({ vector, part, place: `${kind}${vector}${part}` })));
  }

  /** The vector's columns from `first` on, in a region of rows of floats, or in one row of them. */
  private loaded(vector: string, region: Region, row: string): string {
    const [t, half] = [vector.slice(0, -1), vector.endsWith('a') ? 0 : 1];
    return `bitcast<vec4f>(${this.names.memory}[${region.base}u + ${row}2u * octet${t} + ${half}u])`;
  }

  private ownRow(region: Region): string {
    return `own * ${region.stride}u + `;
  }

  private bindSpot(scope: WgslScope, { vector, part, place }: Spot, values: Readonly<Record<string, string>>): void {
    const [t, half] = [vector.slice(0, -1), vector.endsWith('a') ? 0 : 4];
    bindColumn(scope, this.sides, place, `c + i32(octet${t} * 8u) + ${half + parts.indexOf(part as 'x')}`);
    for (const [name, text] of Object.entries(values)) scope.bind(`${name}#own${place}`, `${text}${vector}.${part}`);
  }

  private pair(scope: WgslScope, expr: Expr, { place }: Spot): string {
    return scope.value(pairAt(expr, this.sides, 'own', place));
  }

  /** Declares x..: scores in powers of two, or what is times `factorText` such a score. */
  private writeScores(scope: WgslScope): void {
    const [region] = [...this.layout.scores.values()];
    if (!region) return;
    for (const v of this.vectors) scope.line(`let raw${v} = ${this.loaded(v, region, this.ownRow(region))};`);
    if (this.scale !== null) return scope.line(...this.vectors.map((v) => `var x${v} = raw${v};`));
    scope.line(...this.vectors.map((v) => `var x${v}: vec4f;`));
    scope.block('', (inner) => {
      for (const spot of this.spots('s')) {
        this.bindSpot(inner, spot, { score: 'raw' });
        inner.line(`x${spot.vector}.${spot.part} = ${this.pair(inner, this.sides.group.score, spot)};`);
      }
    });
  }

  /** Times `factorText`, x.. is a score in powers of two. */
  private get factorText(): string {
    return literal((this.scale ?? 1) * Math.LOG2E, 'f32');
  }

  /** In blocks with hidden pairs, every element where the pair is hidden becomes `otherwise`. */
  private writeHidden(scope: WgslScope, name: string, otherwise: string): void {
    const { group } = this.sides;
    scope.block('if (!whole)', (inner) => {
      for (const spot of this.spots('m')) {
        this.bindSpot(inner, spot, {});
        const element = `${name}${spot.vector}.${spot.part}`;
        const inside = `${inner.expr({ kind: 'var', name: `place#${spot.place}`, type: 'i32' })} < range.y`;
        inner.line(
          `${element} = select(${otherwise}, ${element}, ${inside} && ${this.pair(inner, group.mask, spot)});`,
        );
      }
    });
  }

  /** Declares factor..: that of dropout. */
  private writeFactors(scope: WgslScope): void {
    const { factor } = this;
    if (!factor) return;
    scope.line(...this.vectors.map((v) => `var factor${v}: vec4f;`));
    scope.block('', (inner) => {
      for (const spot of this.spots('f')) {
        this.bindSpot(inner, spot, {});
        inner.line(`factor${spot.vector}.${spot.part} = ${this.pair(inner, factor, spot)};`);
      }
    });
  }

  private writeOnline(scope: WgslScope, shrink: (inner: WgslScope) => void): void {
    const { vectors, factor } = this;
    this.writeScores(scope);
    this.writeHidden(scope, 'x', `${UNSEEN}f`);
    scope.line(`let most4 = ${vectors.map((v) => `x${v}`).reduce((x, y) => `max(${x}, ${y})`)};`);
    scope.line(`var most = max(max(most4.x, most4.y), max(most4.z, most4.w)) * ${this.factorText};`);
    for (const step of this.steps) scope.line(`most = max(most, subgroupShuffleXor(most, ${step}u));`);
    scope.line(`let grown = most > top_score + ${SLACK}f;`, 'let before = top_score;');
    scope.line(
      `if (grown && before > ${UNSEEN / 2}f) { ${this.names.flag} = 1u; }`,
      'if (grown) { top_score = most; }',
    );
    scope.line('let shrink = exp2(before - top_score);', 'total *= shrink;');
    for (const v of vectors) scope.line(`var p${v} = exp2(fma(x${v}, vec4f(${this.factorText}), vec4f(-top_score)));`);
    scope.block('if (!whole)', (inner) => inner.line(...vectors.map((v) => `p${v} = select(vec4f(), p${v}, x${v} > vec4f(${UNSEEN / 2}f));`))); // prettier-ignore
    scope.line(`let total4 = ${vectors.map((v) => `p${v}`).join(' + ')};`, 'total += (total4.x + total4.y) + (total4.z + total4.w);'); // prettier-ignore
    this.writeFactors(scope);
    // All have read their scores.
    scope.line(`let grew = workgroupUniformLoad(&${this.names.flag});`);
    scope.block('if (grew != 0u)', (inner) => {
      shrink(inner);
      inner.line(`if (lane == 0u) { ${this.names.flag} = 0u; }`);
    });
    this.writeKept(scope, 'kept', (v) => (factor ? `p${v} * factor${v}` : `p${v}`));
  }

  /** p = e^(score - lse); ds = (p dropped dp - p delta) d score / d (q . k). FlashAttention-2, arXiv 2307.08691 */
  private writeGiven(scope: WgslScope, second: () => void): void {
    const { vectors, factor, layout } = this;
    this.writeScores(scope);
    const [lse, delta] = this.statTexts();
    for (const v of vectors) scope.line(`var p${v} = exp2(fma(x${v}, vec4f(${this.factorText}), -${lse(v)}));`);
    this.writeHidden(scope, 'p', '0.0f');
    this.writeFactors(scope);
    second();
    const dp = layout.scores.get('dp');
    if (!dp) return;
    for (const v of vectors) {
      const value = this.loaded(v, dp, this.ownRow(dp));
      scope.line(`var d${v} = p${v} * (${factor ? `factor${v} * ${value}` : value} - ${delta(v)});`);
    }
    if (this.slope.kind !== 'const')
      scope.block('', (inner) => {
        for (const spot of this.spots('d')) {
          this.bindSpot(inner, spot, { score: 'raw' });
          inner.line(`d${spot.vector}.${spot.part} *= ${this.pair(inner, this.slope, spot)};`);
        }
      });
    // All have read their scores.
    scope.line('workgroupBarrier();');
    this.writeKept(scope, 'kept', (v) => (factor ? `p${v} * factor${v}` : `p${v}`));
    this.writeKept(scope, 'slope', (v) => `d${v}`);
  }

  /** Texts of lse, in powers of two, and delta of the vector's columns. */
  private statTexts(): readonly [(v: string) => string, (v: string) => string] {
    const { stats } = this.layout;
    if (!stats) return [() => 'vec4f(row_lse)', () => 'vec4f(row_delta)'];
    return [(v) => this.loaded(v, { base: stats.lse, stride: 0 }, ''), (v) => this.loaded(v, { base: stats.delta, stride: 0 }, '')]; // prettier-ignore
  }

  private writeKept(scope: WgslScope, weight: string, text: (v: string) => string): void {
    const region = this.layout.weights.get(weight);
    if (!region) return;
    for (const t of this.turns) {
      const kept = scope.fresh('kept', true);
      scope.line(`let ${kept}a = ${text(`${t}a`)};`, `let ${kept}b = ${text(`${t}b`)};`);
      const packed = ['a.xy', 'a.zw', 'b.xy', 'b.zw'].map((pair) => `pack2x16float(${kept}${pair})`).join(', ');
      scope.line(`${this.names.memory}[${region.base}u + ${this.ownRow(region)}octet${t}] = vec4u(${packed});`);
    }
  }
}

const LOG2E = literal(Math.LOG2E, 'f32');

/** c of c * score or score * c; null for any other expression. */
function scaleOf(score: Expr): number | null {
  if (score.kind === 'var') return 1;
  if (score.kind !== 'binary' || (score.fn !== 'mul' && score.fn !== 'div')) return null;
  const [x, y] = score.fn === 'div' || score.x.kind === 'var' ? [score.x, score.y] : [score.y, score.x];
  if (x.kind !== 'var' || x.name !== 'score' || y.kind !== 'const' || !(y.value > 0)) return null;
  return score.fn === 'div' ? 1 / y.value : y.value;
}
