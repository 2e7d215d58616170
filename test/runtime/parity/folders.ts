// Takes: nothing. Gives: folders of references: those of the project, and those beside it where they are.
// Promises: every dense family, whatever else lies there; a folder of the project stands for one of the same name beside it where a choice is made.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const own = join(root, 'test', 'parity', 'references');
const shared = join(root, '..', 'shared');

const families = [
  'apertus', 'bitnet', 'bloom', 'cohere', 'cohere2', 'diffllama', 'ernie4_5', 'falcon', 'gemma', 'gemma2', 'gemma3', 'glm',
  'glm4', 'gpt2', 'gpt_bigcode', 'gpt_neox', 'gptj', 'granite', 'hunyuan', 'llama', 'llama3', 'llama_linear', 'llama_yarn',
  'mistral', 'modernbert_decoder', 'mpt', 'nemotron', 'olmo', 'olmo2', 'olmo3', 'opt', 'phi', 'phi3', 'qwen2', 'qwen3',
  'smollm3', 'stablelm',
]; // prettier-ignore

export interface Folder {
  readonly name: string;
  readonly path: string;
}

const within = (parent: string, names: readonly string[]): readonly Folder[] =>
  existsSync(parent) ? names.map((name) => ({ name, path: join(parent, name) })) : [];

const ownNames = readdirSync(own).filter((name) => existsSync(join(own, name, 'expected.json')));

export const ownReferences = within(own, ownNames);
export const sharedReferences = within(join(shared, 'parity'), families);
export const curves = within(join(shared, 'curves'), ['llama_shakespeare', 'gpt2_shakespeare']);

/** One folder a name. */
export const references: readonly Folder[] = [
  ...ownReferences,
  ...sharedReferences.filter(({ name }) => !ownNames.includes(name)),
];
