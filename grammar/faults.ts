// Takes: what the lexer, the bracket check and the parser stumbled over.
// Gives: faults in words a person understands: what was expected, what was found.
// Promises: names no token type and no rule.
import { EOF, MismatchedTokenException, tokenMatcher, type IRecognitionException } from 'chevrotain';
import type { BracketFault } from './balance.ts';
import { type SourceFile, type Span, positionOf } from './source.ts';
import * as t from './tokens.ts';

export interface Fault {
  readonly message: string;
  readonly span: Span;
}

/** What was likely meant by a character that the language does not have. */
const hints: Record<string, string> = {
  "'": 'a string stands in double quotes',
  '`': 'a string stands in double quotes',
  ':': 'a key is set with `=`',
  '|': 'the language has `&` but no `|`',
  '!': 'the language has `!=` but no `!`',
  '?': 'what differs from layer to layer is `cycle [a, b]` or `list[layer]`',
  '\u201c': 'a string stands in straight double quotes',
  '\u201d': 'a string stands in straight double quotes',
  '\u2212': 'the sign is `-`',
  '\u00d7': 'a product is `*`',
  '\u00f7': 'a quotient is `/`',
};

/** What was likely meant by a token that does not fit behind the one before it. */
const pairs: Record<string, string> = {
  '= {': 'a block stands without `=`',
  '* *': 'a power is `^`',
  '/ /': 'a comment starts with `#`; a whole quotient is `floor(a / b)`',
  '= .': 'a digit stands before the point',
};

/** What was likely meant by a token that stands where an item should end. */
const ends: Record<string, string> = {
  ',': 'keys are separated by `;` or a new line',
  '=': 'equal is `==`',
  and: 'both is `&`',
  if: 'what differs from layer to layer is `cycle [a, b]` or `list[layer]`',
};

export function spanOf(file: SourceFile, token: t.Token): Span {
  return { file, start: token.startOffset, end: token.startOffset + token.image.length };
}

/** Faults within one token: unit, string, escape. */
export function lexicalFaults(file: SourceFile, tokens: readonly t.Token[]): Fault[] {
  return tokens.flatMap((token) => {
    const span = spanOf(file, token);
    if (token.tokenType === t.BadString) return [{ message: 'this string has no closing `"`', span }];
    if (token.tokenType === t.StringLiteral) return badEscapes(file, token);
    if (token.tokenType !== t.BadNumber) return [];
    const units = 'units are %, K, M, B, T, tok, Ktok, Mtok, Btok, Ttok, KiB, MiB, GiB';
    return [{ message: `\`${token.image}\` is not a number: ${units}; digits may be grouped with single \`_\``, span }];
  });
}

function badEscapes(file: SourceFile, token: t.Token): Fault[] {
  const escapes = [...token.image.matchAll(/\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}|([^]))/g)];
  return escapes
    .filter((escape) => escape[1] !== undefined)
    .map((escape) => ({
      message: `\`${escape[0]}\` is no escape in a string; \\" \\\\ \\n \\r \\t \\uXXXX are, and \`\\\\\` is a backslash`,
      span: { file, start: token.startOffset + escape.index, end: token.startOffset + escape.index + 2 },
    }));
}

export function bracketFault(file: SourceFile, fault: BracketFault): Fault {
  const { token, instead } = fault;
  const span = spanOf(file, token);
  if (token.image === '}' || token.image === ')' || token.image === ']') {
    return { message: `\`${token.image}\` closes nothing`, span };
  }
  const where = instead
    ? `\`${instead.image}\` in line ${positionOf(file, instead.startOffset).line} comes first`
    : 'the file ends first';
  const suspect = fault.suspect && fault.suspect !== token ? positionOf(file, fault.suspect.startOffset).line : null;
  const before = fault.before && positionOf(file, fault.before.startOffset).line;
  const hint = suspect
    ? `; by its indentation, the \`{\` in line ${suspect} lacks its \`}\``
    : before
      ? `; by the indentation, its \`}\` is missing before line ${before}`
      : '';
  return { message: `\`${token.image}\` is never closed: ${where}${hint}`, span };
}

/** Whether the parser wanted an item to end here. */
export function wantsSeparator(error: IRecognitionException): boolean {
  const rule = error.context.ruleStack.at(-1);
  return error instanceof MismatchedTokenException && (rule === 'block' || rule === 'file');
}

export function parserFault(file: SourceFile, error: IRecognitionException, previous: t.Token | undefined): Fault {
  const found = error.token;
  const end = found.tokenType === EOF;
  const span = end ? { file, start: file.text.length, end: file.text.length } : spanOf(file, found);
  if (found.tokenType === t.Unknown) {
    const hint = hints[found.image];
    return { message: `unexpected \`${found.image}\`${hint ? `: ${hint}` : ''}`, span };
  }
  const hint = hintAt(file, error, previous);
  const message = `expected ${expectation(error, previous)}, found ${describe(found)}`;
  return { message: hint === null ? message : `${message}: ${hint}`, span };
}

function hintAt(file: SourceFile, error: IRecognitionException, previous: t.Token | undefined): string | null {
  const { image, startOffset } = error.token;
  if (startsItem(previous)) return image === '/' ? 'a comment starts with `#`' : null;
  if (error.context.ruleStack.at(-1) === 'definition' && image === '==') return 'a key is set with `=`';
  if (!wantsSeparator(error)) return pairs[`${previous?.image ?? ''} ${image}`] ?? null;
  // 1,024
  const isGroup = previous?.tokenType === t.NumberLiteral && /^,\d{3}(?!\d)/.test(file.text.slice(startOffset));
  return isGroup ? 'digits are grouped with `_`' : (ends[image] ?? null);
}

function startsItem(previous: t.Token | undefined): boolean {
  return !previous || previous.tokenType === t.LeftBrace || tokenMatcher(previous, t.Separator);
}

function describe(token: t.Token): string {
  if (token.tokenType === EOF) return 'the end of the file';
  if (token.tokenType === t.Newline) return 'the end of the line';
  return `\`${token.image}\``;
}

function expectation(error: IRecognitionException, previous: t.Token | undefined): string {
  const rule = error.context.ruleStack.at(-1) ?? '';
  if (startsItem(previous)) return 'a definition such as `name = value` or `name { ... }`';
  if (wantsSeparator(error)) {
    const index = error.token.tokenType === t.LeftBracket && previous && tokenMatcher(previous, t.Name);
    return index
      ? `an operator, a new line or \`;\` (an index touches its name: \`${previous.image}[...]\`)`
      : 'an operator, a new line or `;`';
  }
  const after = previous ? ` after \`${previous.image}\`` : '';
  const byRule: Record<string, string> = {
    definition: `\`=\` or \`{\`${after}`,
    parameters: '`,` or `)`',
    index: '`,` or `]`',
    list: '`,` or `]`',
    group: 'an operator or `)`',
    atom: `a value${after}`,
    path: `a name${after}`,
    use: `a name${after}`,
    lint: `a name${after}`,
    member: `a name${after}`,
  };
  return byRule[rule] ?? `something else${after}`;
}
