// Takes: an analysis. Gives: its diagnostics as an editor shows them.
// Promises: each stands in the open document; the rule's id stands in the code, notes with a place are related places.
import { DiagnosticSeverity, DiagnosticTag, type Diagnostic as EditorDiagnostic } from 'vscode-languageserver';
import type { Diagnostic, Severity } from '../../../compiler/diagnostics.ts';
import { rules } from '../../../compiler/messages.ts';
import type { Analysis } from '../analysis.ts';
import { locationOf, rangeOf } from '../positions.ts';

const severities: { readonly [S in Severity]: DiagnosticSeverity } = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};

export function diagnosticsOf(analysis: Analysis): EditorDiagnostic[] {
  return analysis.checked.diagnostics.map((each) => editorDiagnostic(each, analysis));
}

export function editorDiagnostic(diagnostic: Diagnostic, { source, uri }: Analysis): EditorDiagnostic {
  const { code, severity, message, span, notes = [], fix } = diagnostic;
  const lines = [message, ...notes.filter((note) => note.span === undefined).map((note) => note.message)];
  if (fix !== undefined) lines.push(`fix: ${fix}`);
  const related = notes.flatMap((note) =>
    note.span === undefined ? [] : [{ message: note.message, location: locationOf(note.span, uri, source) }],
  );
  const rule = (rules as Readonly<Record<string, string>>)[code];
  return {
    range: rangeOf(span.file === source ? span : { file: source, start: 0, end: 0 }),
    severity: severities[severity],
    code: rule === undefined ? code : `${code} (${rule})`,
    source: 'modelc',
    message: lines.join('\n'),
    ...(code === 'unused-name' ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    ...(related.length === 0 ? {} : { relatedInformation: related }),
  };
}
