// Takes: the faults of a file's syntax and those of its meaning. Gives: all of them in the order of the text, each once.
// Promises: what only follows from an item that could not be read is not told: one message for one slip.
import { positionOf, type Span } from '../grammar/source.ts';
import type { Diagnostic } from './diagnostics.ts';

/** What an item that was left out may have said. */
const absences: ReadonlySet<string> = new Set(['missing-key', 'unknown-name', 'unused-name', 'cycle']);

export function withoutEchoes(syntax: readonly Diagnostic[], meaning: readonly Diagnostic[]): Diagnostic[] {
  const broken = new Set(syntax.map(({ span }) => lineOf(span)));
  const isEcho = ({ code, span }: Diagnostic): boolean => absences.has(code) || broken.has(lineOf(span));
  const told = broken.size === 0 ? meaning : meaning.filter((each) => !isEcho(each));
  return once([...syntax, ...told]).sort((a, b) => a.span.start - b.span.start);
}

function lineOf({ file, start }: Span): number {
  return positionOf(file, start).line;
}

/** One fault told twice, because two values derive from it, is told once. */
function once(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, span }) => {
    const key = `${code} ${span.start} ${span.end}`;
    return seen.size < seen.add(key).size;
  });
}
