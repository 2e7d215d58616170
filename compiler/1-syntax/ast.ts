// Takes: nothing. Gives: the AST of a .model file.
// Promises: every node carries its span; the printed AST parses to the same AST (spans and comments apart).
import type { Span } from '../../grammar/source.ts';

export interface FileNode {
  readonly kind: 'file';
  readonly items: readonly Item[];
  readonly span: Span;
  /** Comments after the last item. */
  readonly trailing: readonly Comment[];
}

/** `# text`, without the `#`. `own` is false when it stands behind code on the same line. */
export interface Comment {
  readonly text: string;
  readonly own: boolean;
  /** True when a blank line stands before it. */
  readonly gap: boolean;
  readonly span: Span;
}

/** What comments and blank lines stand around an item; printed back by the formatter. */
export interface Trivia {
  readonly leading: readonly Comment[];
  readonly trailing: readonly Comment[];
  readonly gap: boolean;
}

export interface Block {
  readonly kind: 'block';
  readonly items: readonly Item[];
  /** Comments between the last item and `}`. */
  readonly trailing: readonly Comment[];
  readonly span: Span;
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

/** `attn.rope.scaling` */
export interface Path {
  readonly parts: readonly Name[];
  readonly span: Span;
}

/**
 * One definition: `[let] heads words [(args)] [from base] [= value] [block]`.
 * `mixer attn = gqa { ... }` has heads [mixer], words [attn], value gqa, block attached to the value expression.
 * `block b(mix, f) { h = ... }` has heads [block], words [b], args. `stack n_layers { }` has heads [stack], words [n_layers].
 * `d_model, n_layers = solve(...)` has two heads. `clip norm = 1.0` has heads [clip], words [norm].
 * `mtp depth = 1 { ... }` keeps its block on the item (value is a number).
 * `stack 12 { }` has heads [stack], words [12]: the last word may be a number, its text as written.
 */
export interface Definition {
  readonly kind: 'definition';
  readonly let: boolean;
  readonly heads: readonly Path[];
  readonly words: readonly Path[];
  readonly args: readonly Argument[] | null;
  readonly from: Path | null;
  readonly value: Expr | null;
  readonly block: Block | null;
  readonly span: Span;
  readonly trivia: Trivia;
}

/** `use std.wiring, std.hf` and `lint allow moe.router.select_bias in V3Mini.finetune`: words as written. */
export interface WordsItem {
  readonly kind: 'words';
  readonly keyword: 'use' | 'lint';
  readonly words: readonly Path[];
  /** `in` scope of a lint. */
  readonly scope: Path | null;
  readonly span: Span;
  readonly trivia: Trivia;
}

/**
 * `assert expr`, `require expr`, `report expr`, `each expr`, `cycle expr`, `at expr` (`at 0..2 [b(dense)]` has two).
 * `budget in [10M, 30M]` is the clause `in`: its one argument is the whole, a binary expression.
 */
export interface ClauseItem {
  readonly kind: 'clause';
  readonly keyword: 'assert' | 'require' | 'report' | 'each' | 'cycle' | 'at' | 'in';
  readonly args: readonly Expr[];
  readonly span: Span;
  readonly trivia: Trivia;
}

export type Item = Definition | WordsItem | ClauseItem;

/** `name = value` or a bare value inside parentheses. */
export interface Argument {
  readonly name: Name | null;
  readonly value: Expr;
  readonly span: Span;
}

export type BinaryOperator =
  | 'then' | 'until' | 'in' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&' | '..' | '+-' | '+' | '-' | '*' | '/' | '%' | '^'; // prettier-ignore

export type Unit = '%' | 'K' | 'M' | 'B' | 'T' | 'tok' | 'Ktok' | 'Mtok' | 'Btok' | 'Ttok' | 'KiB' | 'MiB' | 'GiB';

/**
 * A number's `value` leaves its unit aside (`3B` is 3 and `B`, `2%` is 2 and `%`); `text` is the whole as written.
 * `cycle [a, b]` as a value is an index whose object is the name `cycle`.
 */
export type Expr =
  | { readonly kind: 'number'; readonly value: number; readonly unit: Unit | null; readonly text: string; readonly span: Span } // prettier-ignore
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  | { readonly kind: 'member'; readonly object: Expr; readonly name: Name; readonly span: Span }
  | { readonly kind: 'call'; readonly callee: Expr; readonly args: readonly Argument[]; readonly span: Span }
  | { readonly kind: 'index'; readonly object: Expr; readonly args: readonly Argument[]; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly span: Span }
  /** `gqa { heads = 4 }`: a constructor with its keys. */
  | { readonly kind: 'construct'; readonly callee: Expr; readonly block: Block; readonly span: Span }
  | { readonly kind: 'negate'; readonly value: Expr; readonly span: Span }
  /** Parentheses are kept, so that formatting never changes what a person wrote. */
  | { readonly kind: 'group'; readonly value: Expr; readonly span: Span }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expr; readonly right: Expr; readonly span: Span }; // prettier-ignore
