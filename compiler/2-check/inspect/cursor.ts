// Takes: a text, finished or not, and an offset. Gives: what a person is about to write there, from the tokens before it.
// Promises: total: any text, any offset; nothing of it depends on what stands behind the offset.
import { lexer, type Token } from '../../../grammar/tokens.ts';

export interface Cursor {
  /** In a comment or a string: nothing is completed. */
  readonly quiet: boolean;
  /** The part of a word before the offset, and where it starts. */
  readonly prefix: string;
  readonly start: number;
  /** The open `{` around it, outermost first. */
  readonly braces: readonly number[];
  /** The tokens of its item before the word. */
  readonly item: readonly Token[];
  readonly itemStart: number;
  /** The open `(` and `[` in its item, outermost first: indices into `item`. */
  readonly brackets: readonly number[];
}

export function cursorAt(text: string, offset: number): Cursor {
  const before = text.slice(0, offset);
  const lexed = lexer.tokenize(before);
  const comment = lexed.groups['comments']?.at(-1);
  const last = lexed.tokens.at(-1);
  const inComment = comment !== undefined && comment.startOffset + comment.image.length === offset;
  const inString = last?.tokenType.name === 'BadString';
  const touching = last !== undefined && last.startOffset + last.image.length === offset && /^[\w%]/.test(last.image) ? last : undefined; // prettier-ignore
  const tokens = touching === undefined ? lexed.tokens : lexed.tokens.slice(0, -1);
  const { braces, from, itemStart } = openItem(tokens);
  const item = tokens.slice(from).filter(({ image }) => image !== '\n');
  return {
    quiet: inComment || inString,
    prefix: touching?.image ?? '',
    start: touching?.startOffset ?? offset,
    braces,
    item,
    itemStart: item[0]?.startOffset ?? Math.max(itemStart, 0),
    brackets: openBrackets(item),
  };
}

/** The token that holds an offset; comments are none. */
export function tokenAt(text: string, offset: number): Token | null {
  const tokens = lexer.tokenize(text).tokens.filter((token) => token.image !== '\n');
  const holding = tokens.filter(
    ({ startOffset, image }) => startOffset <= offset && offset <= startOffset + image.length,
  );
  return holding.find(({ image }) => /^[\w"]/.test(image)) ?? holding[0] ?? null;
}

/** Operators and commas at a line's end join it with the next. */
function continues(token: Token | undefined): boolean {
  return token !== undefined && (token.image === ',' || (token.tokenType.CATEGORIES?.some(({ name }) => name === 'BinaryOperator') === true && !/^\w/.test(token.image))); // prettier-ignore
}

function openItem(tokens: readonly Token[]): { braces: number[]; from: number; itemStart: number } {
  const open: { image: string; at: number; from: number }[] = [];
  let [from, itemStart] = [0, 0];
  for (const [index, token] of tokens.entries()) {
    const { image } = token;
    const inner = open.at(-1)?.image;
    if (image === '{' || image === '(' || image === '[') {
      open.push({ image, at: token.startOffset, from });
      if (image === '{') [from, itemStart] = [index + 1, token.startOffset + 1];
    } else if (image === '}') {
      const match = open.findLastIndex((each) => each.image === '{');
      if (match >= 0) from = open.splice(match)[0]?.from ?? from;
    } else if (image === ')' || image === ']') {
      const match = open.findLastIndex((each) => each.image === (image === ')' ? '(' : '['));
      // A bracket does not close one outside its block.
      if (match > open.findLastIndex((each) => each.image === '{')) open.splice(match);
    } else if (
      image === ';' ||
      (image === '\n' && (inner === undefined || inner === '{') && !continues(tokens[index - 1]))
    ) {
      if (inner !== '(' && inner !== '[') [from, itemStart] = [index + 1, token.startOffset + 1];
    }
  }
  return { braces: open.filter(({ image }) => image === '{').map(({ at }) => at), from, itemStart };
}

function openBrackets(item: readonly Token[]): number[] {
  const open: number[] = [];
  let depth = 0;
  for (const [index, { image }] of item.entries()) {
    if (image === '{') depth++;
    if (image === '}') depth--;
    if (depth > 0) continue;
    if (image === '(' || image === '[') open.push(index);
    if (image === ')' || image === ']') open.pop();
  }
  return open;
}
