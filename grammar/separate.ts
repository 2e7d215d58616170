// Takes: tokens with brackets that nest, newlines still in.
// Gives: tokens in which one Separator stands between two items of a block and nowhere else.
// Promises: a newline ends an item except inside ( ) and [ ], before `{`, after a comma, and around a binary operator.
import { tokenMatcher, type TokenType } from 'chevrotain';
import * as t from './tokens.ts';

const openers = new Set<TokenType>([t.LeftBrace, t.LeftParen, t.LeftBracket]);
const closers = new Set<TokenType>([t.RightBrace, t.RightParen, t.RightBracket]);
const words = new Set<TokenType>([t.Until, t.Then, t.In]);
/** A newline before one of these does not end the item. */
const continuing = new Set<TokenType>([t.LeftBrace, t.Comma, t.Dot, t.RightParen, t.RightBracket]);
const operandStart: readonly TokenType[] = [t.Name, t.NumberLiteral, t.StringLiteral, t.LeftParen, t.LeftBracket, t.Minus]; // prettier-ignore

const operandEnd: readonly TokenType[] = [t.Name, t.NumberLiteral, t.StringLiteral];

export function separateItems(tokens: readonly t.Token[]): t.Token[] {
  const result: t.Token[] = [];
  const brackets: TokenType[] = [];
  for (const [index, token] of tokens.entries()) {
    const previous = result.at(-1);
    if (tokenMatcher(token, t.Separator)) {
      const inBlock = brackets.length === 0 || brackets.at(-1) === t.LeftBrace;
      const first = !previous || previous.tokenType === t.LeftBrace || tokenMatcher(previous, t.Separator);
      const ends = token.tokenType === t.Semicolon || (inBlock && !continues(result, tokens, index + 1));
      if (ends && !(first && inBlock)) result.push(token);
      continue;
    }
    if (openers.has(token.tokenType)) brackets.push(token.tokenType);
    if (closers.has(token.tokenType)) brackets.pop();
    if (token.tokenType === t.RightBrace) dropSeparators(result);
    result.push(token);
  }
  dropSeparators(result);
  return result;
}

function dropSeparators(tokens: t.Token[]): void {
  for (let last = tokens.at(-1); last && tokenMatcher(last, t.Separator); last = tokens.at(-1)) tokens.pop();
}

/** Whether the item before goes on behind a newline: `from` is the index of what follows it. */
function continues(before: readonly t.Token[], tokens: readonly t.Token[], from: number): boolean {
  const previous = before.at(-1);
  if (!previous) return false;
  if (previous.tokenType === t.Comma) return true;
  if (isOperator(previous, before.at(-2), before.at(-3))) return true;
  const at = tokens.findIndex((token, index) => index >= from && token.tokenType !== t.Newline);
  const next = tokens[at];
  if (!next || at < 0) return false;
  if (continuing.has(next.tokenType)) return true;
  if (!words.has(next.tokenType)) return tokenMatcher(next, t.BinaryOperator);
  // `then 0.1` goes on, `in = 3` is an item of its own.
  const after = tokens[at + 1];
  return after !== undefined && operandStart.some((type) => tokenMatcher(after, type));
}

/** `until`, `then` and `in` are operators only behind an operand. */
function isOperator(token: t.Token, before: t.Token | undefined, first: t.Token | undefined): boolean {
  if (!tokenMatcher(token, t.BinaryOperator)) return false;
  if (!words.has(token.tokenType)) return true;
  if (!before || tokenMatcher(before, t.BinaryOperator)) return false;
  // `each then`: the keyword takes the name.
  const opens = !first || first.tokenType === t.LeftBrace || tokenMatcher(first, t.Separator);
  if (opens && tokenMatcher(before, t.Clause)) return false;
  return closers.has(before.tokenType) || operandEnd.some((type) => tokenMatcher(before, type));
}
