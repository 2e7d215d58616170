// Takes: a model, and the config.json it came with if it came with one. Gives: the config.json that says it, and where its
// parameters lie on disk.
// Promises: what is written was read back and is the same function; a config that came with the model is kept as it was.
import type { SourceFile } from '../../grammar/source.ts';
import type { Model, WeightMap } from '../2-check/model.ts';
import { unbuilt } from '../3-graph/model/unbuilt.ts';
import { checkSource } from '../compile.ts';
import { UnbuiltError } from '../diagnostics.ts';
import type { Json } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { Family, TokenKey } from './family.ts';
import { families } from './families.ts';
import { importConfig } from './import-config.ts';
import { ModelFacts } from './model-facts.ts';
import { compareFunctions, type Comparison } from './same-function.ts';

export interface ExportedConfig {
  readonly modelType: string;
  readonly config: Json;
  /** Entries by the names of the model's own parameters. */
  readonly map: WeightMap;
}

export interface Origin {
  readonly config: Json;
  /** On disk: spellings of one family differ by them. */
  readonly tensors: Iterable<string>;
}

/** `prelude`: the files of specs/std. @throws ConfigError when no family says this model; UnbuiltError */
export function exportConfig(model: Model, origin: Origin | null, prelude: readonly SourceFile[]): ExportedConfig {
  const missing = unbuilt(model);
  if (missing.length > 0) throw new UnbuiltError(missing);
  if (origin !== null) {
    const kept = attempt(model, origin, prelude);
    if (kept.exported !== null) return kept.exported;
  }
  const tried: Attempt[] = [];
  for (const family of families) {
    const written = writing(() => family.write(new ModelFacts(model)));
    if (typeof written === 'string') {
      tried.push({ modelType: family.modelType, exported: null, agreeing: 0, reason: written });
      continue;
    }
    const config = { architectures: [family.architecture], model_type: family.modelType, ...tokensOf(origin, family, model.vocab - 1), ...written }; // prettier-ignore
    const made = attempt(model, { config, tensors: [] }, prelude);
    if (made.exported !== null) return made.exported;
    tried.push(made);
  }
  const nearest = tried.reduce((best, each) => (each.agreeing > best.agreeing ? each : best));
  throw new ConfigError(
    `no family of transformers says ${model.name}; the nearest is ${nearest.modelType}, but ${nearest.reason}. ` +
      'It can still be exported with --to pytorch',
  );
}

interface Attempt {
  readonly modelType: string;
  readonly exported: ExportedConfig | null;
  readonly agreeing: number;
  readonly reason: string;
}

/** Reads a config back and lays its model beside the one that is exported. */
function attempt(model: Model, { config, tensors }: Origin, prelude: readonly SourceFile[]): Attempt {
  const modelType = String(config['model_type']);
  const fail = (reason: string, agreeing = 0): Attempt => ({ modelType, exported: null, agreeing, reason });
  const imported = writing(() => importConfig(config, { tensors }));
  if (typeof imported === 'string') return fail(imported);
  const { file, diagnostics } = checkSource({ path: 'config.json', text: imported.text }, prelude);
  const [error] = diagnostics.filter(({ severity }) => severity === 'error');
  const [read] = file.models;
  const [map] = read?.weights ?? [];
  if (error !== undefined || read === undefined || map === undefined) return fail(error?.message ?? 'it has no map of weights'); // prettier-ignore
  if (unbuilt(read).length > 0) return fail('it cannot be lowered');
  const comparison = compareFunctions(read, model);
  if (comparison.names === null) return fail(`it differs at ${comparison.path}`, comparison.agreeing);
  return { modelType, exported: { modelType, config, map: renamed(map, comparison) }, agreeing: comparison.agreeing, reason: '' }; // prettier-ignore
}

/** The message of a ConfigError stands for what could not be made. */
function writing<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** What the graph does not read (constants of a checkpoint) keeps the name of the layer's part beside it. */
function renamed(map: WeightMap, { names }: Comparison): WeightMap {
  const prefixes = new Map([...(names ?? [])].map(([from, to]) => [parentOf(from), parentOf(to)]));
  const nameOf = (name: string): string => names?.get(name) ?? moved(name, prefixes);
  return { ...map, entries: map.entries.map((entry) => ({ ...entry, parameter: nameOf(entry.parameter) })) };
}

function moved(name: string, prefixes: ReadonlyMap<string, string>): string {
  for (let parent = parentOf(name); parent !== ''; parent = parentOf(parent)) {
    const to = prefixes.get(parent);
    if (to !== undefined) return `${to}${name.slice(parent.length)}`;
  }
  return name;
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

/** Ends of texts are the tokenizer's, which is copied along; without one there are none, whatever the family's default is. */
function tokensOf(origin: Origin | null, { needsTokens = [] }: Family, last: number): Json {
  const keys: readonly TokenKey[] = ['bos_token_id', 'eos_token_id', 'pad_token_id'];
  return Object.fromEntries(keys.map((key) => [key, origin?.config[key] ?? (needsTokens.includes(key) ? last : null)]));
}
