// Takes: the text of one version of a document, and the parsed prelude.
// Gives: what the features ask of it: tree, diagnostics, symbols, values. Each is computed when first asked for.
// Promises: never changes: a new version of the text is a new analysis; the prelude is parsed once for all of them.
import type { FileNode } from '../../compiler/1-syntax/ast.ts';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { checkTree } from '../../compiler/compile.ts';
import type { Checked } from '../../compiler/2-check/inspect/names/rename.ts';
import { Symbols } from '../../compiler/2-check/inspect/names/symbols.ts';
import { FileValues } from '../../compiler/2-check/inspect/values.ts';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { readPrelude } from '../model-file.ts';

/** The files of specs/std, parsed. */
export function parsePrelude(): readonly FileNode[] {
  return readPrelude().map((file) => parseFile(file).ast);
}

export class Analysis {
  readonly uri: string;
  readonly source: SourceFile;
  readonly prelude: readonly FileNode[];
  readonly syntax: readonly Diagnostic[];
  readonly ast: FileNode;
  private checkedOnce: Checked | null = null;
  private symbolsOnce: Symbols | null = null;
  private valuesOnce: FileValues | null = null;

  constructor(uri: string, source: SourceFile, prelude: readonly FileNode[]) {
    this.uri = uri;
    this.source = source;
    this.prelude = prelude;
    const { ast, diagnostics } = parseFile(source);
    this.ast = ast;
    this.syntax = diagnostics;
  }

  get checked(): Checked {
    const ast = isStandard(this.source.path) ? { ...this.ast, items: [] } : this.ast;
    this.checkedOnce ??= checkTree(ast, this.syntax, this.prelude);
    return this.checkedOnce;
  }

  get symbols(): Symbols {
    this.symbolsOnce ??= new Symbols(this.ast, this.prelude);
    return this.symbolsOnce;
  }

  get values(): FileValues {
    this.valuesOnce ??= new FileValues(this.ast, this.prelude);
    return this.valuesOnce;
  }
}

/** A file of the prelude is no file of models: only its syntax can be checked. */
function isStandard(path: string): boolean {
  return /[/\\]specs[/\\]std[/\\][^/\\]+\.model$/.test(path);
}
