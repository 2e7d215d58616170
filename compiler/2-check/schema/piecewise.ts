// Takes: nothing. Gives: the type of values that change over training: `0.3 until 10Ttok then 0.1`.
// Promises: each piece ends later than the one before, the last holds to the end; a plain number holds throughout.
import type { Expr } from '../../1-syntax/ast.ts';
import { inlineDraft } from '../evaluate/evaluate.ts';
import { fail, pathOf } from '../evaluate/section.ts';
import type { Piecewise } from '../model.ts';
import { mismatch, settle, type KeyType, type Slot } from './key-type.ts';
import { tokens } from './scalars.ts';

/** `each`: what the value of a piece may be. */
export function piecewiseOf(each: KeyType<number>): KeyType<Piecewise> {
  const expects = `${each.expects}, or pieces: \`a until 10Btok then b\``;
  return {
    expects,
    words: ['until', 'then'],
    read(slot) {
      const at = settle(slot, () => false);
      const { value } = at.draft;
      if (value === null || at.draft.body !== null) return mismatch(at, expects);
      const steps = sequence(value);
      const pieces: { value: number; until: number }[] = [];
      for (let index = 0; index + 2 < steps.length; index += 2) {
        const [piece, end, next] = steps.slice(index);
        if (piece === undefined || end?.after !== 'until' || next?.after !== 'then') return mismatch(at, expects);
        const until = numberIn(end.expr, at, tokens, ': until');
        checkLater(until, pieces.at(-1)?.until ?? 0, end.expr, at);
        pieces.push({ value: numberIn(piece.expr, at, each), until });
      }
      const last = steps.at(-1);
      if (last === undefined || steps.length % 2 === 0) return mismatch(at, expects);
      return { pieces, last: numberIn(last.expr, at, each) };
    },
  };
}

/** An operand, and the word before it. */
interface Step {
  readonly after: 'until' | 'then' | null;
  readonly expr: Expr;
}

/** Both words bind alike, to the left: `a until t then b until u then c` is one sequence. */
function sequence(expr: Expr): readonly Step[] {
  if (expr.kind === 'group') return sequence(expr.value);
  if (expr.kind !== 'binary' || (expr.operator !== 'until' && expr.operator !== 'then')) return [{ after: null, expr }];
  const [first, ...more] = sequence(expr.right);
  const right = first === undefined ? [] : [{ ...first, after: expr.operator }, ...more];
  return [...sequence(expr.left), ...right];
}

function checkLater(until: number, before: number, expr: Expr, { section, key }: Slot): void {
  if (until > before) return;
  const range = `after the piece before it, which ends at ${before} tokens`;
  fail(section, 'out-of-range', expr.span, { key: `${pathOf(section, key)}: until`, value: until, range });
}

function numberIn(expr: Expr, { section, key }: Slot, type: KeyType<number>, suffix = ''): number {
  return type.read({ draft: inlineDraft(expr, section), section, key: `${key}${suffix}` });
}

/** As it is written: `0.3 until 10000000000000tok then 0.1`. */
export function piecewiseText({ pieces, last }: Piecewise): string {
  return [...pieces.map(({ value, until }) => `${value} until ${until}tok`), last].join(' then ');
}
