// Takes: facts about a fault and the span it stands at.
// Gives: diagnostics (the user's fault, or not supported yet) and `invariant` (our bug).
// Promises: a diagnostic never throws; an invariant always does and names what broke.
import type { Span } from '../grammar/source.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface DiagnosticNote {
  readonly message: string;
  readonly span?: Span;
}

export interface Diagnostic {
  /** `syntax`, `unknown-key`, ...; `todo-*` is what the language has and this version does not build yet. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly notes?: readonly DiagnosticNote[];
  /** What to do, in a few words. */
  readonly fix?: string;
}

/** A bug of the compiler, never a fault in the user's source. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** @throws InvariantError when `condition` is false: a bug of the compiler. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`internal: ${message}`);
}
