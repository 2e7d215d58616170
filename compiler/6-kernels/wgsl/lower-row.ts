// Takes: a row group. Gives: its kernel part.
// Promises: reductions in a fixed order; every load of a row happens before the first store to it; rows of -3e38 are finite.
import { invariant } from '../../diagnostics.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { Program, RowGroup } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import type { WgslPart } from './wgsl-part.ts';
import { lanesInRow, rowSchedule } from './row-schedule.ts';
import type { RowSchedule } from './row-schedule.ts';
import { literal } from './text/literal.ts';
import { stripped } from './text/text.ts';
import { loadedTensors, pointCount, storeExprs, touchedTensors } from '../analysis/touched.ts';
import { WgslScope } from './wgsl-scope.ts';

type Reduction = RowGroup['reductions'][number];

/** Longer sums of one invocation are added up in parts of this length, which keeps the error of long rows small. */
const PART = 128;

export function lowerRow(program: Program, group: RowGroup, target: WebGpuTarget, schedule?: RowSchedule): WgslPart {
  const chosen = schedule ?? rowSchedule(program, group, target);
  const rows = pointCount(group.axes);
  const lanes = lanesInRow(chosen);
  const values = group.reductions.map((reduction) => reduction.value);
  const stores = [...group.rowStores, ...group.elementStores];
  const loaded = loadedTensors(storeExprs(group.elementStores));
  const stale = group.rowStores.some(({ tensor }) => loaded.has(tensor));
  invariant(!stale, `${group.name}: an element store reads what a row store of the group writes`);
  return {
    name: group.name,
    family: 'row',
    tensors: touchedTensors(values, stores),
    workgroupSize: chosen.workgroup,
    workgroups: Math.ceil(rows / chosen.rows),
    workgroupBytes: lanes === 1 ? 0 : 4 * chosen.workgroup * group.reductions.length,
    print: (tensorName, prefix) => {
      const root = WgslScope.root(program, tensorName);
      root.share([...values, ...storeExprs(stores)]);
      const kernel = new RowKernel(group, chosen, prefix);
      if (lanes === 1) kernel.writeSerial(root);
      else kernel.writeParallel(root);
      return { declarations: kernel.declarations(), body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

/** Consecutive reductions none of which needs another: they share one walk along the row. */
export function stagesOf(reductions: readonly Reduction[], root: WgslScope): readonly (readonly Reduction[])[] {
  const stages: Reduction[][] = [];
  for (const reduction of reductions) {
    const stage = stages.at(-1);
    const needs = root.variables(reduction.value);
    if (!stage || stage.some(({ result }) => needs.includes(result))) stages.push([reduction]);
    else stage.push(reduction);
  }
  return stages;
}

const combine = (fn: Reduction['fn'], x: string, y: string): string =>
  fn === 'sum' ? `${x} + ${y}` : `max(${x}, ${y})`;

function identity({ fn, value }: Reduction): string {
  if (fn === 'sum') return stripped(literal(0, value.type));
  const least: Readonly<Record<string, number>> = { i32: -2147483648, u32: 0 };
  return stripped(literal(least[value.type] ?? -Infinity, value.type));
}

/** Writes one row, or the rows of one workgroup. */
class RowKernel {
  private readonly group: RowGroup;
  private readonly schedule: RowSchedule;
  private readonly prefix: string;
  private readonly rows: number;
  private readonly length: number;

  constructor(group: RowGroup, schedule: RowSchedule, prefix: string) {
    this.group = group;
    this.schedule = schedule;
    this.prefix = prefix;
    this.rows = pointCount(group.axes);
    this.length = pointCount(group.row);
  }

  /** One array of workgroup memory per reduction, so that no stage waits for the readers of the one before. */
  declarations(): string {
    if (lanesInRow(this.schedule) === 1) return '';
    const { workgroup } = this.schedule;
    return this.group.reductions
      .map(({ value }, i) => `var<workgroup> ${this.shared(i)}: array<${value.type}, ${workgroup}>;`)
      .join('\n');
  }

  /** One invocation per row. */
  writeSerial(root: WgslScope): void {
    root.line(`let r = wg * ${this.schedule.rows}u + lane;`);
    const write = (scope: WgslScope): void => {
      scope.bindAxes(this.group.axes, 'r');
      for (const stage of stagesOf(this.group.reductions, scope)) {
        const names = stage.map((reduction) => this.accumulator(scope, reduction));
        this.addUp(scope, stage, names);
        for (const [i, { result }] of stage.entries()) scope.bind(result, names[i] ?? '');
      }
      const store = scope.prepareStores(this.group.rowStores);
      this.elementStores(scope, 'var e = 0u', 1);
      store(scope);
    };
    if (this.rows % this.schedule.rows === 0) write(root);
    else root.block(`if (r < ${this.rows}u)`, write);
  }

  /** Several invocations per row: each adds up its share, then a tree over workgroup memory. */
  writeParallel(root: WgslScope): void {
    const { schedule, group } = this;
    const lanes = lanesInRow(schedule);
    const [row, along] = schedule.across ? ['%', '/'] : ['/', '%'];
    const width = schedule.across ? schedule.rows : lanes;
    const exact = this.rows % schedule.rows === 0;
    const first = `wg * ${schedule.rows}u + lane ${row} ${width}u`;
    if (schedule.rows === 1) root.line('let r = wg;', 'let l = lane;');
    else if (exact) root.line(`let r = ${first};`, `let l = lane ${along} ${width}u;`);
    // Barriers want every invocation: those beyond the last row repeat it and store nothing.
    else
      root.line(`let any_r = ${first};`, `let r = min(any_r, ${this.rows - 1}u);`, `let l = lane ${along} ${width}u;`);
    root.bindAxes(group.axes, 'r');
    for (const stage of stagesOf(group.reductions, root)) this.stage(root, stage);
    const store = root.prepareStores(group.rowStores);
    const valid = exact ? '' : `any_r < ${this.rows}u`;
    if (group.elementStores.length > 0) {
      if (valid === '') this.elementStores(root, 'var e = l', lanes);
      else root.block(`if (${valid})`, (inner) => this.elementStores(inner, 'var e = l', lanes));
    }
    if (group.rowStores.length === 0) return;
    if (this.overwrites()) root.line('storageBarrier();');
    root.block(`if (l == 0u${valid === '' ? '' : ` && ${valid}`})`, store);
  }

  private stage(scope: WgslScope, stage: readonly Reduction[]): void {
    const { schedule } = this;
    const lanes = lanesInRow(schedule);
    const stride = schedule.across ? schedule.rows : 1;
    const names = stage.map((reduction) => this.accumulator(scope, reduction));
    const arrays = stage.map((reduction) => this.shared(this.group.reductions.indexOf(reduction)));
    this.walk(scope, stage, names, 'var e = l', `e < ${this.length}u`, lanes);
    scope.line(...arrays.map((array, i) => `${array}[lane] = ${names[i]};`), 'workgroupBarrier();');
    scope.block(`for (var s = ${lanes / 2}u; s > 0u; s >>= 1u)`, (loop) => {
      loop.block('if (l < s)', (inner) => {
        const partner = stride === 1 ? 'lane + s' : `lane + s * ${stride}u`;
        for (const [i, { fn }] of stage.entries()) {
          const array = arrays[i] ?? '';
          inner.line(`${array}[lane] = ${combine(fn, `${array}[lane]`, `${array}[${partner}]`)};`);
        }
      });
      loop.line('workgroupBarrier();');
    });
    const base = schedule.rows === 1 ? '0' : schedule.across ? `lane % ${schedule.rows}u` : `lane - l`;
    for (const [i, { result }] of stage.entries()) {
      const name = scope.fresh(`${identifier(result)}_all`);
      scope.line(`let ${name} = ${arrays[i]}[${base}];`);
      scope.bind(result, name);
    }
  }

  private accumulator(scope: WgslScope, reduction: Reduction): string {
    const name = scope.fresh(`r_${identifier(reduction.result)}`);
    scope.line(`var ${name} = ${identity(reduction)};`);
    return name;
  }

  /** The whole row by one invocation; long sums in parts. */
  private addUp(scope: WgslScope, stage: readonly Reduction[], names: readonly string[]): void {
    const long = this.length > 4 * PART && stage.some(({ fn }) => fn === 'sum');
    if (!long) return this.walk(scope, stage, names, 'var e = 0u', `e < ${this.length}u`, 1);
    scope.block(`for (var start = 0u; start < ${this.length}u; start += ${PART}u)`, (outer) => {
      const parts = stage.map((reduction) => this.accumulator(outer, reduction));
      const end = this.length % PART === 0 ? `start + ${PART}u` : `min(start + ${PART}u, ${this.length}u)`;
      this.walk(outer, stage, parts, 'var e = start', `e < ${end}`, 1);
      for (const [i, { fn }] of stage.entries())
        outer.line(`${names[i]} = ${combine(fn, names[i] ?? '', parts[i] ?? '')};`);
    });
  }

  private walk(
    scope: WgslScope,
    stage: readonly Reduction[],
    names: readonly string[],
    start: string,
    condition: string,
    step: number,
  ): void {
    scope.block(`for (${start}; ${condition}; ${advance(step)})`, (inner) => {
      inner.bindAxes(this.group.row, 'e');
      for (const [i, { fn, value }] of stage.entries())
        inner.line(`${names[i]} = ${combine(fn, names[i] ?? '', stripped(inner.expr(value)))};`);
    });
  }

  private elementStores(scope: WgslScope, start: string, step: number): void {
    if (this.group.elementStores.length === 0) return;
    scope.block(`for (${start}; e < ${this.length}u; ${advance(step)})`, (inner) => {
      inner.bindAxes(this.group.row, 'e');
      inner.stores(this.group.elementStores);
    });
  }

  /** Whether a store per row writes what another invocation may still have to read. */
  private overwrites(): boolean {
    const { reductions, rowStores, elementStores } = this.group;
    const exprs: Expr[] = [...reductions.map(({ value }) => value), ...storeExprs([...rowStores, ...elementStores])];
    const loaded = loadedTensors(exprs);
    return rowStores.some(({ tensor }) => loaded.has(tensor));
  }

  private shared(i: number): string {
    return `${this.prefix}${identifier(this.group.reductions[i]?.result ?? '')}_${i}`;
  }
}

const advance = (step: number): string => (step === 1 ? 'e++' : `e += ${step}u`);
const identifier = (name: string): string => name.replace(/\W/g, '_');
