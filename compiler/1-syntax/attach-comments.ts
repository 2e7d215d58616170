// Takes: the items of one block and the comments of the file.
// Gives: the items with the comments and blank lines that stand around them.
// Promises: every comment is given out once; what the printer writes back is attached to the same item again.
import type { Token } from '../../grammar/parse.ts';
import type { SourceFile } from '../../grammar/source.ts';
import type { Comment, Item } from './ast.ts';

/** The comments not given out yet, in the order of the file. */
export class CommentPool {
  private readonly file: SourceFile;
  private pending: readonly Token[];

  constructor(file: SourceFile, comments: readonly Token[]) {
    this.file = file;
    this.pending = comments;
  }

  take(start: number, end: number): Token[] {
    const inside = (token: Token) => token.startOffset >= start && token.startOffset < end;
    const taken = this.pending.filter(inside);
    if (taken.length > 0) this.pending = this.pending.filter((token) => !inside(token));
    return taken;
  }

  /** The text between two offsets, comments apart. */
  between(start: number, end: number): string {
    return this.file.text.slice(start, end);
  }

  comment(token: Token, own: boolean, gap: boolean): Comment {
    const text = token.image.slice(1).replace(/^ /, '').trimEnd();
    const start = token.startOffset;
    return { text, own, gap, span: { file: this.file, start, end: start + token.image.length } };
  }
}

export interface Attached {
  readonly items: readonly Item[];
  readonly trailing: readonly Comment[];
}

/** Comments of the region `[start, end)`; those inside nested blocks are taken already. */
export function attachComments(pool: CommentPool, items: readonly Item[], start: number, end: number): Attached {
  const result: Item[] = [];
  let reached = start;

  /** Comments up to `limit`. The first may stand behind the last item, or behind `{`, on the same line. */
  function comments(limit: number): { behind: Comment | null; own: Comment[] } {
    const tokens = pool.take(reached, limit);
    let behind: Comment | null = null;
    const own: Comment[] = [];
    for (const token of tokens) {
      const sameLine = !pool.between(reached, token.startOffset).includes('\n');
      const first = own.length === 0 && behind === null;
      if (first && sameLine && reached > 0) behind = pool.comment(token, false, false);
      else own.push(pool.comment(token, true, gapBefore(token.startOffset, own.length > 0)));
      reached = token.startOffset + token.image.length;
    }
    return { behind, own };
  }

  /** A blank line before `offset`, if something stands before it in the block. */
  function gapBefore(offset: number, commentBefore: boolean): boolean {
    return (result.length > 0 || commentBefore) && /\n[\s;]*\n/.test(pool.between(reached, offset));
  }

  function behindLast(comment: Comment | null): Comment[] {
    const last = result.pop();
    if (!last) return comment ? [comment] : [];
    result.push(comment ? { ...last, trivia: { ...last.trivia, trailing: [comment] } } : last);
    return [];
  }

  for (const item of items) {
    const { behind, own } = comments(item.span.start);
    const gap = gapBefore(item.span.start, own.length > 0);
    const leading = [...behindLast(behind), ...own];
    // A comment inside the item (between its arguments, say) moves up above it.
    const inside = pool.take(item.span.start, item.span.end);
    leading.push(...inside.map((token, index) => pool.comment(token, true, gap && index === 0)));
    result.push({ ...item, trivia: { leading, trailing: [], gap: gap && inside.length === 0 } });
    reached = item.span.end;
  }
  const { behind, own } = comments(end);
  const trailing = [...behindLast(behind), ...own];
  return { items: result, trailing };
}
