// Takes: one source file.
// Gives: its AST and a `syntax` diagnostic for each fault.
// Promises: never throws on any text; without diagnostics the AST holds all of the file, else what could be read.
import { parse } from '../../grammar/parse.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { diagnostic, type Diagnostic } from '../diagnostics.ts';
import type { FileNode } from './ast.ts';
import { buildAst } from './build-ast.ts';

export function parseFile(file: SourceFile): { ast: FileNode; diagnostics: Diagnostic[] } {
  const { cst, comments, faults } = parse(file);
  const diagnostics = faults.map(({ message, span }) => diagnostic('syntax', span, { message }));
  return { ast: buildAst(file, cst, comments), diagnostics };
}
