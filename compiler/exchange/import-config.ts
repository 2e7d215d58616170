// Takes: a config.json and the names of the tensors beside it. Gives: the .model that says the same.
// Promises: reads as a person would have written it; every key was understood, is known to be harmless, or is told.
import { parseFile } from '../1-syntax/parse-file.ts';
import { printFile } from '../1-syntax/print-ast.ts';
import { invariant } from '../diagnostics.ts';
import { Config, type Json } from './config.ts';
import { ConfigError } from './config-error.ts';
import { families } from './families.ts';
import type { Family } from './family.ts';

export interface ImportedConfig {
  readonly family: Family;
  /** Of the model in the text. */
  readonly name: string;
  readonly text: string;
  /** Tensors on disk that hold no weights. */
  readonly dropped: readonly RegExp[];
}

/** @throws ConfigError */
export function importConfig(
  values: Json,
  options: { readonly name?: string; readonly tensors: Iterable<string> },
): ImportedConfig {
  const family = familyOf(values);
  const config = configOf(values, family);
  const statements = family.read(config, new Set(options.tensors));
  const unread = config.unread(new Set(family.harmless));
  if (unread.length > 0) {
    const [key = ''] = unread;
    const one = unread.length === 1;
    throw new ConfigError(
      `${unread.join(', ')} ${one ? 'is' : 'are'} not understood for model_type ${family.modelType} and may change the function` +
        (one ? `; if ${key} does not, take it out of config.json` : '; take out those that do not'),
    );
  }
  const name = options.name ?? identifier(family.modelType);
  const text = formatted(`# From a checkpoint of model_type ${family.modelType}.\n\nmodel ${name} {\n${spaced(statements)}\n}\n`); // prettier-ignore
  return { family, name, text, dropped: family.dropped ?? [] };
}

/** Keys by one spelling each, with the family's defaults. @throws ConfigError when two spellings of a key disagree */
function configOf(values: Json, { spellings = {}, defaults }: Family): Config {
  const known: Record<string, unknown> = {};
  const spelled: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const key = spellings[name] ?? name;
    const other = spelled[key];
    if (other !== undefined && value !== null && known[key] !== null && value !== known[key]) {
      throw new ConfigError(`${other} = ${JSON.stringify(known[key])} and ${name} = ${JSON.stringify(value)} are two names of one number`); // prettier-ignore
    }
    if (other !== undefined && value === null) continue;
    known[key] = value;
    spelled[key] = name;
  }
  return new Config({ ...defaults, ...known }, '', spelled);
}

function familyOf(values: Json): Family {
  const modelType = values['model_type'];
  if (typeof modelType !== 'string') throw new ConfigError('config.json has no model_type, so its family is unknown');
  const family = families.find((each) => each.modelType === modelType);
  if (family !== undefined) return family;
  const known = families.map((each) => each.modelType).sort().join(', '); // prettier-ignore
  throw new ConfigError(`model_type ${modelType} is not known; there are ${known}`);
}

/** `gpt_neox` -> `GptNeox` */
export function identifier(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `Model${joined}`;
}

/** An empty line behind the sizes and before the blocks. */
function spaced(statements: readonly string[]): string {
  const blocks = statements.findIndex((each) => each.startsWith('block '));
  return statements.map((each, i) => (i === 1 || (i === blocks && i > 0) ? `\n${each}` : each)).join('\n');
}

function formatted(text: string): string {
  const { ast, diagnostics } = parseFile({ path: 'config.json', text });
  invariant(diagnostics.length === 0, `the text made of config.json does not parse: ${diagnostics[0]?.message ?? ''}`);
  return printFile(ast);
}
