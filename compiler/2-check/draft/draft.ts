// Takes: nothing. Gives: the draft of a definition: what was said about one key, before anything is evaluated.
// Promises: immutable; expressions are kept as written, so a variant that sets a key changes whatever derives from it.
import type { Span } from '../../../grammar/source.ts';
import type { Argument, ClauseItem, Definition, Expr, Path } from '../../1-syntax/ast.ts';

export interface Draft {
  /** The word before the name: `mixer`, `norm`, `block`, ...; null for a plain key. */
  readonly role: string | null;
  readonly let: boolean;
  /** What stands after `=`, or the constructor's word (`embed token`); null: only a block, or only keys below it. */
  readonly value: Expr | null;
  /** True when `=` was written: then a variant's value takes the place of the whole draft. */
  readonly assigned: boolean;
  /** Names set together: `d_model, n_layers = solve(...)`; null when it is one. */
  readonly together: readonly string[] | null;
  readonly body: Body | null;
  /** Parameters and equations of a block. */
  readonly equations: { readonly parameters: readonly Argument[]; readonly lines: readonly Definition[] } | null;
  /** What follows `stack`: its length. */
  readonly length: Path | null;
  /** Of the key. */
  readonly span: Span;
}

/** The inside of `{ ... }`. */
export interface Body {
  readonly keys: ReadonlyMap<string, Draft>;
  /** `cycle`, `at`, `each`, `require`, `assert`, `report`. */
  readonly clauses: readonly ClauseItem[];
}

export const emptyBody: Body = { keys: new Map(), clauses: [] };

export function plainDraft(value: Expr | null, span: Span): Draft {
  return {
    role: null,
    let: false,
    value,
    assigned: value !== null,
    together: null,
    body: null,
    equations: null,
    length: null,
    span,
  };
}
