// Takes: the tokens of a file as the lexer gives them.
// Gives: the same tokens with every bracket closed, and a fault for each that was not.
// Promises: in the result brackets nest; what was missing is put in (an empty image), what closes nothing is left out.
import { createTokenInstance, type TokenType } from 'chevrotain';
import * as t from './tokens.ts';

export interface BracketFault {
  readonly token: t.Token;
  /** The closing bracket that stood where this one should have been closed. */
  readonly instead: t.Token | null;
  /** The `{` whose `}` seems, by the indentation, to be meant for another one. */
  readonly suspect: t.Token | null;
  /** The first token of the line before which, by the indentation, it should have been closed. */
  readonly before: t.Token | null;
}

const closerOf = new Map<TokenType, TokenType>([
  [t.LeftBrace, t.RightBrace],
  [t.LeftParen, t.RightParen],
  [t.LeftBracket, t.RightBracket],
]);
const closers = new Set(closerOf.values());

interface Open {
  readonly token: t.Token;
  readonly index: number;
  readonly closer: TokenType;
}

/** Whether the parser put this token in itself. */
export function isInserted(token: t.Token): boolean {
  return token.image === '' && closers.has(token.tokenType);
}

interface Balanced {
  readonly tokens: t.Token[];
  readonly faults: BracketFault[];
}

/** Where a `{` is open to the end of the file, the indentation says where its `}` belongs, and the rest is read from there. */
export function balance(tokens: readonly t.Token[], text: string): Balanced {
  const first = nest(tokens, text);
  const unclosed = first.faults.findIndex((fault) => fault.token.tokenType === t.LeftBrace && fault.instead === null);
  const fault = first.faults[unclosed];
  if (fault === undefined) return first;
  const brace = tokens.indexOf(fault.suspect ?? fault.token);
  const at = fault.suspect === null ? outsideOf(tokens, brace, text) : endOfLine(tokens, brace);
  const { faults, tokens: repaired } = nest(withBrace(tokens, at), text);
  if (at >= tokens.length || faults.length >= first.faults.length) return first;
  const before = fault.suspect === null ? (tokens[at + 1] ?? null) : null;
  return {
    tokens: repaired,
    faults: first.faults.map((each, index) => (index === unclosed ? { ...each, before } : each)),
  };
}

/** The end of the line before the first one that is not indented deeper than the line of the `{`. */
function outsideOf(tokens: readonly t.Token[], brace: number, text: string): number {
  const own = indentation(text, tokens[brace]?.startOffset ?? 0).width;
  const next = tokens.findIndex((token, index) => {
    if (index <= brace || tokens[index - 1]?.tokenType !== t.Newline || token.tokenType === t.Newline) return false;
    return indentation(text, token.startOffset).width <= own;
  });
  return next < 0 ? tokens.length : next - 1;
}

function withBrace(tokens: readonly t.Token[], at: number): t.Token[] {
  const last = tokens[at - 1];
  const offset = last === undefined ? 0 : last.startOffset + last.image.length;
  const brace = createTokenInstance(t.RightBrace, '', offset, offset, 1, 1, 1, 1);
  return [...tokens.slice(0, at), brace, ...tokens.slice(at)];
}

function nest(tokens: readonly t.Token[], text: string): Balanced {
  const faults: BracketFault[] = [];
  /** Closing brackets to put in before the token of an index. */
  const inserted = new Map<number, TokenType[]>();
  const dropped = new Set<number>();
  let open: Open[] = [];
  let suspect: t.Token | null = null;

  const close = (bracket: Open, at: number) => inserted.set(at, [...(inserted.get(at) ?? []), bracket.closer]);
  const unclosed = (bracket: Open, detected: number) => {
    faults.push({
      token: bracket.token,
      instead: tokens[detected] ?? null,
      suspect: bracket.closer === t.RightBrace ? suspect : null,
      before: null,
    });
    // A parenthesis seldom reaches over its line; a brace does.
    const line = bracket.closer === t.RightBrace ? detected : endOfLine(tokens, bracket.index);
    close(bracket, Math.min(line, detected));
  };

  for (const [index, token] of tokens.entries()) {
    const closer = closerOf.get(token.tokenType);
    if (closer) open.push({ token, index, closer });
    if (token.tokenType === t.BadString) {
      // The string swallowed the rest of the line, closing brackets too: close quietly what the line opened.
      const line = startOfLine(tokens, index);
      const here = open.filter((bracket) => bracket.index >= line);
      for (const bracket of here.toReversed()) close(bracket, index + 1);
      open = open.filter((bracket) => bracket.index < line);
    }
    if (!closers.has(token.tokenType)) continue;
    const match = open.findLastIndex((bracket) => bracket.closer === token.tokenType);
    if (match < 0) {
      faults.push({ token, instead: null, suspect: null, before: null });
      dropped.add(index);
      continue;
    }
    for (const bracket of open.slice(match + 1).toReversed()) unclosed(bracket, index);
    const opener = open[match]?.token;
    if (opener && !suspect && misplaced(text, opener, token)) suspect = opener;
    open = open.slice(0, match);
  }
  for (const bracket of open.toReversed()) unclosed(bracket, tokens.length);
  return { tokens: rebuild(tokens, inserted, dropped), faults };
}

/** A `}` that opens its line belongs to a line with the same indentation. */
function misplaced(text: string, opener: t.Token, closer: t.Token): boolean {
  if (closer.tokenType !== t.RightBrace || isInserted(closer)) return false;
  const own = indentation(text, closer.startOffset);
  return own.rest.startsWith('}') && own.width !== indentation(text, opener.startOffset).width;
}

function indentation(text: string, offset: number): { width: number; rest: string } {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset + 1);
  const rest = line.trimStart();
  return { width: line.length - rest.length, rest };
}

function rebuild(tokens: readonly t.Token[], inserted: Map<number, TokenType[]>, dropped: Set<number>): t.Token[] {
  const result: t.Token[] = [];
  for (let index = 0; index <= tokens.length; index++) {
    const before = tokens[index - 1];
    const offset = before ? before.startOffset + before.image.length : 0;
    for (const type of inserted.get(index) ?? []) {
      result.push(createTokenInstance(type, '', offset, offset, 1, 1, 1, 1));
    }
    const token = tokens[index];
    if (token && !dropped.has(index)) result.push(token);
  }
  return result;
}

/** The end of the line of the bracket at `index`; what it holds (a block over several lines) stays inside. */
function endOfLine(tokens: readonly t.Token[], index: number): number {
  let depth = 0;
  for (let at = index + 1; at < tokens.length; at++) {
    const type = tokens[at]?.tokenType;
    if (!type || (type === t.Newline && depth <= 0)) return at;
    if (closerOf.has(type)) depth++;
    if (closers.has(type)) depth--;
  }
  return tokens.length;
}

function startOfLine(tokens: readonly t.Token[], index: number): number {
  return tokens.findLastIndex((token, i) => i < index && token.tokenType === t.Newline) + 1;
}
