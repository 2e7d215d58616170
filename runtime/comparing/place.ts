// Takes: the arguments of `modelc diff`. Gives: which models of which files, at which revisions, are compared.
// Promises: reads nothing; what cannot be understood is one sentence.
import { UserError } from '../user-error.ts';

/** `FILE`, `FILE:MODEL`, `FILE@REV`, `FILE@REV:MODEL`. */
export interface Place {
  readonly path: string;
  /** A git revision; null: the file as it lies there. */
  readonly revision: string | null;
  readonly model: string | null;
}

const forms = 'write FILE.model, FILE.model:MODEL, FILE.model@REV or FILE.model@REV:MODEL';

/** @throws UserError */
export function parsePlace(text: string): Place {
  const match = /^(.*?\.model)(?:@([^:]+))?(?::(\w+))?$/.exec(text);
  if (match === null) throw new UserError(`${text} names no .model file; ${forms}`);
  const [, path = text, revision = null, model = null] = match;
  return { path, revision, model };
}

/** The second place: also a model of the first file (`Name`), or the first file at another revision (`@REV`). */
export function parseSecond(text: string, first: Place): Place {
  if (/^\w+$/.test(text)) return { ...first, model: text };
  const revision = /^@([^:]+)(?::(\w+))?$/.exec(text);
  if (revision !== null) return { path: first.path, revision: revision[1] ?? '', model: revision[2] ?? null };
  return parsePlace(text);
}

export function placeText({ path, revision, model }: Place): string {
  return `${path}${revision === null ? '' : `@${revision}`}${model === null ? '' : `:${model}`}`;
}
