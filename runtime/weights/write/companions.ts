// Takes: a folder of a model. Gives: in another folder, what belongs to it beside weights: tokenizer, chat template, settings of generation.
// Promises: copied as they are; what is not there is left out.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../tokenizer/open-tokenizer.ts';
import { orSay } from '../../write-text.ts';

/** What transformers reads beside config.json and the weights. */
export const companions = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'vocab.json',
  'merges.txt',
];

/** Before any is copied. @throws UserError when one that is JSON is damaged */
export async function requireReadable(folder: string): Promise<void> {
  for (const name of companions) if (name.endsWith('.json')) await readJson(join(folder, name));
}

/** The names of those copied. @throws UserError */
export function copyFiles(from: string, to: string, names: readonly string[]): string[] {
  const there = names.filter((name) => existsSync(join(from, name)));
  for (const name of there) {
    const target = join(to, name);
    orSay(target, () => copyFileSync(join(from, name), target));
  }
  return there;
}
