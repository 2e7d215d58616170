// Takes: a folder. Gives: the tokenizer in it; without a tokenizer.json, that of bytes.
// Promises: reads the files that transformers reads; a damaged one is one sentence.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import { bytesTokenizer } from './bytes.ts';
import { hubTokenizer } from './hub/hub-tokenizer.ts';
import { isRecord } from './hub/parts.ts';
import type { Tokenizer } from './tokenizer.ts';

/** @throws UserError */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  if (!existsSync(path)) return bytesTokenizer;
  const [tokenizer, config, special, generation, model] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'config.json'].map(
      (name) => readJson(join(folder, name)),
    ),
  );
  const template = await readOptional(join(folder, 'chat_template.jinja'));
  return hubTokenizer({
    path,
    tokenizer: tokenizer ?? {},
    config: config ?? {},
    special: special ?? {},
    generation: generation ?? {},
    model: model ?? {},
    template,
  });
}

/** Of a JSON object; null where there is no such file. @throws UserError when it is no JSON object */
export async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readOptional(path);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${path} is damaged: ${reason}`);
  }
  throw new UserError(`${path} is damaged: it holds no JSON object`);
}

async function readOptional(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return null;
    throw new UserError(`cannot read ${path}: ${code}`);
  }
}
