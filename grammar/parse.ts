// Takes: one source file.
// Gives: its concrete syntax tree, its comments, and every fault found in it.
// Promises: never throws; the tree is whole: items that could not be read are left out of it or have a Broken head.
import { type IRecognitionException } from 'chevrotain';
import { balance } from './balance.ts';
import type { FileCstNode } from './cst.ts';
import { bracketFault, type Fault, lexicalFaults, parserFault, wantsSeparator } from './faults.ts';
import { parser } from './parser.ts';
import { cut } from './recover.ts';
import { separateItems } from './separate.ts';
import type { SourceFile, Span } from './source.ts';
import { Broken, lexer, type Token } from './tokens.ts';

export type { Token } from './tokens.ts';

export interface ParseResult {
  readonly cst: FileCstNode;
  /** `# ...` in the order of the file. */
  readonly comments: readonly Token[];
  /** In the order of the file; at most `maxFaults`. */
  readonly faults: readonly Fault[];
}

const maxFaults = 20;

/** Whether this is the head put in for one that could not be read. */
export function isBroken(head: Token): boolean {
  return head.tokenType === Broken;
}

export function parse(file: SourceFile): ParseResult {
  const lexed = lexer.tokenize(file.text);
  const balanced = balance(lexed.tokens, file.text);
  const faults = [...lexicalFaults(file, lexed.tokens), ...balanced.faults.map((fault) => bracketFault(file, fault))];
  const cst = parseItems(file, separateItems(balanced.tokens), faults);
  const sorted = faults.sort((a, b) => a.span.start - b.span.start).slice(0, maxFaults);
  return { cst, comments: lexed.groups['comments'] ?? [], faults: sorted };
}

/** Parses, cuts out the first fault, and parses again, until none is left. Adds to `faults`. */
function parseItems(file: SourceFile, tokens: Token[], faults: Fault[]): FileCstNode {
  const seen = new Set<Token>();
  let rest = tokens;
  for (;;) {
    const { cst, error } = attempt(rest);
    if (!error) return cst;
    if (faults.length >= maxFaults) return attempt([]).cst;
    const found = rest.indexOf(error.token);
    const at = found < 0 ? rest.length : found;
    const step = cut(rest, at, wantsSeparator(error), seen);
    const fault = parserFault(file, error, rest[at - 1]);
    if (!step.follows && !faults.some(({ span }) => isNear(span, rest[at - 1], fault.span))) faults.push(fault);
    rest = step.tokens;
  }
}

/** Whether a fault stands between the token before another fault and that fault's own: one tells of both. */
function isNear(span: Span, previous: Token | undefined, at: Span): boolean {
  return previous !== undefined && span.start > previous.startOffset && span.start <= at.start;
}

function attempt(tokens: Token[]): { cst: FileCstNode; error: IRecognitionException | undefined } {
  parser.input = tokens;
  const cst = parser.file() as FileCstNode;
  return { cst, error: parser.errors[0] };
}
