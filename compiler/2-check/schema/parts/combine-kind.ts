// Takes: nothing. Gives: how the weights of the chosen experts come from their scores: `normalize(eps = 1e-20) * 2.5`.
// Promises: which scores are meant is told: `none` takes those that selected, the others take them without a bias.
import type { Expr } from '../../../1-syntax/ast.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { mismatch, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { key } from '../key-type.ts';
import { buildOf, kindOf } from '../register.ts';
import { atLeastZero, positive } from '../scalars.ts';

export const combineKind = kindOf({
  name: 'combine',
  about: 'The weights of the chosen experts, from their scores; a factor may follow: `normalize * 2.5`.',
  constructors: {
    normalize: {
      about: 'Scores without the selecting bias, divided by their sum over the chosen.',
      formula: 'w_e = s_e / (sum of s over the chosen + eps)',
      source: 'Mixtral, DeepSeek-V3',
      keys: { eps: key('added to the sum', atLeastZero) },
    },
    unbiased: {
      about: 'Scores without the selecting bias, as they are.',
      formula: 'w_e = s_e',
      source: 'arXiv 2408.15664',
      keys: {},
    },
    none: { about: 'The scores that selected, as they are.', formula: 'w_e = s_e', source: 'Jamba', keys: {} },
  },
});

export interface Combine {
  readonly constructor: keyof typeof combineKind.constructors;
  readonly eps: number | null;
  readonly scale: number;
  readonly slot: Slot;
}

const expects = 'normalize, unbiased, none or a factor, or one of them * a factor';
const words = Object.keys(combineKind.constructors);

/** `normalize`, `none`, `normalize(eps = 1e-20) * 2.5`, `2.5` */
export const combine: KeyType<Combine> = {
  expects,
  words,
  kind: 'combine',
  owns: (word) => words.includes(word),
  read(slot) {
    const at = settle(slot, (word) => words.includes(word));
    const { value, body } = at.draft;
    const factors = value === null || body !== null ? [] : product(value);
    const named = factors.filter(isCombine);
    const [first, second] = named;
    if (second !== undefined || (value === null && body !== null)) return mismatch(at, expects);
    const numbers = factors.filter((each) => !isCombine(each));
    const scale = body === null ? numbers.reduce((all, each) => all * factor(each, at), 1) : 1;
    if (first === undefined && body === null) return { constructor: 'none', eps: null, scale, slot: at };
    const draft = first === undefined ? at.draft : inlineDraft(first, at.section);
    const made = buildOf({ ...at, draft }, combineKind);
    return { constructor: made.constructor, eps: made.constructor === 'normalize' ? made.keys.eps : null, scale, slot: at }; // prettier-ignore
  },
};

function product(expr: Expr): readonly Expr[] {
  if (expr.kind === 'group') return product(expr.value);
  if (expr.kind !== 'binary' || expr.operator !== '*') return [expr];
  return [...product(expr.left), ...product(expr.right)];
}

function isCombine(expr: Expr): boolean {
  if (expr.kind === 'construct') return isCombine(expr.callee);
  return words.includes(wordOf(expr.kind === 'call' ? expr.callee : expr) ?? '');
}

function factor(expr: Expr, { section, key: name }: Slot): number {
  return positive.read({ draft: inlineDraft(expr, section), section, key: name });
}
