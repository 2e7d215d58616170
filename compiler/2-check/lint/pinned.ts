// Takes: a variant with its line of bases. Gives: W9: keys that a base pinned to a number, over an expression, and that
//   so do not follow what the variant sets.
// Promises: only definitions of the file's own models count, and only where the expression would give another number.
import type { Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { diagnostic } from '../../diagnostics.ts';
import type { Body, Draft } from '../draft/draft.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { attempt, member, type Section } from '../evaluate/section.ts';
import type { FileModel } from '../file/models.ts';
import type { Lint } from './lint.ts';

interface Pin {
  readonly from: Expr;
  readonly value: Expr;
}

/** Values by path: `attn.heads`. */
type Values = Map<string, Expr>;

export function lintPinned({ lineage, section }: FileModel): Lint[] {
  const [own, ...bases] = lineage;
  if (own === undefined || bases.length < 2) return [];
  const values: Values = new Map();
  const pins = new Map<string, Pin>();
  for (const { body } of bases.reverse()) {
    for (const [path, { value }] of flat(body)) {
      if (value === null) continue;
      const old = values.get(path);
      if (old !== undefined && isDerived(old) && !isDerived(value)) pins.set(path, { from: old, value });
      else if (isDerived(value)) pins.delete(path);
      else if (pins.has(path)) pins.set(path, { from: pins.get(path)?.from ?? value, value });
      values.set(path, value);
    }
  }
  const set = new Map(flat(own.body));
  return [...pins].flatMap(([path, pin]): Lint[] => {
    const changed = set.has(path) ? undefined : [...sources(pin.from, path, values)].find((each) => set.has(each));
    const draft = changed === undefined ? undefined : set.get(changed);
    if (changed === undefined || draft === undefined || givesSame(pin, path, section)) return [];
    const facts = { key: path, value: printExpr(pin.value), from: printExpr(pin.from), changed };
    const fix = `${path} = ${facts.from}, to follow it, or ${path} = ${facts.value}, to say that it stays`;
    return [{ key: path, diagnostic: diagnostic('pinned', draft.span, facts, { fix }) }];
  });
}

function flat(body: Body, prefix = ''): [string, Draft][] {
  return [...body.keys].flatMap(([key, draft]) => {
    const path = `${prefix}${key}`;
    return [[path, draft] as [string, Draft], ...(draft.body === null ? [] : flat(draft.body, `${path}.`))];
  });
}

/** Whether an expression names something. */
function isDerived(expr: Expr): boolean {
  return pathsIn(expr).length > 0;
}

/** `dense.width`, `d_model`: what an expression of numbers names; callees are functions. */
function pathsIn(expr: Expr): string[] {
  switch (expr.kind) {
    case 'name':
      return [expr.name];
    case 'member':
      return pathsIn(expr.object).map((path) => `${path}.${expr.name.text}`);
    case 'call':
    case 'index':
      return expr.args.flatMap(({ value }) => pathsIn(value));
    case 'binary':
      return [expr.left, expr.right].flatMap(pathsIn);
    case 'negate':
    case 'group':
      return pathsIn(expr.value);
    case 'list':
      return expr.items.flatMap(pathsIn);
    case 'number':
    case 'string':
    case 'construct':
      return [];
  }
}

/** Every path that an expression at `path` derives from, by way of others too. */
function sources(expr: Expr, path: string, values: Values, seen = new Set<string>()): Set<string> {
  for (const name of pathsIn(expr)) {
    const found = scopes(path).map((scope) => `${scope}${name}`).find((each) => values.has(each)) ?? name; // prettier-ignore
    if (seen.has(found)) continue;
    seen.add(found);
    const inner = values.get(found);
    if (inner !== undefined) sources(inner, found, values, seen);
  }
  return seen;
}

/** Of `attn.rope.dim`: `attn.rope.`, `attn.`, and the model itself. */
function scopes(path: string): string[] {
  const words = path.split('.').slice(0, -1);
  return [...words.map((_, index) => `${words.slice(0, words.length - index).join('.')}.`), ''];
}

function givesSame({ from, value }: Pin, path: string, model: Section): boolean {
  const section = attempt(() => sectionAt(path, model));
  if (section === null) return true;
  const quiet: Section = { ...section, world: { ...section.world, report: () => {} } };
  const [a, b] = [attempt(() => evaluate(from, quiet)), attempt(() => evaluate(value, quiet))];
  return a === null || b === null || a.value === b.value;
}

/** The section that holds the last key of a path. @throws Stop */
function sectionAt(path: string, model: Section): Section {
  return path.split('.').slice(0, -1).reduce((section, key) => {
    const draft = member(section, key);
    return draft === undefined ? section : section.world.open({ draft, section, key });
  }, model); // prettier-ignore
}
