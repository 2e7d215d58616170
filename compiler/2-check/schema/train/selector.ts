// Takes: nothing. Gives: the types that name parameters: by class (`matrix`), by part (`attn`, `ssm.A_log`).
// Promises: a path begins with a part that is in scope; what it matches is checked where the model's parameters are known.
import type { Expr } from '../../../1-syntax/ast.ts';
import { nearest } from '../../draft/names.ts';
import { fail, type Section } from '../../evaluate/section.ts';
import type { ParameterClass, ParameterSelector } from '../../model.ts';
import { mismatch, wordOf, type KeyType, type Slot } from '../key-type.ts';

const classes = ['all', 'rest', 'matrix', 'vector', 'embed', 'head'] as const satisfies readonly ParameterClass[];
/** Beside mixers, ffns and towers. */
const places = ['embed', 'head', 'mtp', 'temperature'];

export const selector: KeyType<ParameterSelector> = {
  expects: `one of ${classes.join(', ')}, or a part of the model`,
  words: classes,
  owns: () => true,
  read(slot) {
    const name = classes.find((each) => each === wordOf(slot.draft.value));
    if (name !== undefined && slot.draft.body === null) return { kind: 'class', name };
    return { kind: 'part', path: partPath(slot, classes, selector.expects) };
  },
};

const kept = ['embed', 'head', 'router', 'norm'] as const;

/** What keeps its precision: `embed`, `router`, `attn.core`. */
export const keptPart: KeyType<string> = {
  expects: `one of ${kept.join(', ')}, or a part of the model`,
  words: kept,
  owns: () => true,
  read(slot) {
    const word = kept.find((each) => each === wordOf(slot.draft.value));
    return word ?? partPath(slot, kept, keptPart.expects);
  },
};

/** `ssm.A_log` */
function partPath(slot: Slot, words: readonly string[], expects: string): string {
  const { draft, section } = slot;
  const path = pathText(draft.value);
  if (path === null || draft.body !== null) return mismatch(slot, expects);
  const parts = partNames(section);
  const [first = ''] = path.split('.');
  if (parts.includes(first)) return path;
  const near = nearest(first, [...words, ...parts]);
  const fix = near === null ? `there are ${[...words, ...parts].join(', ')}` : `did you mean \`${near}\`?`;
  return fail(section, 'unknown-name', draft.value?.span ?? draft.span, { name: path }, { fix });
}

export function pathText(expr: Expr | null): string | null {
  if (expr?.kind === 'name') return expr.name;
  const object = expr?.kind === 'member' ? pathText(expr.object) : null;
  return expr?.kind === 'member' && object !== null ? `${object}.${expr.name.text}` : null;
}

/** Parts of the model a block is for. */
export function partNames(section: Section): readonly string[] {
  const names: string[] = [...places];
  for (let at: Section | null = section; at !== null; at = at.parent) {
    for (const [name, { role }] of at.body.keys) {
      if (role === 'mixer' || role === 'ffn' || role === 'tower' || role === 'norm') names.push(name);
    }
  }
  return names;
}
