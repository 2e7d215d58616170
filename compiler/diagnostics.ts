// Takes: facts about a fault and the span it stands at.
// Gives: diagnostics (the user's fault, or not supported yet), their text, and `invariant` (our bug).
// Promises: a diagnostic never throws; an invariant always does and names what broke.
import pc from 'picocolors';
import { lineText, positionOf, type Span } from '../grammar/source.ts';
import { infos, messages, rules, warnings, type Code, type MessageArgs } from './messages.ts';

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

export interface DiagnosticExtra {
  readonly notes?: readonly DiagnosticNote[];
  readonly fix?: string;
}

/** A sound file asks for what cannot be compiled yet; `todo-*`, each with its place. */
export class UnbuiltError extends Error {
  override readonly name = 'UnbuiltError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((each) => formatDiagnostic(each, { color: false })).join('\n\n'));
    this.diagnostics = diagnostics;
  }
}

/** A bug of the compiler, never a fault in the user's source. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** @throws InvariantError when `condition` is false: a bug of the compiler. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`internal: ${message}`);
}

/** A diagnostic of the catalogue: the code says the severity and which facts the sentence needs. */
export function diagnostic<C extends Code>(
  code: C,
  span: Span,
  args: MessageArgs<C>,
  extra: DiagnosticExtra = {},
): Diagnostic {
  const sentence = messages[code] as (facts: MessageArgs<C>) => string;
  return { code, severity: severityOf(code), message: sentence(args), span, ...extra };
}

export function severityOf(code: Code): Severity {
  if (code in warnings) return 'warning';
  return code in infos ? 'info' : 'error';
}

/**
 * ```
 * quickstart.model:8:26 error unknown-key (E1): `hedas` is not a key of gqa
 *   8 |   mixer attn = gqa { hedas = 4 }
 *     |                      ^^^^^
 *   fix: did you mean `heads`?
 * ```
 */
export function formatDiagnostic(d: Diagnostic, options: { readonly color: boolean }): string {
  const color = pc.createColors(options.color);
  const paint = { error: color.red, warning: color.yellow, info: color.cyan }[d.severity];
  const rule = (rules as Readonly<Record<string, string>>)[d.code];
  const label = paint(color.bold(`${d.severity} ${d.code}${rule === undefined ? '' : ` (${rule})`}`));
  const lines = [`${color.bold(place(d.span))} ${label}: ${d.message}`, ...excerpt(d.span, paint, color.dim)];
  for (const note of d.notes ?? []) {
    lines.push(`  note: ${note.message}${note.span === undefined ? '' : ` (${place(note.span)})`}`);
  }
  if (d.fix !== undefined) lines.push(`  ${color.green('fix')}: ${d.fix}`);
  return lines.join('\n');
}

/** `path:line:column`, 1-based. */
export function place(span: Span): string {
  const { line, column } = positionOf(span.file, span.start);
  return `${span.file.path}:${line}:${column}`;
}

function excerpt(span: Span, paint: (text: string) => string, dim: (text: string) => string): string[] {
  const { line, column } = positionOf(span.file, span.start);
  const text = lineText(span.file, line).replaceAll('\t', ' ').replace(/\r$/, '');
  const gutter = String(line).padStart(4);
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
  const caret = ' '.repeat(column - 1) + paint('^'.repeat(width));
  return [`${dim(`${gutter} |`)} ${text}`, `${dim(`${' '.repeat(gutter.length)} |`)} ${caret}`];
}
