// Takes: items. Gives: every name they use, as `collectNames` of a file.
import type { Item } from '../../1-syntax/ast.ts';
import { collectNames } from '../draft/names.ts';

const nowhere = { file: { path: '', text: '' }, start: 0, end: 0 };

export function namesOf(items: readonly Item[]): Set<string> {
  return new Set(collectNames([{ kind: 'file', items, span: nowhere, trailing: [] }]));
}
