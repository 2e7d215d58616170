// Takes: the `pre_tokenizer` of a tokenizer.json. Gives: the words that its model sees.
// Promises: splits as the `tokenizers` library does, with every behavior and Unicode's digits and letters.
import { UserError } from '../../user-error.ts';
import { lettersOfBytes } from './byte-letters.ts';
import { regexOf } from './library.ts';
import { isPart, type Part, patternOf, textAt } from './parts.ts';

/** `first`: the piece begins the text. */
export type Split = (text: string, first: boolean) => readonly string[];

interface Span {
  text: string;
  readonly isMatch: boolean;
}

/** What becomes of the matches of a pattern, as spans in the order of the text. */
const behaviors: Readonly<Record<string, (spans: readonly Span[]) => readonly Span[]>> = {
  removed: (spans) => spans.filter(({ isMatch }) => !isMatch),
  isolated: (spans) => spans,
  contiguous: (spans) => merge(spans, (span, before) => span.isMatch === before.isMatch),
  mergedwithprevious: (spans) => merge(spans, (span, before) => span.isMatch && !before.isMatch),
  mergedwithnext: (spans) => merge(spans, (span, before) => !span.isMatch && before.isMatch),
};

const gpt2 = String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const punctuation = String.raw`[\p{P}\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]`;

const rules: Readonly<Record<string, (part: Part, path: string) => Split>> = {
  Sequence: (part, path) => {
    const list = Array.isArray(part['pretokenizers']) ? part['pretokenizers'].filter(isPart) : [];
    const splits = list.map((each) => splitOf(each, path));
    return (text, first) =>
      splits.reduce<readonly string[]>((words, split) => words.flatMap((word, i) => split(word, first && i === 0)), [text]); // prettier-ignore
  },
  ByteLevel: (part) => {
    const words = part['use_regex'] === false ? null : by(regexOf(gpt2), 'isolated');
    return (text, first) => {
      const spaced = part['add_prefix_space'] === true && !text.startsWith(' ') ? ` ${text}` : text;
      return (words?.(spaced, first) ?? [spaced]).map(lettersOfBytes);
    };
  },
  Metaspace: (part) => {
    const mark = textAt(part, 'replacement', '\u2581');
    const scheme = part['prepend_scheme'] ?? (part['add_prefix_space'] === false ? 'never' : 'always');
    const words = part['split'] === false ? null : by(new RegExp(mark, 'gu'), 'mergedwithnext');
    return (text, first) => {
      const marked = text.replaceAll(' ', mark);
      const wanted = scheme === 'always' || (scheme === 'first' && first);
      const whole = wanted && !marked.startsWith(mark) ? mark + marked : marked;
      return words?.(whole, first) ?? [whole];
    };
  },
  Split: (part, path) => {
    const behavior = String(part['behavior']).toLowerCase();
    if (!(behavior in behaviors)) throw unknown(path, `Split with the behavior ${String(part['behavior'])}`);
    return by(patternOf(part), behavior, part['invert'] === true);
  },
  Whitespace: () => by(regexOf(String.raw`\w+|[^\w\s]+`), 'removed', true),
  WhitespaceSplit: () => by(regexOf(String.raw`\s`), 'removed'),
  CharDelimiterSplit: (part) => by(patternOf({ type: part.type, pattern: part['delimiter'] }), 'removed'),
  Punctuation: (part) => by(regexOf(punctuation), textAt(part, 'behavior', 'isolated').toLowerCase()),
  Digits: (part) => by(/\p{N}/gu, part['individual_digits'] === true ? 'isolated' : 'contiguous'),
  BertPreTokenizer: () => {
    const [words, marks] = [by(regexOf(String.raw`\s`), 'removed'), by(regexOf(punctuation), 'isolated')];
    return (text, first) => words(text, first).flatMap((word) => marks(word, false));
  },
};

/** @throws UserError naming a part that is not known */
export function splitOf(part: Part, path: string): Split {
  const rule = rules[part.type];
  if (rule === undefined) throw unknown(path, part.type);
  return rule(part, path);
}

const unknown = (path: string, what: string): UserError =>
  new UserError(`${path}: its pre-tokenizer has the part ${what}, which modelc does not know`);

function by(pattern: RegExp, behavior: string, invert = false): Split {
  const rule = behaviors[behavior] ?? ((spans) => spans);
  return (text) => rule(spansOf(text, pattern, invert)).map((span) => span.text);
}

function spansOf(text: string, pattern: RegExp, invert: boolean): Span[] {
  const spans: Span[] = [];
  let end = 0;
  const add = (from: number, to: number, isMatch: boolean): void => {
    if (to > from) spans.push({ text: text.slice(from, to), isMatch: isMatch !== invert });
  };
  for (const match of text.matchAll(pattern)) {
    add(end, match.index, false);
    end = match.index + match[0].length;
    add(match.index, end, true);
  }
  add(end, text.length, false);
  return spans;
}

function merge(spans: readonly Span[], joins: (span: Span, before: Span) => boolean): Span[] {
  const merged: Span[] = [];
  for (const [i, span] of spans.entries()) {
    const [before, last] = [spans[i - 1], merged.at(-1)];
    if (before !== undefined && last !== undefined && joins(span, before)) last.text += span.text;
    else merged.push({ ...span });
  }
  return merged;
}
