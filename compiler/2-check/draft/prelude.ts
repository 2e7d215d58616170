// Takes: the parsed files of specs/std. Gives: the defaults of every constructor and block, and the wiring blocks.
// Promises: every default a model gets stands in one of these files, in the language itself.
import type { SourceFile } from '../../../grammar/source.ts';
import type { FileNode, Item } from '../../1-syntax/ast.ts';
import { emptyBody, type Body, type Draft } from './draft.ts';
import { bodyOf, labelOf, textOf } from './from-items.ts';
import { collectNames } from './names.ts';

export interface Prelude {
  /** `mixer gqa` -> its keys. A constructor's defaults; `rope rope` for a kind with one constructor. */
  readonly defaults: ReadonlyMap<string, Body>;
  readonly model: Body;
  /** What a model of towers gets. */
  readonly towers: Body;
  readonly train: Body;
  readonly generate: Body;
  readonly blocks: ReadonlyMap<string, Draft>;
  /** Maps of weights: `llama` is `std.hf.llama`. */
  readonly weights: ReadonlyMap<string, Draft>;
  /** `std.wiring` for each file. */
  readonly modules: ReadonlySet<string>;
  readonly files: ReadonlySet<SourceFile>;
  /** Names that the prelude's own blocks use: `attn`, `mlp`, `rms`. */
  readonly names: ReadonlySet<string>;
}

export function preludeOf(files: readonly FileNode[]): Prelude {
  const defaults = new Map<string, Body>();
  const weights = new Map<string, Draft>();
  let blocks: ReadonlyMap<string, Draft> = new Map();
  for (const { items } of files) {
    const body = bodyOf(
      items.filter((item) => isBlock(item)),
      ignore,
    );
    blocks = new Map([...blocks, ...body.keys]);
    for (const item of items) {
      if (item.kind !== 'definition' || isBlock(item)) continue;
      const head = textOf(item.heads[0]);
      if (head === 'weights') {
        for (const [, draft] of bodyOf([item], ignore).keys) weights.set(labelOf(item), draft);
        continue;
      }
      const key = `${head} ${labelOf(item)}`;
      defaults.set(key, bodyOf(item.block?.items ?? [], ignore));
    }
  }
  const take = (key: string): Body => defaults.get(key) ?? emptyBody;
  return {
    defaults,
    model: take('model model'),
    towers: take('towers towers'),
    train: take('train train'),
    generate: take('generate generate'),
    blocks,
    weights,
    modules: new Set(files.map(({ span }) => `std.${stem(span.file.path)}`)),
    files: new Set(files.map(({ span }) => span.file)),
    names: collectNames(files),
  };
}

function isBlock(item: Item): boolean {
  return item.kind === 'definition' && textOf(item.heads[0]) === 'block';
}

function stem(path: string): string {
  return path.replace(/^.*[/\\]/, '').replace(/\.model$/, '');
}

function ignore(): void {
  // The prelude has its own tests.
}
