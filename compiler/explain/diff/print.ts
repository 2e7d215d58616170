// Takes: the difference of two models. Gives: its text for the terminal.
// Promises: the text says nothing that the data does not hold; equal models are one line.
import { bytes, count } from '../explain.ts';
import type { CostDelta, CostUnit } from './costs.ts';
import type { ModelDiff } from './diff.ts';
import type { ChangedKey, OverriddenKey } from './keys.ts';
import { type LayerChange, layersText } from './layers.ts';
import type { ParameterChanges } from './parameters.ts';
import { foldKeys, groupNames } from './shorten.ts';

/** How text is coloured; each gives its text back where there is no colour. */
export interface Paint {
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

export function printDiff(diff: ModelDiff, paint: Paint): string {
  const title = `${paint.bold(diff.a)} -> ${paint.bold(diff.b)}`;
  if (diff.same) return `${title}: the same function`;
  const sections: [string, string[]][] = [
    ...keySections(diff, paint),
    ['layers', diff.layers.flatMap((change) => layerLines(change, paint))],
    ['costs', costLines(diff.costs, paint)],
    ['parameters', parameterLines(diff.parameters, paint)],
  ];
  const texts = sections.filter(([, lines]) => lines.length > 0);
  return [title, ...texts.map(([name, lines]) => [paint.bold(name), ...lines].join('\n'))].join('\n\n');
}

/** The keys that were set, and one line of what they cost. */
export function printBrief(diff: ModelDiff, paint: Paint): string {
  const title = `${paint.bold(diff.a)} -> ${paint.bold(diff.b)}`;
  if (diff.same) return `${title}: the same function`;
  const keys = keySections(diff, paint)[0]?.[1] ?? [];
  const costs = mainCosts(diff.costs).filter(({ a, b }) => a !== b);
  const deltas = costs.map((cost) => `${cost.name} ${showCost(cost.b, cost.unit)} (${percentText(cost)})`);
  const loads = diff.parameters.loads;
  const fills = `a checkpoint fills ${((100 * loads.elements) / loads.totalElements).toFixed(1)} %`;
  return [title, ...keys, paint.dim(`  ${[...deltas, fills].join('; ')}`)].join('\n');
}

/** What stands first in every comparison. */
export function mainCosts(costs: readonly CostDelta[]): CostDelta[] {
  return costs.filter(({ name }) => mainFigures.has(name));
}

const mainFigures: ReadonlySet<string> = new Set([
  'parameters',
  'active parameters',
  'forward FLOPs per token',
  'KV cache per token',
  'KV cache, full context',
  'KV and state, full context',
]);

function keySections(diff: ModelDiff, paint: Paint): [string, string[]][] {
  return keyGroups(diff).map(({ title, keys }) => [title, keyLines(keys, paint)]);
}

export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly ChangedKey[];
}

/** What the texts set apart from what follows; parts that came or went folded into a row. */
export function keyGroups({ overridden, changed }: ModelDiff): KeyGroup[] {
  if (overridden === null) return [{ title: 'keys', keys: foldKeys(changed) }];
  const values = new Map(foldKeys(changed).map((key) => [key.path, key]));
  const set = overridden.filter(({ path }) => !foldedAway(path, changed, values)).map((key) => valued(key, values));
  const derived = foldKeys(changed).filter(({ origin }) => origin === 'derived');
  return [
    { title: 'keys that the text sets', keys: set },
    { title: 'keys that follow', keys: derived },
  ];
}

/** A key inside a part that came or went shows within it. */
function foldedAway(path: string, changed: readonly ChangedKey[], rows: ReadonlyMap<string, ChangedKey>): boolean {
  return !rows.has(path) && changed.some((each) => each.path === path);
}

/** The value where the canonical form has the key, else the text. */
function valued(key: OverriddenKey, values: ReadonlyMap<string, ChangedKey>): ChangedKey {
  return values.get(key.path) ?? { ...key, origin: 'written', from: [] };
}

function keyLines(keys: readonly ChangedKey[], paint: Paint): string[] {
  const short = keys.filter((key) => !isLong(key));
  const width = Math.min(36, Math.max(0, ...short.map(({ path }) => path.length)));
  return keys.flatMap((key) => {
    const { path, from } = key;
    const [a, b] = [briefCycle(key.a), briefCycle(key.b)];
    const why = from.length === 0 ? '' : paint.dim(`  (from ${from.join(', ')})`);
    if (!isLong(key))
      return [`  ${path.padEnd(width)}  ${paint.red(a ?? '(none)')} -> ${paint.green(b ?? '(none)')}${why}`];
    const gone = a === null ? [] : [paint.red(`    - ${a}`)];
    const come = b === null ? [] : [paint.green(`    + ${b}`)];
    return [`  ${path}${why}`, ...gone, ...come];
  });
}

/** A value per layer by its ends: `cycle [normal(0.01), normal(0.02), .. normal(0.05)] of 26`; the data has all. */
function briefCycle(value: string | null): string | null {
  const list = value === null ? null : /^cycle \[(.*)\]$/.exec(value);
  // Commas inside of brackets are arguments.
  const items = list?.[1]?.split(/, (?![^([{]*[)\]}])/) ?? [];
  if (items.length <= 6) return value;
  return `cycle [${items.slice(0, 2).join(', ')}, .. ${items.at(-1) ?? ''}] of ${items.length}`;
}

/** Too long to stand on one line with its other side. */
const isLong = ({ a, b }: ChangedKey): boolean => (a ?? '').length + (b ?? '').length > 80;

/** Only the lines that differ. */
function layerLines(change: LayerChange, paint: Paint): string[] {
  const { a, b } = change;
  const gone = (a ?? []).filter((line) => b?.includes(line) !== true);
  const come = (b ?? []).filter((line) => a?.includes(line) !== true);
  const only = a === null ? ' (only in the second)' : b === null ? ' (only in the first)' : '';
  return [
    `  ${layersText(change)}${only}`,
    ...gone.map((line) => paint.red(`    - ${line}`)),
    ...come.map((line) => paint.green(`    + ${line}`)),
  ];
}

function costLines(costs: readonly CostDelta[], paint: Paint): string[] {
  const rows = costs.filter(({ a, b }) => a !== b).map((cost) => [cost.name, showCost(cost.a, cost.unit), showCost(cost.b, cost.unit), deltaText(cost)]); // prettier-ignore
  const same = costs.filter(({ a, b }) => a === b).map(({ name }) => name);
  const width = (i: number): number => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0));
  const lines = rows.map(([name = '', a = '', b = '', delta = '']) => {
    return `  ${name.padEnd(width(0))}  ${a.padStart(width(1))} -> ${b.padStart(width(2))}  ${paint.dim(delta)}`;
  });
  return same.length === 0 ? lines : [...lines, paint.dim(`  equal: ${same.join(', ')}`)];
}

const costTexts: { readonly [U in CostUnit]: (value: number) => string } = {
  count,
  bytes,
  ratio: (value) => String(Number(value.toPrecision(4))),
};

export function showCost(value: number, unit: CostUnit): string {
  return costTexts[unit](value);
}

/** `-16.4K (-4.7 %)` */
export function deltaText(cost: CostDelta): string {
  const { a, b, unit } = cost;
  const percent = a === 0 ? '' : ` (${percentText(cost)})`;
  return `${b >= a ? '+' : '-'}${showCost(Math.abs(b - a), unit)}${percent}`;
}

/** `-4.7 %` */
export function percentText({ a, b }: CostDelta): string {
  if (a === 0) return 'new';
  return `${b >= a ? '+' : '-'}${((100 * Math.abs(b - a)) / Math.abs(a)).toFixed(1)} %`;
}

const shapeText = (shape: readonly number[]): string => shape.join(' x ');

/** Rows of the parameters that differ, layers together. */
export function parameterRows({ added, removed, reshaped }: ParameterChanges): [string, string, string][] {
  const rows = (word: string, list: readonly { name: string; what: string }[]): [string, string, string][] =>
    groupNames(list).map(({ name, what }) => [word, name, what]);
  return [
    ...rows('added', added.map(({ name, shape }) => ({ name, what: shapeText(shape) }))), // prettier-ignore
    ...rows('removed', removed.map(({ name, shape }) => ({ name, what: shapeText(shape) }))), // prettier-ignore
    ...rows('reshaped', reshaped.map(({ name, a, b }) => ({ name, what: `${shapeText(a)} -> ${shapeText(b)}` }))), // prettier-ignore
  ];
}

function parameterLines(parameters: ParameterChanges, paint: Paint): string[] {
  const rows = parameterRows(parameters);
  const width = Math.max(0, ...rows.map(([, name]) => name.length));
  const colour: Record<string, (text: string) => string> = { added: paint.green, removed: paint.red };
  const lines = rows.map(([word, name, what]) => {
    return `  ${(colour[word] ?? String)(word.padEnd(8))}  ${name.padEnd(width)}  ${what}`;
  });
  return [...lines, `  ${loadsText(parameters)}`];
}

/** What a checkpoint of A is worth to B. */
export function loadsText({ loads }: ParameterChanges): string {
  const { names, total, elements, totalElements } = loads;
  if (names.length === total) return 'a checkpoint of the first fills every parameter of the second';
  if (names.length === 0) return 'a checkpoint of the first fills no parameter of the second';
  const share = ((100 * elements) / totalElements).toFixed(1);
  return `a checkpoint of the first fills ${names.length} of ${total} tensors of the second, ${share} % of its numbers`;
}
