// Takes: an analysis and a range. Gives: quick fixes of the diagnostics there.
// Promises: a fix is offered only where what to write is known: a near name, a number that fits, a lint to allow.
import { CodeActionKind, type CodeAction, type Range, type TextEdit } from 'vscode-languageserver';
import type { Diagnostic } from '../../../compiler/diagnostics.ts';
import type { Analysis } from '../analysis.ts';
import { editorDiagnostic } from './diagnostics.ts';
import { rangeOf, touches } from '../positions.ts';

export function codeActionsAt(analysis: Analysis, range: Range): CodeAction[] {
  const here = analysis.checked.diagnostics.filter(
    ({ span }) => span.file === analysis.source && touches(rangeOf(span), range),
  );
  return here.flatMap((each) => [...nearName(each, analysis), ...fittingNumbers(each, analysis), ...allow(each, analysis)]); // prettier-ignore
}

function action(title: string, edit: TextEdit, fixed: Diagnostic, analysis: Analysis, preferred: boolean): CodeAction {
  return {
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [editorDiagnostic(fixed, analysis)],
    isPreferred: preferred,
    edit: { changes: { [analysis.uri]: [edit] } },
  };
}

/** did you mean `heads`? */
function nearName(diagnostic: Diagnostic, analysis: Analysis): CodeAction[] {
  const near = /^did you mean `([\w.]+)`\?$/.exec(diagnostic.fix ?? '')?.[1];
  const range = near === undefined ? null : wrongWord(diagnostic);
  if (near === undefined || range === null) return [];
  return [action(`Change to \`${near}\``, { range, newText: near }, diagnostic, analysis, true)];
}

/** The whole span when it is a name, else the name in it that the message starts with. */
function wrongWord({ span, message }: Diagnostic): Range | null {
  const text = span.file.text.slice(span.start, span.end);
  if (/^\w+$/.test(text)) return rangeOf(span);
  const wrong = /`([\w.]+)`/.exec(message)?.[1]?.split('.').at(-1);
  const at = wrong === undefined ? -1 : text.search(new RegExp(`\\b${wrong}\\b`));
  if (wrong === undefined || at < 0) return null;
  return rangeOf({ file: span.file, start: span.start + at, end: span.start + at + wrong.length });
}

/** `heads in {20, 32, 40}` where the span is a number. */
function fittingNumbers(diagnostic: Diagnostic, analysis: Analysis): CodeAction[] {
  const { span, fix = '' } = diagnostic;
  const listed = /(\w+) in \{([\d, ]+)\}/.exec(fix);
  if (listed === null || !/^[\d_]+$/.test(span.file.text.slice(span.start, span.end))) return [];
  const [, key = '', numbers = ''] = listed;
  return numbers.split(', ').map((number) => {
    const edit = { range: rangeOf(span), newText: number };
    return action(`Set ${key} to ${number}`, edit, diagnostic, analysis, false);
  });
}

/** A warning or hint that is meant so. */
function allow(diagnostic: Diagnostic, analysis: Analysis): CodeAction[] {
  if (diagnostic.severity === 'error') return [];
  const { text } = analysis.source;
  const word = diagnostic.code.replaceAll('-', '_');
  const end = { file: analysis.source, start: text.length, end: text.length };
  const newText = `${text.endsWith('\n') ? '' : '\n'}lint allow ${word}\n`;
  return [action(`Allow ${word} in this file`, { range: rangeOf(end), newText }, diagnostic, analysis, false)];
}
