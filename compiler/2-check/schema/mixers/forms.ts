// Takes: nothing. Gives: the types of keys of mixers with a form of their own: starts, ranges, formulas, an earlier layer.
// Promises: what is written is read whole; a fault names the form and, for a name, the nearest right one.
import type { Expr } from '../../../1-syntax/ast.ts';
import { printExpr } from '../../../1-syntax/print-ast.ts';
import { nearest } from '../../draft/names.ts';
import { evaluate, inlineDraft } from '../../evaluate/evaluate.ts';
import { fail, pathOf } from '../../evaluate/section.ts';
import type { Init } from '../../model.ts';
import { callOf, mismatch, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { count, positive, real } from '../scalars.ts';

const startExpects = 'log(1..n), log_uniform(min, max), ones, zeros or a number';

/** How a parameter that is no linear map starts. */
export const start: KeyType<Init> = {
  expects: startExpects,
  words: ['log', 'log_uniform', 'ones', 'zeros'],
  read(slot) {
    const at = settle(slot, (word) => word === 'ones' || word === 'zeros');
    const { value } = at.draft;
    const word = wordOf(value);
    if (word === 'ones' || word === 'zeros') return { kind: 'constant', value: word === 'ones' ? 1 : 0 };
    const call = value?.kind === 'call' ? callOf(value) : null;
    const [first, second, more] = call?.args ?? [];
    if (call?.callee === 'log' && first !== undefined && second === undefined) return logRange(first, at);
    if (call?.callee === 'log_uniform' && first !== undefined && second !== undefined && more === undefined) {
      return logUniform(first, second, at);
    }
    return { kind: 'constant', value: real.read(at) };
  },
};

/** `log_uniform(min, max)` */
function logUniform(low: Expr, high: Expr, slot: Slot): Init {
  const [min, max] = [positive.read(inside(low, slot)), positive.read(inside(high, slot))];
  if (min <= max) return { kind: 'step_size', min, max, floor: 0 };
  const { section, key } = slot;
  const range = `at most ${max}, the other end of log_uniform`;
  return fail(section, 'out-of-range', low.span, { key: pathOf(section, key), value: min, range });
}

/** `log(1..n)` */
function logRange(range: Expr, slot: Slot): Init {
  const isRange = range.kind === 'binary' && range.operator === '..';
  if (!isRange || evaluate(range.left, slot.section).value !== 1) return mismatch(slot, startExpects);
  return { kind: 'log_range', count: count.read(inside(range.right, slot)) };
}

function inside(expr: Expr, { section, key }: Slot): Slot {
  return { draft: inlineDraft(expr, section), section, key };
}

/** `0..inf`, `-5..5` */
export const range: KeyType<readonly [number, number]> = {
  expects: 'a range low..high',
  read(slot) {
    const { value } = slot.draft;
    if (value?.kind !== 'binary' || value.operator !== '..') return mismatch(slot, 'a range low..high');
    const [low, high] = [value.left, value.right].map((bound) => evaluate(bound, slot.section).value);
    if (low === undefined || high === undefined || !(low < high)) return mismatch(slot, 'a range low..high');
    return [low, high];
  },
};

/** An expression over tensors of the mixer, kept as its canonical text. */
export function formula(tensors: readonly string[], functions: readonly string[]): KeyType<string> {
  const expects = `a formula of ${tensors.join(', ')} with ${functions.join(', ')}`;
  const visit = (expr: Expr, slot: Slot): void => {
    if (expr.kind === 'number') return;
    if (expr.kind === 'group' || expr.kind === 'negate') return visit(expr.value, slot);
    if (expr.kind === 'binary') return [expr.left, expr.right].forEach((side) => visit(side, slot));
    if (expr.kind === 'name') return known(expr, expr.name, tensors, slot);
    if (expr.kind !== 'call') return mismatch(slot, expects);
    const callee = printExpr(expr.callee);
    known(expr.callee, callee, functions, slot);
    const [arg, more] = expr.args;
    if (arg === undefined || more !== undefined || arg.name !== null) {
      return fail(slot.section, 'wrong-arguments', expr.span, { callee, message: 'it takes one tensor' });
    }
    visit(arg.value, slot);
  };
  return {
    expects,
    words: [...tensors, ...functions],
    read(slot) {
      const { value } = slot.draft;
      if (value === null) return mismatch(slot, expects);
      visit(value, slot);
      return printExpr(value);
    },
  };
}

function known(expr: Expr, name: string, names: readonly string[], { section }: Slot): void {
  if (names.includes(name)) return;
  const near = nearest(name, names);
  const fix = near === null ? `there are ${names.join(', ')}` : `did you mean \`${near}\`?`;
  fail(section, 'unknown-name', expr.span, { name }, { fix });
}

/** A part that stands in a key; its resolver reads it. */
export function partOf(kind: string): KeyType<Slot> {
  return { expects: `a ${kind}`, kind, read: (slot) => slot };
}
