// Takes: the `lint allow` items of a file. Gives: whether a lint is allowed in a model.
// Promises: a lint is named by its code (`cycle_tail`), its id (`W8`) or its key (`mlp.width`); unknown names are faults.
import type { WordsItem } from '../../1-syntax/ast.ts';
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import { infos, rules, warnings } from '../../messages.ts';
import { textOf } from '../draft/from-items.ts';
import { nearest } from '../draft/names.ts';
import { isKnownWord } from '../schema/register.ts';
import type { Lint } from './lint.ts';

export interface Allowance {
  readonly name: string;
  /** Null: every model of the file. */
  readonly model: string | null;
  /** A train block, `in V3Mini.finetune`: only what is told of that model there. Null: everywhere. */
  readonly block: string | null;
}

/** In a .model file a lint's code is one word: `cycle_tail`. */
const codes = [...Object.keys(warnings), ...Object.keys(infos)].map((code) => code.replaceAll('-', '_'));
const ids: readonly string[] = ['W', 'E', 'I'].flatMap((kind) =>
  Array.from({ length: 16 }, (_, n) => `${kind}${n + 1}`),
);

interface Known {
  /** Whether a word is a part or key of some model of the file. */
  readonly isName: (word: string) => boolean;
  readonly models: readonly string[];
}

export function readAllowances(
  items: readonly { readonly item: WordsItem; readonly model: string | null }[],
  { isName, models }: Known,
  report: (diagnostic: Diagnostic) => void,
): Allowance[] {
  return items.flatMap(({ item, model }) => {
    const [verb, ...names] = item.words;
    if (textOf(verb) !== 'allow') {
      report(
        diagnostic('unknown-lint', verb?.span ?? item.span, { name: textOf(verb) }, { fix: 'write `lint allow ...`' }),
      );
      return [];
    }
    const [scope = model, block = null] = item.scope?.parts.map(({ text }) => text) ?? [];
    if (item.scope !== null && !models.includes(scope ?? '')) {
      const near = nearest(scope ?? '', models);
      const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
      report(diagnostic('unknown-model', item.scope.span, { name: scope ?? '' }, extra));
      return [];
    }
    return names.flatMap((path): Allowance[] => {
      const name = textOf(path);
      const [first = ''] = name.split('.');
      const known =
        codes.includes(name) || ids.includes(name) || isName(first) || isKnownWord(first) || first === 'train';
      if (known) return [{ name, model: scope, block }];
      const near = nearest(name, codes);
      const fix = near === null ? `lints: ${codes.join(', ')}` : `did you mean \`${near}\`?`;
      report(diagnostic('unknown-lint', path.span, { name }, { fix }));
      return [];
    });
  });
}

export function isAllowed(
  { key, diagnostic: { code } }: Lint,
  model: string,
  allowances: readonly Allowance[],
  block: string | null = null,
): boolean {
  const id = (rules as Readonly<Record<string, string>>)[code];
  return allowances.some((each) => {
    const fits =
      each.name === code.replaceAll('-', '_') ||
      each.name === id ||
      key === each.name ||
      key.startsWith(`${each.name}.`);
    return fits && (each.model === null || each.model === model) && (each.block === null || each.block === block);
  });
}
