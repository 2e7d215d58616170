// Takes: spans and offsets of source files, lines and characters of the protocol. Gives: one from the other.
// Promises: total: what lies outside a text is moved to its nearest end; lines end with \n, \r\n or \r as in the protocol.
import { pathToFileURL } from 'node:url';
import type { Location, Position, Range } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceFile, Span } from '../../grammar/source.ts';

/** The lines of a file are counted once. */
const counted = new WeakMap<SourceFile, TextDocument>();

function linesOf(file: SourceFile): TextDocument {
  const known = counted.get(file) ?? TextDocument.create('', 'model', 0, file.text);
  counted.set(file, known);
  return known;
}

export function rangeOf({ file, start, end }: Span): Range {
  const lines = linesOf(file);
  return { start: lines.positionAt(start), end: lines.positionAt(end) };
}

export function offsetOf(file: SourceFile, position: Position): number {
  return linesOf(file).offsetAt(position);
}

/** Whether two ranges share a place; those that touch do. */
export function touches(a: Range, b: Range): boolean {
  return !before(a.end, b.start) && !before(b.end, a.start);
}

function before(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

/** `uri` is that of the open document; other files are the prelude's. */
export function locationOf(span: Span, uri: string, document: SourceFile): Location {
  const at = span.file === document ? uri : pathToFileURL(span.file.path).href;
  return { uri: at, range: rangeOf(span) };
}
