// Takes: nothing. Gives: the token types of the language and its lexer.
// Promises: every text is cut into tokens (what the language does not know becomes Unknown); keywords are names too.
import { createToken, Lexer, type IToken, type TokenType } from 'chevrotain';

export type Token = IToken;

function abstract(name: string, label: string): TokenType {
  return createToken({ name, pattern: Lexer.NA, label });
}

export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_]\w*/, label: 'a name' });
export const BinaryOperator = abstract('BinaryOperator', 'an operator');
export const Separator = abstract('Separator', 'a new line or `;`');
/** Stands for the head of an item that could not be read, so that its block is still looked at. */
export const Broken = createToken({ name: 'Broken', pattern: Lexer.NA, categories: [Name] });

/** Keywords are known by their place: each is an ordinary name elsewhere (`block = b(moe)`, `from = sft`). */
function keyword(name: string, word: string, also: TokenType[] = []): TokenType {
  return createToken({ name, pattern: word, longer_alt: Name, categories: [Name, ...also] });
}

function operator(name: string, pattern: string): TokenType {
  return createToken({ name, pattern, label: `\`${pattern}\``, categories: [BinaryOperator] });
}

function punctuation(name: string, pattern: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, pattern, label: `\`${pattern}\``, categories });
}

export const Clause = abstract('Clause', 'a keyword');
export const Let = keyword('Let', 'let');
export const From = keyword('From', 'from');
export const Use = keyword('Use', 'use');
export const Lint = keyword('Lint', 'lint');
export const In = keyword('In', 'in', [BinaryOperator]);
export const Until = keyword('Until', 'until', [BinaryOperator]);
export const Then = keyword('Then', 'then', [BinaryOperator]);
export const At = keyword('At', 'at', [Clause]);
export const Cycle = keyword('Cycle', 'cycle', [Clause]);
const clauses = ['Assert', 'Require', 'Report', 'Each'].map((name) => keyword(name, name.toLowerCase(), [Clause]));

// `7 % 2` is a remainder, `7%` is a percentage: the sign is a unit where it touches the number and no operand follows.
export const NumberLiteral = createToken({
  name: 'NumberLiteral',
  pattern: /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?(?:%(?![\w(])|[KMBT](?:tok)?|tok|[KMG]iB)?(?!\w)/,
  label: 'a number',
});
/** A number with a suffix that is no unit. */
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d\w*(?:\.\d\w*)?/,
  categories: [NumberLiteral],
});
export const StringLiteral = createToken({
  name: 'StringLiteral',
  pattern: /"(?:[^"\\\n]|\\[^\n])*"/,
  label: 'a string',
});
/** A string without its closing quote: the rest of the line. */
export const BadString = createToken({
  name: 'BadString',
  pattern: /"(?:[^"\\\n]|\\[^\n])*\\?/,
  categories: [StringLiteral],
});

export const LeftBrace = punctuation('LeftBrace', '{');
export const RightBrace = punctuation('RightBrace', '}');
export const LeftParen = punctuation('LeftParen', '(');
export const RightParen = punctuation('RightParen', ')');
export const LeftBracket = punctuation('LeftBracket', '[');
export const RightBracket = punctuation('RightBracket', ']');
export const Comma = punctuation('Comma', ',');
export const Semicolon = punctuation('Semicolon', ';', [Separator]);
export const Newline = createToken({ name: 'Newline', pattern: /\n/, label: 'the end of the line', categories: [Separator] }); // prettier-ignore

const Range = operator('Range', '..');
export const Dot = punctuation('Dot', '.');
const Tolerance = operator('Tolerance', '+-');
export const Minus = operator('Minus', '-');
const comparisons = [operator('Equal', '=='), operator('NotEqual', '!='), operator('AtMost', '<='), operator('AtLeast', '>=')]; // prettier-ignore
export const Assign = punctuation('Assign', '=');
const arithmetic = [
  operator('Less', '<'),
  operator('Greater', '>'),
  operator('And', '&'),
  operator('Plus', '+'),
  operator('Times', '*'),
  operator('Over', '/'),
  operator('Remainder', '%'),
  operator('Power', '^'),
];

export const CommentToken = createToken({ name: 'Comment', pattern: /#[^\n]*/, group: 'comments' });
const Space = createToken({ name: 'Space', pattern: /[ \t\r\f\v\u00a0\ufeff]+/, group: Lexer.SKIPPED });
export const Unknown = createToken({ name: 'Unknown', pattern: /[^\s\w]/u });

/** After a keyword these say that it is an ordinary head: `cycle = 3`. */
export const continuesHead: readonly TokenType[] = [Assign, LeftBrace, Dot, Comma];

// The order matters: the first type that matches is taken.
// prettier-ignore
export const tokenTypes: TokenType[] = [
  Space, Newline, CommentToken, NumberLiteral, BadNumber, StringLiteral, BadString,
  Let, From, Use, Lint, In, Until, Then, At, Cycle, ...clauses, Name, Broken,
  LeftBrace, RightBrace, LeftParen, RightParen, LeftBracket, RightBracket, Comma, Semicolon,
  Range, Dot, Tolerance, Minus, ...comparisons, Assign, ...arithmetic,
  Unknown, BinaryOperator, Separator, Clause,
];

export const lexer = new Lexer(tokenTypes, { positionTracking: 'onlyOffset' });
