// Takes: the stack of a model. Gives: which block each layer is, with its arguments.
// Promises: E9: the length is n_layers, every `at` is inside it, every cycle has its names; overrides win.
import type { ClauseItem, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import type { Draft } from '../draft/draft.ts';
import { checkCondition } from '../evaluate/condition.ts';
import { evaluate, inlineDraft } from '../evaluate/evaluate.ts';
import { attempt, fail, lookup, Stop, type Section } from '../evaluate/section.ts';
import { layerCount } from '../schema/scalars.ts';

/** One layer: the block expression, and what the names of cycles stand for in it. */
export interface Place {
  readonly expr: Expr;
  readonly named: ReadonlyMap<string, Expr>;
}

export interface Stack {
  readonly places: readonly Place[];
  /** Lengths of the cycles, for the lint on a truncated tail. */
  readonly cycles: readonly { readonly length: number; readonly items: readonly Expr[]; readonly draft: Expr }[];
}

/** @throws Stop */
export function resolveStack(model: Section, nLayers: number): Stack {
  const draft = model.body.keys.get('stack');
  if (draft === undefined) return fail(model, 'missing-key', model.span, { key: 'stack', owner: 'model' });
  checkLength(draft, model, nLayers);
  const named = namedCycles(draft, model);
  const clauses = draft.body?.clauses ?? [];
  const main = clauses.filter(({ keyword }) => keyword === 'cycle' || keyword === 'each');
  const [first, second] = main;
  if (first === undefined || second !== undefined) {
    const message = 'it needs one `cycle [...]`, or one `each block(...)` with named cycles';
    return fail(model, 'stack-form', second?.span ?? draft.span, { message });
  }
  const cycle = first.keyword === 'cycle' ? items(first.args, model) : first.args;
  const places = Array.from({ length: nLayers }, (_, index): Place => {
    const names = new Map([...named].map(([name, list]) => [name, pick(list, index)]));
    return { expr: pick(cycle, index), named: names };
  });
  for (const clause of clauses) if (clause.keyword === 'at') override(places, clause, model);
  clauses.forEach((clause) => checkClause(clause, named, places, model));
  const cycles = [...named.values(), cycle].map((list) => ({ length: list.length, items: list, draft: pick(list, 0) }));
  return { places, cycles };
}

/** `stack n_layers` or `stack 12`. */
function checkLength(draft: Draft, model: Section, nLayers: number): void {
  if (draft.length === null) return;
  const { parts, span } = draft.length;
  const text = parts.map((part) => part.text).join('.');
  const literal = Number(text.replaceAll('_', ''));
  const expr: Expr = { kind: 'name', name: text, span };
  const length = Number.isNaN(literal) ? evaluate(expr, model).value : literal;
  if (length !== nLayers) fail(model, 'stack-length', span, { length, nLayers });
}

/** `mix = cycle [ssm * 2, local]` */
function namedCycles(draft: Draft, model: Section): ReadonlyMap<string, readonly Expr[]> {
  const named = new Map<string, readonly Expr[]>();
  for (const [name, { value, span }] of draft.body?.keys ?? []) {
    const isCycle = value?.kind === 'index' && value.object.kind === 'name' && value.object.name === 'cycle';
    if (!isCycle) {
      const message = `\`${name}\` must be \`cycle [...]\``;
      return fail(model, 'stack-form', value?.span ?? span, { message });
    }
    named.set(name, items(value.args.map((arg) => arg.value), model)); // prettier-ignore
  }
  return named;
}

function repeats(expr: Expr, model: Section): number {
  return layerCount.read({ draft: inlineDraft(expr, model), section: model, key: 'stack: repeat' });
}

/** `[a * 2, b]` -> a, a, b */
function items(args: readonly Expr[], model: Section): readonly Expr[] {
  const list = args.flatMap((arg) => (arg.kind === 'list' ? arg.items : [arg]));
  const all = list.flatMap((item) => {
    const times = item.kind === 'binary' && item.operator === '*' ? item : null;
    if (times === null) return [item];
    const [what, number] = times.left.kind === 'number' ? [times.right, times.left] : [times.left, times.right];
    return Array.from({ length: repeats(number, model) }, () => what);
  });
  const [first] = args;
  if (all.length > 0 || first === undefined) return all;
  return fail(model, 'stack-form', first.span, { message: 'the cycle is empty' });
}

function pick(list: readonly Expr[], index: number): Expr {
  const item = list[index % list.length];
  if (item === undefined) throw new Stop('empty cycle');
  return item;
}

/** `at 0..2 [b(dense)]`: layers 0, 1, 2; a longer list cycles over them. `at 5 [b]`: one layer. */
function override(places: Place[], clause: ClauseItem, model: Section): void {
  const [where, list] = clause.args;
  if (where === undefined || list === undefined) {
    return fail(model, 'stack-form', clause.span, { message: 'write `at 0..2 [block]`' });
  }
  const [low, high] = where.kind === 'binary' && where.operator === '..' ? [where.left, where.right] : [where, where];
  const [from, to] = [layerIndex(low, model, places.length), layerIndex(high, model, places.length)];
  if (from < 0 || to >= places.length || from > to || !Number.isInteger(from) || !Number.isInteger(to)) {
    fail(model, 'stack-range', where.span, { from, to, nLayers: places.length });
  }
  const blocks = items([list], model);
  for (let index = from; index <= to; index += 1) {
    const old = places[index];
    if (old !== undefined) places[index] = { ...old, expr: pick(blocks, index - from) };
  }
}

/** `last` is the last layer. */
function layerIndex(expr: Expr, model: Section, length: number): number {
  if (expr.kind === 'name' && expr.name === 'last' && lookup(model, 'last') === null) return length - 1;
  return evaluate(expr, model).value;
}

/** `require mix[last] == global` */
function checkClause(
  { keyword, args }: ClauseItem,
  named: ReadonlyMap<string, readonly Expr[]>,
  places: readonly Place[],
  model: Section,
): void {
  if (keyword !== 'require' && keyword !== 'assert') return;
  const wordOf = (expr: Expr): string | null => {
    if (expr.kind === 'name') return model.body.keys.get(expr.name)?.role == null ? null : expr.name;
    const [index] = expr.kind === 'index' ? expr.args : [];
    if (expr.kind !== 'index' || expr.object.kind !== 'name' || index === undefined) return null;
    const name = expr.object.name;
    const place = places[layerIndex(index.value, model, places.length)];
    const actual = named.has(name) ? place?.named.get(name) : undefined;
    return actual === undefined ? null : printExpr(actual);
  };
  args.forEach((arg) => attempt(() => checkCondition(arg, model, wordOf)));
}
