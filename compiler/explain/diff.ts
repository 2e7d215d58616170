// Takes: two checked models. Gives: how they differ: keys of their canonical forms, sizes and costs, parameters.
// Promises: equal functions give an empty diff, however they were written.
import { canonicalEntries } from '../2-check/canonical.ts';
import type { Model } from '../2-check/model.ts';
import { parameters } from '../2-check/parameters/parameters.ts';
import { costsOf } from './cost.ts';
import { bytes, count } from './explain.ts';

export interface ChangedKey {
  readonly path: string;
  /** Null: only in the other model. */
  readonly a: string | null;
  readonly b: string | null;
}

export interface ModelDiff {
  readonly a: string;
  readonly b: string;
  readonly changed: readonly ChangedKey[];
  readonly costs: readonly {
    readonly name: string;
    readonly a: number;
    readonly b: number;
    readonly unit: 'count' | 'bytes';
  }[];
  readonly parameters: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly reshaped: readonly string[];
  };
}

export function diffModels(a: Model, b: Model): ModelDiff {
  const [before, after] = [costsOf(a), costsOf(b)];
  return {
    a: a.name,
    b: b.name,
    changed: changedKeys(new Map(canonicalEntries(a)), new Map(canonicalEntries(b))),
    costs: [
      { name: 'parameters', a: before.parameters.total, b: after.parameters.total, unit: 'count' as const },
      { name: 'forward FLOPs per token', a: before.flopsPerToken.forward, b: after.flopsPerToken.forward, unit: 'count' as const }, // prettier-ignore
      { name: 'KV cache per token', a: before.kvBytesPerToken, b: after.kvBytesPerToken, unit: 'bytes' as const },
    ].filter((cost) => cost.a !== cost.b),
    parameters: changedParameters(a, b),
  };
}

function changedKeys(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): ChangedKey[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths
    .filter((path) => path !== 'name' && a.get(path) !== b.get(path))
    .map((path) => ({ path, a: a.get(path) ?? null, b: b.get(path) ?? null }));
}

function changedParameters(a: Model, b: Model): ModelDiff['parameters'] {
  const shapes = (model: Model): Map<string, string> =>
    new Map(parameters(model).map(({ name, dims }) => [name, dims.map((dim) => dim.size).join(' x ')]));
  const [before, after] = [shapes(a), shapes(b)];
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    reshaped: [...after].flatMap(([name, shape]) => {
      const old = before.get(name);
      return old === undefined || old === shape ? [] : [`${name}: ${old} -> ${shape}`];
    }),
  };
}

/** `paint` colours what goes and what comes. */
export function printDiff(diff: ModelDiff, paint: { red(text: string): string; green(text: string): string }): string {
  const lines = [`${diff.a} -> ${diff.b}`];
  if (diff.changed.length === 0) return `${lines.join('')}: the same function`;
  for (const { path, a, b } of diff.changed) {
    lines.push(`  ${path.padEnd(28)} ${paint.red(a ?? '(none)')} -> ${paint.green(b ?? '(none)')}`);
  }
  for (const { name, a, b, unit } of diff.costs) {
    const show = unit === 'count' ? count : bytes;
    const percent = `${b >= a ? '+' : ''}${((100 * (b - a)) / a).toFixed(1)} %`;
    lines.push(`  ${name.padEnd(28)} ${show(a)} -> ${show(b)} (${percent})`);
  }
  const { added, removed, reshaped } = diff.parameters;
  lines.push(...listed('added', added), ...listed('removed', removed), ...listed('reshaped', reshaped));
  return lines.join('\n');
}

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 4 ? `, and ${names.length - 4} more` : '';
  return [`  parameters ${what.padEnd(17)} ${names.slice(0, 4).join(', ')}${more}`];
}
