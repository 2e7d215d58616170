// Takes: a parsed file and the prelude. Gives: which name stands at an offset, and every place where that name occurs.
// Promises: total over faulty files; places in specs/std are given with their own file.
import type { SourceFile, Span } from '../../../../grammar/source.ts';
import type { FileNode } from '../../../1-syntax/ast.ts';
import { declareFile } from './declare.ts';
import { link, linkStd } from './link.ts';
import { refer } from './refer.ts';
import type { NamedThing, Occurrence, Scope } from './scope.ts';
import { stdScopes, type StdScopes } from './std-scopes.ts';

export interface Found {
  readonly thing: NamedThing;
  readonly occurrence: Occurrence;
}

export class Symbols {
  readonly source: SourceFile;
  readonly file: Scope;
  readonly std: StdScopes;
  private readonly byBrace: ReadonlyMap<number, Scope>;
  private readonly found: readonly Found[];

  constructor(ast: FileNode, prelude: readonly FileNode[]) {
    this.source = ast.span.file;
    this.std = stdScopes(prelude);
    linkStd(this.std);
    const declared = declareFile(ast.items, this.std.root);
    link(declared, this.std);
    for (const each of this.std.declared) refer(each, this.std);
    refer(declared, this.std);
    this.file = declared.file;
    this.byBrace = declared.byBrace;
    this.found = this.collect(declared.byBrace);
  }

  /** The name whose text holds or touches `offset`. */
  at(offset: number): Found | null {
    return this.found.find(({ occurrence: { span } }) => span.start <= offset && offset <= span.end) ?? null;
  }

  /** The scope of the block that opens at `brace`. */
  scopeAt(brace: number): Scope | null {
    return this.byBrace.get(brace) ?? null;
  }

  /** Where a name is first defined; seen from there, where std has its default. */
  definitionOf({ thing, occurrence }: Found): Span | null {
    const sets = thing.occurrences.filter(({ how }) => how !== 'uses').map(({ span }) => span);
    const own = sets.find(({ file }) => file === this.source);
    const std = sets.find(({ file }) => file !== this.source) ?? thing.root.standard?.occurrences[0]?.span;
    return own === undefined || own.start === occurrence.span.start ? (std ?? own ?? null) : own;
  }

  /** Every scope of the file's blocks. */
  get scopes(): readonly Scope[] {
    return [this.file, ...this.byBrace.values()];
  }

  private collect(byBrace: ReadonlyMap<number, Scope>): Found[] {
    const things = new Set<NamedThing>();
    const add = (scope: Scope): void => scope.members.forEach(({ thing }) => things.add(thing.root));
    add(this.file);
    byBrace.forEach((scope) => {
      add(scope);
      scope.visible().forEach(({ thing }) => things.add(thing.root));
    });
    for (const table of [this.std.constructors, this.std.modules]) table.forEach((thing) => things.add(thing.root));
    this.std.root.members.forEach(({ thing, inside }) => {
      things.add(thing.root);
      if (inside !== null) add(inside);
    });
    return [...things]
      .flatMap((thing) => thing.occurrences.map((occurrence) => ({ thing, occurrence })))
      .filter(({ occurrence }) => occurrence.span.file === this.source)
      .sort((a, b) => a.occurrence.span.start - b.occurrence.span.start);
  }
}
