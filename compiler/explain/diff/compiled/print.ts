// Takes: how the graphs and the kernels of two models differ. Gives: the text for the terminal.
// Promises: the first rows of a long list and how many more there are; the data holds all.
import type { GraphDiff, OpCount, PlaceDiff } from './graph.ts';
import type { KernelDiff, OwnKernel } from './kernels.ts';
import type { Paint } from '../print.ts';

const mostRows = 30;

export function printGraphs(graphs: readonly GraphDiff[] | string, paint: Paint): string {
  if (typeof graphs === 'string') return `${paint.bold('ops')}\n  ${graphs}`;
  return graphs.map((graph) => printGraph(graph, paint)).join('\n\n');
}

function printGraph({ name, nodes, kinds, places }: GraphDiff, paint: Paint): string {
  const title = `${paint.bold(`ops, ${name}`)}  ${nodes.a} -> ${nodes.b} nodes`;
  if (places.length === 0) return `${title}\n  equal`;
  const width = Math.max(0, ...kinds.map(({ op }) => op.length));
  const kindLines = kinds.map(({ op, a, b }) => `  ${op.padEnd(width)}  ${paint.red(String(a))} -> ${paint.green(String(b))}`); // prettier-ignore
  return [title, ...kindLines, ...shortened(placeTexts(places, paint))].join('\n');
}

/** One text a place; parameters and states are left to the list of parameters. */
function placeTexts(places: readonly PlaceDiff[], paint: Paint): string[] {
  const byPath = new Map<string, string[]>();
  for (const { path, op, a, b } of places) {
    if (op === 'source') continue;
    const lines = byPath.get(path) ?? [];
    byPath.set(path, [...lines, ...opLines(a, b, paint)]);
  }
  return [...byPath].map(([path, lines]) => [`  ${path}`, ...lines].join('\n'));
}

/** Ops that differ in numbers alone stand on one line: `32 -> 36 x contract ... [batch, seq, kv_dim=16 -> 8]`. */
function opLines(a: readonly OpCount[], b: readonly OpCount[], paint: Paint): string[] {
  const rest = [...b];
  const pairs: string[] = [];
  const gone = a.filter((old) => {
    const alike = rest.filter((now) => template(now.text) === template(old.text));
    const now =
      alike.find(({ text }) => text === old.text) ?? alike.find(({ count }) => count === old.count) ?? alike[0];
    if (now === undefined) return true;
    rest.splice(rest.indexOf(now), 1);
    const values = old.text === now.text && old.count === now.count ? '  (other values)' : '';
    pairs.push(`    ~ ${merged(`${old.count} x ${old.text}`, `${now.count} x ${now.text}`, paint)}${values}`);
    return false;
  });
  const line = (sign: string, { text, count }: OpCount): string =>
    `    ${sign} ${count} x ${text.replaceAll(numbers, short)}`;
  return [
    ...pairs,
    ...gone.map((each) => paint.red(line('-', each))),
    ...rest.map((each) => paint.green(line('+', each))),
  ];
}

const numbers = /(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?/g;
const template = (text: string): string => text.replaceAll(numbers, '#');

/** 0.05000000000000004 -> 0.05 */
const short = (value: string): string => (value.length < 9 ? value : String(Number(Number(value).toPrecision(6))));

/** Two texts of one template as one. */
function merged(a: string, b: string, paint: Paint): string {
  const values = [...b.matchAll(numbers)].map(([value]) => short(value));
  let i = 0;
  return a.replaceAll(numbers, (old) => {
    const [was, now] = [short(old), values[i++] ?? old];
    return was === now ? was : `${paint.red(was)} -> ${paint.green(now)}`;
  });
}

export function printKernels(kernels: readonly KernelDiff[] | string, paint: Paint): string {
  if (typeof kernels === 'string') return `${paint.bold('kernels')}\n  ${kernels}`;
  return kernels.map((each) => printPlan(each, paint)).join('\n\n');
}

function printPlan({ plan, dispatches, same, onlyA, onlyB }: KernelDiff, paint: Paint): string {
  const shared = { a: sum(same.map((each) => each.dispatches.a)), b: sum(same.map((each) => each.dispatches.b)) };
  const [gone, come] = [byName(onlyA), byName(onlyB)];
  const names = [...new Set([...gone.keys(), ...come.keys()])];
  return [
    `${paint.bold(`kernels, ${plan}`)}  ${dispatches.a} -> ${dispatches.b} dispatches`,
    `  same code: ${same.length} kernels, ${shared.a} -> ${shared.b} dispatches`,
    ...(names.length === 0 ? [] : ['  other code: ~ in the same place, - only in the first, + only in the second']),
    ...shortened(names.map((name) => kernelLine(name, gone.get(name), come.get(name), paint))),
  ].join('\n');
}

/** Dispatches of the kernels of one name. */
function byName(kernels: readonly OwnKernel[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const { name, dispatches } of kernels) names.set(name, (names.get(name) ?? 0) + dispatches);
  return names;
}

function kernelLine(name: string, a: number | undefined, b: number | undefined, paint: Paint): string {
  if (a !== undefined && b !== undefined) return `  ~ ${a === b ? a : `${a} -> ${b}`} x ${brief(name)}`;
  return b === undefined ? paint.red(`  - ${a ?? 0} x ${brief(name)}`) : paint.green(`  + ${b} x ${brief(name)}`);
}

/** A kernel of many parts by its first ones. */
function brief(name: string): string {
  const parts = name.split(' + ');
  return parts.length <= 3 ? name : `${parts.slice(0, 2).join(' + ')} + ${parts.length - 2} more`;
}

function shortened(rows: readonly string[]): string[] {
  if (rows.length <= mostRows) return [...rows];
  return [...rows.slice(0, mostRows), `  and ${rows.length - mostRows} more (--json has all)`];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
