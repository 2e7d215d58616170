// Takes: a document: text with places where a line may or must end (Wadler, "A prettier printer").
// Gives: its text within `width` columns where that is possible.
// Promises: a group is on one line if it fits, else each of its own places breaks; comments end their line, aligned.

export type Doc =
  | string
  | readonly Doc[]
  | { readonly kind: 'group'; readonly doc: Doc; readonly broken: boolean }
  | { readonly kind: 'indent'; readonly doc: Doc }
  /** `flat` on one line, a line's end otherwise. */
  | { readonly kind: 'line'; readonly flat: string }
  | { readonly kind: 'hard' }
  | { readonly kind: 'choice'; readonly broken: string; readonly flat: string }
  /** `# text` at the end of the line on which it falls. */
  | { readonly kind: 'comment'; readonly text: string };

export const line: Doc = { kind: 'line', flat: ' ' };
export const softLine: Doc = { kind: 'line', flat: '' };
export const hardLine: Doc = { kind: 'hard' };

/** @param broken true: all its places break */
export function group(doc: Doc, broken = false): Doc {
  return { kind: 'group', doc, broken: broken || mustBreak(doc) };
}

export function indent(doc: Doc): Doc {
  return { kind: 'indent', doc };
}

export function choice(broken: string, flat: string): Doc {
  return { kind: 'choice', broken, flat };
}

export function join(separator: Doc, docs: readonly Doc[]): Doc {
  return docs.map((doc, index) => (index === 0 ? doc : [separator, doc]));
}

function mustBreak(doc: Doc): boolean {
  if (typeof doc === 'string') return false;
  if (isList(doc)) return doc.some(mustBreak);
  if (doc.kind === 'group') return doc.broken;
  return doc.kind === 'hard' || (doc.kind === 'indent' && mustBreak(doc.doc));
}

function isList(doc: Doc): doc is readonly Doc[] {
  return Array.isArray(doc);
}

interface Command {
  readonly depth: number;
  readonly broken: boolean;
  readonly doc: Doc;
}

interface Line {
  code: string;
  comment: string | null;
}

export function layout(doc: Doc, width: number): string {
  const lines: Line[] = [{ code: '', comment: null }];
  const stack: Command[] = [{ depth: 0, broken: true, doc }];
  for (let command = stack.pop(); command; command = stack.pop()) {
    const current = lines.at(-1);
    if (current) step(command, current, lines, stack, width);
  }
  return alignComments(lines);
}

function step(command: Command, current: Line, lines: Line[], stack: Command[], width: number): void {
  const { doc, depth, broken } = command;
  if (typeof doc === 'string') current.code += doc;
  else if (isList(doc)) stack.push(...doc.map((part) => ({ ...command, doc: part })).toReversed());
  else if (doc.kind === 'indent') stack.push({ depth: depth + 1, broken, doc: doc.doc });
  else if (doc.kind === 'choice') current.code += broken ? doc.broken : doc.flat;
  else if (doc.kind === 'comment') current.comment = doc.text;
  else if (doc.kind === 'hard' || (doc.kind === 'line' && broken)) {
    lines.push({ code: '  '.repeat(depth), comment: null });
  } else if (doc.kind === 'line') current.code += doc.flat;
  else {
    const flat = { depth, broken: false, doc: doc.doc };
    const fitting = !doc.broken && fits(flat, stack, width - current.code.length);
    stack.push(fitting ? flat : { ...flat, broken: true });
  }
}

/** Whether `command` and what follows it up to the next line's end need at most `room` columns. */
function fits(command: Command, rest: readonly Command[], room: number): boolean {
  const stack: Command[] = [command];
  let left = room;
  let next = rest.length;
  while (left >= 0) {
    const top = stack.pop() ?? rest[--next];
    if (!top) return true;
    const { doc, broken } = top;
    if (typeof doc === 'string') left -= doc.length;
    else if (isList(doc)) stack.push(...doc.map((part) => ({ ...top, doc: part })).toReversed());
    else if (doc.kind === 'hard' || (doc.kind === 'line' && broken)) return true;
    else if (doc.kind === 'line') left -= doc.flat.length;
    else if (doc.kind === 'choice') left -= (broken ? doc.broken : doc.flat).length;
    else if (doc.kind === 'group') stack.push({ ...top, doc: doc.doc, broken: broken || doc.broken });
    else if (doc.kind === 'indent') stack.push({ ...top, doc: doc.doc });
  }
  return false;
}

/** Code wider than this does not push the comments of its neighbours to the right. */
const alignWithin = 80;

/** Comments behind code in consecutive lines start in one column; those behind a `{` or a lone `}` stand apart. */
function alignComments(lines: readonly Line[]): string {
  const result: string[] = [];
  for (let start = 0; start < lines.length;) {
    const run = runFrom(lines, start);
    const column = Math.max(0, ...run.map(({ code }) => code.length).filter((length) => length <= alignWithin));
    for (const { code, comment } of run) {
      result.push(comment === null ? code.trimEnd() : `${code.padEnd(column)}  ${comment}`);
    }
    start += run.length;
  }
  return result.join('\n');
}

/** The lines whose comments share a column with that of line `start`, at least that line itself. */
function runFrom(lines: readonly Line[], start: number): readonly Line[] {
  const alone = ({ code, comment }: Line) => comment === null || code.endsWith('{') || code.trimStart() === '}';
  const end = lines.findIndex((each, index) => index >= start && alone(each));
  return lines.slice(start, end < 0 ? lines.length : Math.max(end, start + 1));
}
