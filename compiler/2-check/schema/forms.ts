// Takes: nothing. Gives: the types of keys with a form of their own: masks, gains, biases of projections, soft-caps.
// Promises: every form of the language page; a fault says which forms there are.
import type { Expr } from '../../1-syntax/ast.ts';
import { inlineDraft } from '../evaluate/evaluate.ts';
import type { MaskSpec, NormSpec } from '../model.ts';
import { callOf, mismatch, settle, wordOf, type KeyType, type Slot } from './key-type.ts';
import { count, positive } from './scalars.ts';

const maskWords: ReadonlySet<string> = new Set(['causal', 'full']);
const maskExpects = 'causal, full, window(n), chunk(n), or several joined by &';

/** `causal & window(1024)`: the parts in a fixed order, `full` left out where another stands. */
export const mask: KeyType<MaskSpec> = {
  expects: maskExpects,
  words: ['causal', 'full', 'window', 'chunk'],
  read(slot) {
    const parts = maskParts(slot).filter((part) => part.kind !== 'full');
    const order = ['causal', 'window', 'chunk'];
    parts.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    const [first, ...more] = parts;
    if (first === undefined) return { kind: 'full' };
    return more.length === 0 ? first : { kind: 'all', parts };
  },
};

function maskParts(slot: Slot): MaskSpec[] {
  const at = settle(slot, (word) => maskWords.has(word));
  const { section, key } = at;
  const { value } = at.draft;
  if (value?.kind === 'binary' && value.operator === '&') {
    const sides = [value.left, value.right];
    return sides.flatMap((side) => maskParts({ draft: inlineDraft(side, section), section, key }));
  }
  const call = callOf(value);
  const { callee = '', args = [] } = call ?? {};
  if (args.length === 0 && callee === 'causal') return [{ kind: 'causal' }];
  if (args.length === 0 && callee === 'full') return [{ kind: 'full' }];
  const [arg, extra] = args;
  if ((callee === 'window' || callee === 'chunk') && arg !== undefined && extra === undefined) {
    const size = count.read({ draft: inlineDraft(arg, section), section, key: `${slot.key}: ${callee}` });
    return [{ kind: callee, size }];
  }
  const words = ['causal', 'full', 'window', 'chunk'];
  return mismatch(at, maskExpects, words, value?.kind === 'number' ? `write causal & window(${value.text})` : null);
}

function isOne(expr: Expr): boolean {
  return expr.kind === 'number' && expr.value === 1 && expr.unit === null;
}

function isWeight(expr: Expr): boolean {
  return wordOf(expr) === 'weight';
}

/** `weight`, `1 + weight`, `none` */
export const gain: KeyType<NormSpec['gain']> = {
  expects: 'weight, 1 + weight or none',
  words: ['weight', 'none'],
  read(slot) {
    const at = settle(slot, (word) => word === 'weight' || word === 'none');
    const { value } = at.draft;
    if (wordOf(value) === 'weight') return 'weight';
    if (wordOf(value) === 'none') return 'none';
    if (value?.kind === 'binary' && value.operator === '+') {
      const { left, right } = value;
      if ((isOne(left) && isWeight(right)) || (isOne(right) && isWeight(left))) return 'one_plus';
    }
    return mismatch(at, 'weight, 1 + weight or none', ['weight', 'none']);
  },
};

/** Which of `names` have a bias: `none`, `all`, `qkv`, `q`, `[q, k, v]`. */
export function projections<const P extends string>(...names: readonly P[]): KeyType<Readonly<Record<P, boolean>>> {
  const expects = `none, all, or a list of ${names.join(', ')}`;
  const words = new Set<string>([...names, 'none', 'all', 'qkv', 'false', 'true']);
  return {
    expects,
    words: [...names, 'none', 'all'],
    read(slot) {
      const at = settle(slot, (word) => words.has(word));
      const { value } = at.draft;
      const chosen = value?.kind === 'list' ? value.items.map(wordOf) : expand(wordOf(value), names);
      const known: readonly (string | null)[] = names;
      if (chosen === null || chosen.some((word) => !known.includes(word))) return mismatch(at, expects, [...words]);
      // One entry per name, by construction.
      return Object.fromEntries(names.map((name) => [name, chosen.includes(name)])) as Record<P, boolean>;
    },
  };
}

function expand(word: string | null, names: readonly string[]): readonly string[] | null {
  if (word === 'none' || word === 'false') return [];
  if (word === 'all' || word === 'true') return names;
  if (word === 'qkv') return ['q', 'k', 'v'];
  return word === null ? null : [word];
}

/** `none`, `50`, `tanh(50)`: c * tanh(x / c). */
export const softcap: KeyType<number | null> = {
  expects: 'none, a number or tanh(c)',
  words: ['none', 'tanh'],
  read(slot) {
    const at = settle(slot, (word) => word === 'none');
    const { section } = at;
    const { value } = at.draft;
    if (wordOf(value) === 'none') return null;
    const call = value?.kind === 'call' ? callOf(value) : null;
    if (call?.callee !== 'tanh') return positive.read(at);
    const [cap, more] = call.args;
    if (cap === undefined || more !== undefined) return mismatch(at, 'none, a number or tanh(c)');
    return positive.read({ draft: inlineDraft(cap, section), section, key: slot.key });
  },
};
