// Takes: nothing. Gives: the type of values that change over training: `0.3 until 10Ttok then 0.1`.
// Promises: each piece ends later than the one before, the last holds to the end; a plain number holds throughout.
import type { Expr } from '../../1-syntax/ast.ts';
import { inlineDraft } from '../evaluate/evaluate.ts';
import { fail, pathOf } from '../evaluate/section.ts';
import type { Piecewise } from '../model.ts';
import { mismatch, settle, type KeyType, type Slot } from './key-type.ts';
import { real, tokens } from './scalars.ts';

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
      const parts = sequence(value);
      const last = parts.at(-1);
      if (last === undefined || isUntil(last)) return mismatch(at, expects);
      const pieces = parts.slice(0, -1).map((part) => (isUntil(part) ? piece(part, at, each) : mismatch(at, expects)));
      pieces.forEach(({ until }, index) => {
        const before = pieces[index - 1]?.until ?? 0;
        const range = `after the piece before it, which ends at ${before} tokens`;
        if (until <= before) fail(at.section, 'out-of-range', value.span, { key: pathOf(at.section, at.key), value: until, range }); // prettier-ignore
      });
      return { pieces, last: numberIn(last, at, each) };
    },
  };
}

export const piecewise = piecewiseOf(real);

type Until = Extract<Expr, { readonly kind: 'binary' }>;

function isUntil(expr: Expr): expr is Until {
  return expr.kind === 'binary' && expr.operator === 'until';
}

/** `a then b then c` -> a, b, c */
function sequence(expr: Expr): readonly Expr[] {
  if (expr.kind === 'group') return sequence(expr.value);
  if (expr.kind !== 'binary' || expr.operator !== 'then') return [expr];
  return [...sequence(expr.left), ...sequence(expr.right)];
}

function piece({ left, right }: Until, slot: Slot, each: KeyType<number>): Piecewise['pieces'][number] {
  return { value: numberIn(left, slot, each), until: numberIn(right, slot, tokens, ': until') };
}

function numberIn(expr: Expr, { section, key }: Slot, type: KeyType<number>, suffix = ''): number {
  return type.read({ draft: inlineDraft(expr, section), section, key: `${key}${suffix}` });
}

/** As it is written: `0.3 until 10000000000000tok then 0.1`. */
export function piecewiseText({ pieces, last }: Piecewise): string {
  return [...pieces.map(({ value, until }) => `${value} until ${until}tok`), last].join(' then ');
}
