// Takes: operands in halves of the rows or columns of a tile. Gives: WGSL that writes them into workgroup memory.
// Promises: no half is rounded again; zeros beyond an axis; 8 neighbours are loaded as one where they lie side by side.
import type { Expr } from '../../../../3-graph/expr.ts';
import type { Axis, Program } from '../../../../5-optimize/groups.ts';
import { axesAt, count, exprAt } from '../../../analysis/contract-loops.ts';
import type { Sides } from '../../../analysis/attention-sides.ts';
import { wideIndex, OCTET } from '../../wide-load.ts';
import { WgslScope } from '../../wgsl-scope.ts';
import type { Staged } from './matrix-layout.ts';

/** What a lane loads into a register, and where it goes in workgroup memory. */
export interface Fetched {
  readonly to: string;
  readonly value: string;
}

/** Binds the axes of row or column `at` (u32 text) of the tile under the name of a place. */
export type BindPlace = (scope: WgslScope, place: string, at: string) => void;

/** The halves that an operand is a cast of; null where it is none. */
export function halvesOf(expr: Expr): Expr | null {
  return expr.kind === 'cast' && expr.type === 'f32' && expr.x.type === 'f16' ? expr.x : null;
}

/** Tensors whose halves all operands of a pass can be loaded of 8 at a time, and that nobody writes. */
export function wideTensors(program: Program, sides: Sides, written: readonly number[]): readonly number[] {
  const { batch, heads, query, key } = sides.group;
  const operands = [...sides.products.flatMap(({ axis, row, column }) => [{ axis, expr: row }, { axis, expr: column }]), ...sides.sums.map(({ axis, column }) => ({ axis, expr: column }))]; // prettier-ignore
  const found = operands.flatMap(({ axis, expr }) => {
    const probe = WgslScope.root(program, String);
    probe.bindAxes([...batch, ...heads, query, key, axis], 'x');
    const halves = halvesOf(expr);
    return halves?.kind === 'load' && wideIndex(program, probe, halves, axis) ? [halves.tensor] : [];
  });
  return [...new Set(found)].filter((tensor) => !written.includes(tensor));
}

export class HalvesStage {
  private readonly program: Program;
  private readonly sides: Sides;
  private readonly wide: readonly number[];
  private readonly lanes: number;
  private readonly memory: string;

  constructor(program: Program, sides: Sides, wide: readonly number[], lanes: number, memory: string) {
    this.program = program;
    this.sides = sides;
    this.wide = wide;
    this.lanes = lanes;
    this.memory = memory;
  }

  /** Whether all lanes load the same few times 8 halves. */
  even(operand: Staged, places: number): boolean {
    const halves = halvesOf(operand.expr);
    const each = (places * operand.octets) / this.lanes;
    return halves?.kind === 'load' && this.wide.includes(halves.tensor) && Number.isInteger(each) && each <= 8;
  }

  /** Of an operand that is `even`: the lane's loads. `tag` keeps the names of one call apart from those of others. */
  fetch(scope: WgslScope, operand: Staged, places: number, bind: BindPlace, tag: string): Fetched[] {
    const { octets } = operand;
    return count((places * octets) / this.lanes).map((i) => {
      const place = `${operand.name}${tag}${i}`;
      const e = scope.let(i === 0 ? 'lane' : `lane + ${i * this.lanes}u`, 'e');
      return this.octetAt(scope, operand, bind, place, e);
    });
  }

  /** Writes places 0 .. places - 1 of the operand; barriers are the caller's. */
  write(scope: WgslScope, operand: Staged, places: number, bind: BindPlace, tag: string): void {
    if (this.even(operand, places)) return this.store(scope, this.fetch(scope, operand, places, bind, tag));
    const halves = halvesOf(operand.expr);
    const wide = halves?.kind === 'load' && this.wide.includes(halves.tensor);
    const total = places * operand.octets * (wide ? 1 : OCTET / 2);
    scope.block(`for (var e = lane; e < ${total}u; e += ${this.lanes}u)`, (inner) => {
      if (wide) return this.store(inner, [this.octetAt(inner, operand, bind, 'in', 'e')]);
      this.store(inner, [this.pairAt(inner, operand, halves ?? operand.expr, bind)]);
    });
  }

  store(scope: WgslScope, fetched: readonly Fetched[]): void {
    for (const { to, value } of fetched) scope.line(`${to} = ${value};`);
  }

  /** The operand's element `axis` of one place. */
  private at(expr: Expr, axis: Axis, place: string): Expr {
    return exprAt(exprAt(exprAt(expr, this.sides.rows, place), [this.sides.column], place), [axis], place);
  }

  private octetAt(scope: WgslScope, operand: Staged, bind: BindPlace, place: string, e: string): Fetched {
    const { axis, octets, region, expr, first } = operand;
    const at = scope.let(`${e} / ${octets}u`, 'at');
    const octet = scope.let(`${e} % ${octets}u`, 'octet');
    const inside = axis.size / OCTET;
    const isInside = first + octets <= inside;
    bind(scope, place, at);
    const along = first === 0 ? `i32(${octet})` : `i32(${octet}) + ${first}`;
    const own = isInside ? along : `min(${along}, ${inside - 1})`;
    scope.bind(`${axis.name}#${place}`, scope.let(own, 'own'), axis.size);
    const [placed] = axesAt([axis], place);
    const load = this.at(halvesOf(expr) ?? expr, axis, place);
    const index = placed && wideIndex(this.program, scope, load, placed);
    const value = load.kind === 'load' && index ? scope.octet(load.tensor, index) : 'vec4u()';
    const kept = isInside ? value : `select(vec4u(), ${value}, ${octet} + ${first}u < ${inside}u)`;
    return { to: `${this.memory}[${region.base}u + ${at} * ${region.stride}u + ${octet}]`, value: kept };
  }

  private pairAt(scope: WgslScope, operand: Staged, halves: Expr, bind: BindPlace): Fetched {
    const { axis, octets, region, first } = operand;
    const at = scope.let(`e / ${octets * 4}u`, 'at');
    const pair = scope.let(`e % ${octets * 4}u`, 'pair');
    const values = [0, 1].map((half) => {
      const place = `in${half}`;
      const d = scope.let(`2 * i32(${pair}) + ${first * OCTET + half}`, 'd');
      bind(scope, place, at);
      const whole = (first + octets) * OCTET <= axis.size;
      scope.bind(`${axis.name}#${place}`, whole ? d : scope.let(`min(${d}, ${axis.size - 1})`, 'own'), axis.size);
      const value = scope.value(this.at(halves, axis, place));
      return whole ? value : `select(0.0h, ${value}, ${d} < ${axis.size})`;
    });
    const to = `${this.memory}[${region.base}u + ${at} * ${region.stride}u + ${pair} / 4u][${pair} % 4u]`;
    return { to, value: `bitcast<u32>(vec2<f16>(${values.join(', ')}))` };
  }
}
