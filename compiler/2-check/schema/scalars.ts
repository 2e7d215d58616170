// Takes: nothing. Gives: the types of simple keys: numbers, words, texts, lists of words.
// Promises: the range is part of the type; a fault names the key, what it takes and what was found.
import { evaluateDraft, inlineDraft } from '../evaluate/evaluate.ts';
import { show, type Quantity } from '../evaluate/quantity.ts';
import { isNoneElsewhere } from '../draft/other-names.ts';
import { fail, lookup, pathOf } from '../evaluate/section.ts';
import { mismatch, settle, wordOf, type KeyType, type Slot } from './key-type.ts';

interface Range {
  readonly expects: string;
  readonly whole?: boolean;
  readonly holds: (value: number) => boolean;
  readonly range: string;
}

function number({ expects, whole = false, holds, range }: Range): KeyType<number> {
  return {
    expects,
    read(slot) {
      const { section, key, draft } = slot;
      const { value, measure } = numberOf(slot, expects);
      const path = pathOf(section, key);
      const span = draft.value?.span ?? draft.span;
      if (measure === 'token' || measure === 'byte') {
        return fail(section, 'wrong-type', span, { key: path, expected: expects, found: show({ value, measure }) });
      }
      const isNumber = Number.isFinite(value) || (!whole && holds(value));
      if (!isNumber || Number.isNaN(value)) return fail(section, 'not-finite', span, { what: path });
      // Sizes come from divisions: 8/3 * 1536 is 4096 but for the last bit.
      const near = Math.abs(value - Math.round(value)) < 1e-9 * Math.max(1, Math.abs(value));
      if (whole && !near) return fail(section, 'not-whole', span, { key: path, value });
      const exact = whole ? Math.round(value) : value;
      if (!holds(exact)) return fail(section, 'out-of-range', span, { key: path, value: exact, range });
      return exact;
    },
  };
}

/** The number a slot holds; anything that cannot be one is a fault of this key. */
export function numberOf(slot: Slot, expects: string): Quantity {
  const { draft, section, key } = slot;
  const kind = draft.value?.kind;
  if (kind === 'string' || kind === 'list' || kind === undefined || draft.body !== null) return mismatch(slot, expects);
  return evaluateDraft(draft, section, key);
}

export const count = number({ expects: 'a whole number above 0', whole: true, holds: (x) => x >= 1, range: 'at least 1' }); // prettier-ignore
/** Of layers, and of repetitions in a cycle: each is resolved by itself, so a slip of the pen must not ask for millions. */
export const layerCount = number({ expects: 'a whole number from 1 to 4096', whole: true, holds: (x) => x >= 1 && x <= 4096, range: 'from 1 to 4096' }); // prettier-ignore
export const natural = number({ expects: 'a whole number', whole: true, holds: (x) => x >= 0, range: 'at least 0' });
/** Below 0 too: `layer - 1`, which the check of layers refuses with its own words. */
export const whole = number({ expects: 'a whole number', whole: true, holds: Number.isFinite, range: 'finite' });
export const real = number({ expects: 'a number', holds: Number.isFinite, range: 'finite' });
/** -inf: what is never chosen. */
export const belowInfinity = number({ expects: 'a number or -inf', holds: (x) => x < Infinity, range: 'below inf' });
export const positive = number({ expects: 'a number above 0', holds: (x) => x > 0 && x < Infinity, range: 'above 0' });
export const atLeastZero = number({ expects: 'a number, at least 0', holds: (x) => x >= 0 && x < Infinity, range: 'at least 0' }); // prettier-ignore
/** Includes both ends. */
export const share = number({ expects: 'a number from 0 to 1', holds: (x) => x >= 0 && x <= 1, range: 'from 0 to 1' });
/** Of what is dropped or forgotten: all of it would leave nothing. */
export const rate = number({ expects: 'a number from 0 to below 1', holds: (x) => x >= 0 && x < 1, range: 'from 0 to below 1' }); // prettier-ignore

export function oneOf<const W extends string>(...words: readonly W[]): KeyType<W> {
  const expects = words.length === 1 ? `\`${words[0] ?? ''}\`` : `one of ${words.join(', ')}`;
  const owns = (word: string): boolean => (words as readonly string[]).includes(word);
  return {
    expects,
    words,
    owns,
    read(slot) {
      const at = settle(slot, owns);
      const word = wordOf(at.draft.value);
      const found = words.find((each) => each === word);
      return found === undefined || at.draft.body !== null ? mismatch(slot, expects, words) : found;
    },
  };
}

/** `none` is null; otherwise the type itself. */
export function orNone<T>(type: KeyType<T>): KeyType<T | null> {
  const owns = (word: string): boolean => word === 'none' || type.owns?.(word) === true;
  const expects = `none or ${type.expects}`;
  return {
    owns,
    ...(type.kind === undefined ? {} : { kind: type.kind }),
    expects,
    words: ['none', ...(type.words ?? [])],
    read(slot) {
      const at = settle(slot, (word) => owns(word) || type.kind !== undefined);
      const word = wordOf(at.draft.value);
      if (word === 'none' && at.draft.body === null) return null;
      const isNone = word !== null && isNoneElsewhere(word) && !owns(word) && lookup(at.section, word) === null;
      return isNone ? mismatch(at, expects, ['none']) : type.read(at);
    },
  };
}

/** A key that may be missing. */
export function maybe<T>(type: KeyType<T>): KeyType<T | null> {
  return { ...type, absent: { value: null } };
}

const yes: ReadonlySet<string> = new Set(['true', 'weight', 'all']);

/** true, false; `bias = none` is false. */
export const flag: KeyType<boolean> = {
  expects: 'true or false',
  words: ['true', 'false'],
  read(slot) {
    const at = settle(slot, (word) => yes.has(word) || word === 'false' || word === 'none');
    const word = wordOf(at.draft.value) ?? '';
    if (yes.has(word)) return true;
    return word === 'false' || word === 'none' ? false : mismatch(at, 'true or false', ['true', 'false']);
  },
};

/** `["a", "b"]`, or one text. */
export const texts: KeyType<readonly string[]> = {
  expects: 'a list of texts',
  read(slot) {
    const at = settle(slot, (word) => word === 'none');
    const { value } = at.draft;
    if (value?.kind === 'string') return [value.value];
    if (wordOf(value) === 'none') return [];
    if (value?.kind !== 'list') return mismatch(slot, 'a list of texts');
    return value.items.map((item) => (item.kind === 'string' ? item.value : mismatch(slot, 'a list of texts')));
  },
};

/** `[a, b]`, or one: each read by `type`. */
export function listOf<T>(type: KeyType<T>): KeyType<readonly T[]> {
  const expects = `a list, each ${type.expects}`;
  return {
    expects,
    ...(type.words === undefined ? {} : { words: type.words }),
    read(slot) {
      const { value } = slot.draft;
      if (wordOf(value) === 'none') return [];
      if (value?.kind !== 'list') return [type.read(slot)];
      const { section, key } = slot;
      return value.items.map((item, index) => type.read({ draft: inlineDraft(item, section), section, key: `${key}[${index}]` })); // prettier-ignore
    },
  };
}

/** `14.3Ttok`, or a plain number of them. */
export const tokens: KeyType<number> = {
  expects: 'a number of tokens',
  read(slot) {
    const { section, key, draft } = slot;
    const { value, measure } = numberOf(slot, 'a number of tokens');
    const path = pathOf(section, key);
    const span = draft.value?.span ?? draft.span;
    if (measure === 'byte' || measure === 'percent') {
      const found = show({ value, measure });
      return fail(section, 'wrong-type', span, { key: path, expected: 'a number of tokens', found });
    }
    if (value > 0 && value < Infinity) return value;
    return fail(section, 'out-of-range', span, { key: path, value, range: 'above 0' });
  },
};
