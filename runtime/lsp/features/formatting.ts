// Takes: an analysis. Gives: the edits that make its text the formatted one.
// Promises: only what changes is touched, so that the cursor stays; a text with syntax errors is left alone.
import type { TextEdit } from 'vscode-languageserver';
import { printFile } from '../../../compiler/1-syntax/print-ast.ts';
import type { SourceFile } from '../../../grammar/source.ts';
import type { Analysis } from '../analysis.ts';
import { rangeOf } from '../positions.ts';

export function formattingOf({ source, ast, syntax }: Analysis): TextEdit[] {
  if (syntax.length > 0) return [];
  const printed = printFile(ast);
  const text = source.text.includes('\r\n') ? printed.replaceAll('\n', '\r\n') : printed;
  return editsBetween(source, text);
}

/** Most cells of the table of common lines: larger changes become one edit. */
const mostCells = 4_000_000;

export function editsBetween(source: SourceFile, text: string): TextEdit[] {
  const before = source.text.split(/(?<=\n)/);
  const after = text.split(/(?<=\n)/);
  const edits: TextEdit[] = [];
  let offset = 0;
  for (const { old, fresh } of hunks(before, after)) {
    const gone = old.join('');
    const put = fresh.join('');
    if (gone !== put) edits.push(trimmed(source, offset, gone, put));
    offset += gone.length;
  }
  return edits;
}

/** Without what both have in common at the start and at the end. */
function trimmed(file: SourceFile, offset: number, gone: string, put: string): TextEdit {
  const shorter = Math.min(gone.length, put.length);
  let head = 0;
  while (head < shorter && gone[head] === put[head]) head++;
  let tail = 0;
  while (tail < shorter - head && gone.at(-1 - tail) === put.at(-1 - tail)) tail++;
  const range = rangeOf({ file, start: offset + head, end: offset + gone.length - tail });
  return { range, newText: put.slice(head, put.length - tail) };
}

interface Hunk {
  readonly old: readonly string[];
  readonly fresh: readonly string[];
}

/** Both texts cut into pieces, those that stay and those that change in turn. */
function hunks(before: readonly string[], after: readonly string[]): Hunk[] {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const old = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  const start = before.slice(0, head);
  const whole = old.length * fresh.length > mostCells;
  return [{ old: start, fresh: start }, ...(whole ? [{ old, fresh }] : alignedHunks(old, fresh))];
}

/** By the longest common subsequence of lines. */
function alignedHunks(old: readonly string[], fresh: readonly string[]): Hunk[] {
  const width = fresh.length + 1;
  // common[i * width + j]: lines in common of old[i..] and fresh[j..]
  const common = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      const same = old[i] === fresh[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : 0;
      common[i * width + j] = Math.max(same, common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const result: Hunk[] = [];
  let [i, j, fromOld, fromFresh] = [0, 0, 0, 0];
  while (i < old.length && j < fresh.length) {
    if (old[i] === fresh[j]) {
      result.push({ old: old.slice(fromOld, i), fresh: fresh.slice(fromFresh, j) });
      result.push({ old: old.slice(i, i + 1), fresh: fresh.slice(j, j + 1) });
      [i, j] = [i + 1, j + 1];
      [fromOld, fromFresh] = [i, j];
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) i++;
    else j++;
  }
  return [...result, { old: old.slice(fromOld), fresh: fresh.slice(fromFresh) }];
}
