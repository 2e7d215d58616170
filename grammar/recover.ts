// Takes: separated tokens and the token at which the parser stopped.
// Gives: tokens in which that fault no longer stands, so that the parser can look for the next one.
// Promises: only the innermost faulty item is touched; its blocks stay, under a Broken head; every call makes progress.
import { createTokenInstance, tokenMatcher, type TokenType } from 'chevrotain';
import { isInserted } from './balance.ts';
import * as t from './tokens.ts';

export interface Cut {
  readonly tokens: t.Token[];
  /** The fault only follows from one that is reported already. */
  readonly follows: boolean;
}

const openers = new Set<TokenType>([t.LeftBrace, t.LeftParen, t.LeftBracket]);
const closers = new Set<TokenType>([t.RightBrace, t.RightParen, t.RightBracket]);

/** The tokens `[start, end)` of the innermost item around the token `at`. */
function itemAround(tokens: readonly t.Token[], at: number): { start: number; end: number } {
  const starts = [{ type: t.LeftBrace, start: 0 }];
  for (const [index, token] of tokens.slice(0, at).entries()) {
    if (openers.has(token.tokenType)) starts.push({ type: token.tokenType, start: index + 1 });
    if (closers.has(token.tokenType)) starts.pop();
    const inner = starts.at(-1);
    if (inner?.type === t.LeftBrace && tokenMatcher(token, t.Separator)) inner.start = index + 1;
  }
  const start = starts.findLast(({ type }) => type === t.LeftBrace)?.start ?? 0;
  let end = start;
  for (let depth = 0; end < tokens.length; end++) {
    const token = tokens[end];
    if (!token || (depth === 0 && tokenMatcher(token, t.Separator) && end >= at)) break;
    if (openers.has(token.tokenType)) depth++;
    if (closers.has(token.tokenType) && --depth < 0) break;
  }
  return { start, end };
}

/**
 * Cuts out the faulty item. Where the fault is only that a separator is missing, the item is split instead.
 * @param seen first tokens of items that came from a split; grows
 */
export function cut(tokens: readonly t.Token[], at: number, split: boolean, seen: Set<t.Token>): Cut {
  const { start, end } = itemAround(tokens, at);
  const first = tokens[start];
  const token = tokens[at];
  const region = tokens.slice(start, end);
  const follows =
    (first !== undefined && seen.has(first)) ||
    region.some((each) => each.tokenType === t.BadString || each.tokenType === t.Broken || isInserted(each));
  if (split && token && at > start) {
    seen.add(token);
    return { tokens: [...tokens.slice(0, at), separator(token), ...tokens.slice(at)], follows };
  }
  const rest = tokens.slice(end);
  const kept = blocksOf(region);
  // Without the item its separator goes too.
  const drop = kept.length === 0 && rest[0] !== undefined && tokenMatcher(rest[0], t.Separator) ? 1 : 0;
  const before = tokens.slice(0, start);
  const last = before.at(-1);
  if (kept.length === 0 && drop === 0 && last && tokenMatcher(last, t.Separator)) before.pop();
  return { tokens: [...before, ...kept, ...rest.slice(drop)], follows };
}

/** `Broken { ... }` for each block of the item that stands outside parentheses. */
function blocksOf(region: readonly t.Token[]): t.Token[] {
  const result: t.Token[] = [];
  let depth = 0;
  let from = 0;
  for (const [index, token] of region.entries()) {
    if (openers.has(token.tokenType) && depth++ === 0) from = index;
    if (!closers.has(token.tokenType) || --depth > 0) continue;
    const opener = region[from];
    if (opener?.tokenType !== t.LeftBrace) continue;
    if (result.length > 0) result.push(separator(opener));
    const head = createTokenInstance(t.Broken, '', opener.startOffset, opener.startOffset, 1, 1, 1, 1);
    result.push(head, ...region.slice(from, index + 1));
  }
  return result;
}

function separator(before: t.Token): t.Token {
  return createTokenInstance(t.Newline, '', before.startOffset, before.startOffset, 1, 1, 1, 1);
}
