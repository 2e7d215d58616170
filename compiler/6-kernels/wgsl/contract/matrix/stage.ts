// Takes: an operand of a product in halves, and a scope. Gives: WGSL that brings blocks of it from memory into registers,
// and from there to where a workgroup stages them.
// Promises: what lies beyond the end of k is zero; beyond the edge of the side the last place is taken again.
import type { Expr } from '../../../../3-graph/expr.ts';
import { mapOperands } from '../../../../3-graph/expr/walk.ts';
import type { Axis } from '../../../../5-optimize/groups.ts';
import { axesAt, count, exprAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { OCTET } from '../../wide-load.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { lastOf } from './operand.ts';
import type { OctetLoad, Operand } from './operand.ts';

export interface StageOptions {
  readonly operand: Operand;
  readonly k: readonly Axis[];
  /** Steps of k staged at a time. */
  readonly depth: number;
  /** Invocations that stage. */
  readonly lanes: number;
  /** Name of the workgroup memory, an `array<vec4u>`. */
  readonly memory: string;
  /** Where the block begins on its side: a name, a multiple of the block's width. */
  readonly first: string;
}

const components = ['x', 'y', 'z', 'w'] as const;

/** Axes counted 8 points of the last at a time. */
function eighths(axes: readonly Axis[]): readonly Axis[] {
  const last = lastOf(axes)?.name;
  return axes.map((axis) => (axis.name === last ? { ...axis, size: axis.size / OCTET } : axis));
}

/**
 * Lane l stages octets (row + i * apart, column). An octet is read at places named after the operand: `s` is on its side, `k`
 * along k; a number is that of the octet (i) or of a half in it (e).
 */
export class Stage {
  private readonly options: StageOptions;
  private readonly turns: readonly number[];
  private readonly apart: number;
  /** Names of lane's row and column in the block. */
  private readonly row: string;
  private readonly column: string;

  constructor(options: StageOptions) {
    this.options = options;
    const { operand, lanes } = options;
    this.turns = count((operand.rows * operand.perRow) / lanes);
    this.apart = lanes / operand.perRow;
    this.row = `${operand.id}_row`;
    this.column = `${operand.id}_column`;
  }

  /** What does not change from block to block of k. */
  writePlace(scope: WgslScope): void {
    const { operand, first } = this.options;
    const { id, axes, alongK, perRow } = operand;
    const size = pointCount(axes);
    const even = size % operand.width === 0;
    const at = (text: string, last: number): string => (even ? text : `min(${text}, ${last}u)`);
    scope.line(`let ${this.row} = ${this.rowText()};`, `let ${this.column} = lane % ${perRow}u;`);
    if (alongK) {
      for (const i of this.turns) {
        scope.line(`let ${id}_s${i} = ${at(`${first} + ${this.row} + ${i * this.apart}u`, size - 1)};`);
        scope.bindAxes(axesAt(axes, `${id}s${i}`), `${id}_s${i}`);
      }
      return;
    }
    if (operand.octets.length > 0) {
      scope.line(`let ${id}_s = ${at(`${first} / ${OCTET}u + ${this.column}`, size / OCTET - 1)};`);
      scope.bindAxes(axesAt(eighths(axes), `${id}s`), `${id}_s`);
    }
    if (operand.isPlain) return;
    for (const e of count(OCTET)) {
      scope.line(`let ${id}_s${e} = ${at(`${first} + ${this.column} * ${OCTET}u + ${e}u`, size - 1)};`);
      scope.bindAxes(axesAt(axes, `${id}s${e}`), `${id}_s${e}`);
    }
  }

  /** Neighbouring rows of 4 octets fall into the same banks two by two: 8 lanes that store together take every other one. */
  private rowText(): string {
    const { perRow } = this.options.operand;
    const { lanes } = this.options;
    if (perRow !== 4 || (lanes / perRow) % 8 !== 0) return `lane / ${perRow}u`;
    return '(lane / 4u) % 2u * 4u + (lane / 8u) % 4u + lane / 32u * 8u';
  }

  declare(scope: WgslScope): void {
    for (const i of this.turns)
      scope.line(this.registers(i).map((name) => `var ${name}: vec4u;`).join(' ')); // prettier-ignore
  }

  /** Registers of one octet: what is read of it, or, where nothing is read 8 at a time, its halves. */
  private registers(i: number): readonly string[] {
    const { id, octets } = this.options.operand;
    return octets.length < 2 ? [`${id}_r${i}`] : octets.map((_, j) => `${id}_r${i}_${j}`);
  }

  /** Reads block `t` (a u32 text) of k into registers. */
  load(scope: WgslScope, t: string): void {
    const { operand } = this.options;
    scope.block('', (inner) => {
      this.bindK(inner, t, operand.octets.length === 0);
      for (const i of this.turns) {
        const registers = this.registers(i);
        if (operand.octets.length === 0) inner.line(`${registers[0] ?? ''} = ${this.packed(inner, i, new Map())};`);
        for (const [j, octet] of operand.octets.entries()) inner.line(`${registers[j] ?? ''} = ${this.octet(inner, octet, i)};`); // prettier-ignore
      }
    });
  }

  /** Stores what `load` has read of block `t`. */
  store(scope: WgslScope, t: string): void {
    const { operand, memory } = this.options;
    const { start, stride, octets, isPlain } = operand;
    scope.block('', (inner) => {
      if (octets.length > 0) this.bindK(inner, t, !isPlain);
      for (const i of this.turns) {
        const at = `${memory}[${start}u + (${this.row} + ${i * this.apart}u) * ${stride}u + ${this.column}]`;
        inner.line(`${at} = ${this.staged(inner, i)};`);
      }
    });
  }

  private staged(scope: WgslScope, i: number): string {
    const { operand } = this.options;
    const registers = this.registers(i);
    if (operand.octets.length === 0) return registers[0] ?? '';
    const inside = this.inside(operand.alongK ? '' : String(i), operand.alongK);
    if (!operand.isPlain) return this.packed(scope, i, new Map(operand.octets.map((octet, j) => [octet, registers[j] ?? '']))); // prettier-ignore
    return inside === '' ? (registers[0] ?? '') : `select(vec4u(), ${registers[0] ?? ''}, ${inside})`;
  }

  /** Points of block `t` along k, of halves or of octets; where k ends within a block, the last is taken again. */
  private bindK(scope: WgslScope, t: string, halves: boolean): void {
    const { operand, k, depth } = this.options;
    const { id, alongK } = operand;
    const size = pointCount(k);
    const even = size % depth === 0;
    const point = (name: string, text: string, last: number, axes: readonly Axis[]): void => {
      if (even) scope.line(`let ${id}_k${name} = ${text};`);
      else scope.line(`let ${id}_o${name} = ${text};`, `let ${id}_k${name} = min(${id}_o${name}, ${last}u);`);
      scope.bindAxes(axesAt(axes, `${id}k${name}`), `${id}_k${name}`);
    };
    if (!alongK) {
      for (const i of this.turns) point(String(i), `${t} * ${depth}u + ${this.row} + ${i * this.apart}u`, size - 1, k);
      return;
    }
    if (!halves) return point('', `${t} * ${depth / OCTET}u + ${this.column}`, size / OCTET - 1, eighths(k));
    for (const e of count(OCTET)) point(String(e), `${t} * ${depth}u + ${this.column} * ${OCTET}u + ${e}u`, size - 1, k); // prettier-ignore
  }

  /** The condition under which a point is not beyond the end of k; empty where none can be. */
  private inside(name: string, inOctets: boolean): string {
    const { operand, k, depth } = this.options;
    const size = pointCount(k);
    if (size % depth === 0) return '';
    return `${operand.id}_o${name} < ${inOctets ? size / OCTET : size}u`;
  }

  private octet(scope: WgslScope, { load, form }: OctetLoad, i: number): string {
    const { id, alongK, axes } = this.options.operand;
    const [side, k] = alongK ? [`${id}s${i}`, `${id}k`] : [`${id}s`, `${id}k${i}`];
    const at = (expr: Expr): Expr => exprAt(exprAt(expr, axes, side), this.options.k, k);
    const terms = form.terms.map(({ atom, coefficient }) => ({ atom: at(atom), coefficient }));
    return scope.octet(load.tensor, { constant: form.constant, terms });
  }

  /** The 8 halves of an octet, computed one by one; `held`: registers with what has been read of them. */
  private packed(scope: WgslScope, i: number, held: ReadonlyMap<OctetLoad, string>): string {
    const { id, alongK, axes, halves } = this.options.operand;
    const exprs = count(OCTET).map((e) => {
      const [side, k] = alongK ? [`${id}s${i}`, `${id}k${e}`] : [`${id}s${e}`, `${id}k${i}`];
      const expr = replaced(halves, [...held.keys()], (octet) => {
        const name = `${held.get(octet) ?? ''}#${e}`;
        scope.bind(name, `bitcast<vec2<f16>>(${held.get(octet) ?? ''}.${components[e >> 1] ?? ''})[${e & 1}]`);
        return name;
      });
      return exprAt(exprAt(expr, axes, side), this.options.k, k);
    });
    scope.share(exprs);
    const values = exprs.map((expr, e) => {
      const inside = this.inside(alongK ? String(e) : String(i), false);
      const text = scope.value(expr);
      return inside === '' ? text : `select(0.0h, ${text}, ${inside})`;
    });
    const pairs = count(OCTET / 2).map((p) => `bitcast<u32>(vec2<f16>(${values[2 * p] ?? ''}, ${values[2 * p + 1] ?? ''}))`); // prettier-ignore
    return `vec4u(${pairs.join(', ')})`;
  }
}

/** The expression with the loads of octets as variables, which `name` binds. */
function replaced(expr: Expr, octets: readonly OctetLoad[], name: (octet: OctetLoad) => string): Expr {
  const names = new Map(octets.map((octet) => [JSON.stringify(octet.load), name(octet)]));
  const change = (one: Expr): Expr => {
    const known = one.kind === 'load' ? names.get(JSON.stringify(one)) : undefined;
    return known === undefined ? mapOperands(one, change) : { kind: 'var', name: known, type: 'f16' };
  };
  return change(expr);
}
