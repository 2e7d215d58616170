// Takes: the parsed files of specs/std. Gives: their scopes: defaults by constructor, the wiring blocks, the modules.
// Promises: made anew for each file that is looked at, which joins its own names to them.
import type { SourceFile, Span } from '../../../../grammar/source.ts';
import type { FileNode, Item } from '../../../1-syntax/ast.ts';
import { labelOf, textOf } from '../../draft/from-items.ts';
import { declareBlock, declareFile, type Declared } from './declare.ts';
import { NamedThing, Scope } from './scope.ts';

export interface StdScopes {
  /** The wiring blocks. */
  readonly root: Scope;
  readonly model: Scope;
  /** `mixer gqa` */
  readonly defaults: ReadonlyMap<string, Scope>;
  /** `mixer gqa`, where its defaults stand. */
  readonly constructors: ReadonlyMap<string, NamedThing>;
  /** `std.wiring` */
  readonly modules: ReadonlyMap<string, NamedThing>;
  readonly declared: readonly Declared[];
  readonly files: ReadonlySet<SourceFile>;
}

export function stdScopes(prelude: readonly FileNode[]): StdScopes {
  const root = new Scope(null);
  const defaults = new Map<string, Scope>();
  const constructors = new Map<string, NamedThing>();
  const modules = new Map<string, NamedThing>();
  const declared: Declared[] = [];
  for (const { items, span } of prelude) {
    const isBlock = (item: Item): boolean => item.kind === 'definition' && textOf(item.heads[0]) === 'block';
    const blocks = declareFile(items.filter(isBlock), null);
    for (const [name, member] of blocks.file.members) root.members.set(name, member);
    declared.push(blocks);
    const rest = declareFile([], null);
    for (const item of items) {
      if (item.kind !== 'definition' || isBlock(item)) continue;
      const head = textOf(item.heads[0]);
      const owner = `${head} ${labelOf(item)}`;
      const scope = new Scope(root, head === 'model' ? 'model' : owner);
      declareBlock(item.block, scope, rest);
      defaults.set(owner, scope);
      constructors.set(owner, named(labelOf(item), 'key', (item.words[0] ?? item.heads[0])?.span ?? item.span));
    }
    declared.push(rest);
    const module = `std.${span.file.path.replace(/^.*[/\\]/, '').replace(/\.model$/, '')}`;
    modules.set(module, named(module, 'module', { file: span.file, start: 0, end: 0 }));
  }
  const model = defaults.get('model model') ?? new Scope(root, 'model');
  const files = new Set(prelude.map(({ span }) => span.file));
  return { root, model, defaults, constructors, modules, declared, files };
}

function named(text: string, kind: 'key' | 'module', span: Span): NamedThing {
  const thing = new NamedThing(text, kind);
  thing.add(span, 'sets');
  return thing;
}
