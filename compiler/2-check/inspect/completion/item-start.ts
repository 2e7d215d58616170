// Takes: the scope in which an item begins. Gives: what can begin there: keys, parts, roles, clauses.
// Promises: what a block has set already is not offered again.
import type { Scope } from '../names/scope.ts';
import { kindNamed } from '../schema-view.ts';
import { keywordWords, roleWords } from '../words.ts';
import { candidate, keyCandidates, keySnippet, wordCandidate, type Candidate } from './candidate.ts';

const fileItems: readonly (readonly [string, string])[] = [
  ['model', 'model ${1:Name} {\n  vocab = ${2:256}\n  context = ${3:1024}\n  d_model = ${4:512}\n  n_layers = ${5:8}\n\n  mixer attn = gqa { heads = ${6:8} }\n  ffn mlp = glu {}\n  block = pre_norm(attn, mlp)\n}'], // prettier-ignore
  ['variant', 'variant ${1:Name} from ${2:Base} { $0 }'],
  ['train', 'train {\n  data = text("${1:data/*.txt}")\n  tokenizer = bytes\n  batch = ${2:16}; steps = ${3:1000}\n  optimizer adamw { lr = ${4:3e-4} }\n}'], // prettier-ignore
  ['generate', 'generate {\n  sample { temperature = ${1:0.8}; top_k = ${2:40} }\n}'],
  ['data', 'data ${1:corpus} {\n  source ${2:web} { path = "${3:data/*.txt}" }\n}'],
  ['sweep', 'sweep { $0 }'],
  ['assert', 'assert ${1:Model}.params < ${2:1B}'],
  ['lint', 'lint allow $0'],
  ['use', 'use std.$0'],
];

const modelItems: readonly (readonly [string, string])[] = [
  ['mixer', 'mixer ${1:attn} = ${2:gqa} { $0 }'],
  ['ffn', 'ffn ${1:mlp} = ${2:glu} { $0 }'],
  ['norm', 'norm ${1:rms} { $0 }'],
  ['block', 'block ${1:main} {\n  h = x + ${2:attn}(rms.mix(x))\n  y = h + ${3:mlp}(rms.ffn(h))\n}'],
  ['stack', 'stack n_layers { cycle [${1:main}] }'],
  ['embed', 'embed token { $0 }'],
  ['head', 'head lm { $0 }'],
  ['init', 'init {\n  default = ${1:normal(std = 0.02)}\n}'],
  ['tower', 'tower ${1:text} { $0 }'],
  ['mtp', 'mtp depth = ${1:1} { $0 }'],
  ['weights', 'weights ${1:hf} = std.hf.${2:llama}'],
  ['train', 'train { $0 }'],
  ['generate', 'generate { $0 }'],
  ['let', 'let ${1:name} = $0'],
  ['assert', 'assert $0'],
  ['require', 'require $0'],
];

const stackItems: readonly (readonly [string, string])[] = [
  ['cycle', 'cycle [$0]'],
  ['each', 'each $0'],
  ['at', 'at ${1:0..2} [$0]'],
  ['require', 'require $0'],
];

const trainItems: readonly (readonly [string, string])[] = [
  ['optimizer', 'optimizer ${1:adamw} { $0 }'],
  ['loss', 'loss = ${1:ce}'],
  ['model', 'model = $0'],
];

const dataItems: readonly (readonly [string, string])[] = [
  ['tokenizer', 'tokenizer ${1:bpe} { $0 }'],
  ['source', 'source ${1:web} { $0 }'],
  ['filter', 'filter ${1:quality} { $0 }'],
  ['dedup', 'dedup ${1:exact} { $0 }'],
  ['pack', 'pack ${1:documents} { $0 }'],
];

function snippets(list: readonly (readonly [string, string])[], rank: number): Candidate[] {
  return list.map(([label, snippet]) => {
    const word = roleWords[label] ?? keywordWords[label] ?? { form: label, about: kindNamed(label)?.about ?? '' };
    return { ...wordCandidate(label, 'keyword', word, snippet), rank };
  });
}

export function itemStarts(scope: Scope, file: Scope, standard: Scope, isOpen: (key: string) => boolean): Candidate[] {
  const { owner } = scope;
  if (scope === file) return snippets(fileItems, 0);
  if (owner === 'block') return [];
  if (owner === 'stack') return snippets(stackItems, 0);
  const keys = keyCandidates(scope, owner === 'model' ? standard : null, isOpen);
  if (owner === 'model') {
    const roles = snippets(modelItems, 2);
    const known = new Set([...keys, ...roles].map(({ label }) => label));
    const more = [...standard.members]
      .filter(([name, { thing }]) => thing.root.kind === 'key' && !known.has(name) && (!scope.members.has(name) || isOpen(name))) // prettier-ignore
      .map(([name, { definition }]) => candidate(name, 'key', 1, { snippet: definition?.value ? `${name} = $0` : keySnippet(name, kindNamed(name)) })); // prettier-ignore
    return [...keys, ...more, ...roles, ...parts(scope, 3)];
  }
  if (owner === 'tower tower') return [...keys, ...snippets(modelItems.slice(0, 5), 2), ...parts(scope, 3)];
  if (owner === 'init' || owner === 'start') {
    const places = ['default', 'embed', 'head', 'mixer', 'ffn'].map((name) => candidate(name, 'key', 0, { snippet: `${name} = $0` })); // prettier-ignore
    return [...places, ...parts(scope, 1).map((each) => ({ ...each, snippet: `${each.label}.$0`, insert: `${each.label}.` }))]; // prettier-ignore
  }
  if (owner === 'train train') return [...keys, ...snippets(trainItems, 1)];
  if (owner === 'data data') return [...snippets(dataItems, 0), ...keys];
  if (owner === 'generate generate') return [...keys, ...snippets([...trainItems.slice(2), ['report', 'report [$0]']], 1), ...parts(scope, 2)]; // prettier-ignore
  return owner === null ? [] : [...keys, ...snippets([['let', 'let ${1:name} = $0']], 3)];
}

/** Parts of the model by name: a variant changes them, `attn.heads = 4`. */
export function parts(scope: Scope, rank: number, roles: RegExp = /^(mixer|ffn|norm)$/): Candidate[] {
  return [...scope.visible()]
    .filter(([name, { thing }]) => roles.test(thing.root.kind) && !name.includes(' '))
    .map(([name, { thing }]) => candidate(name, 'part', rank, { detail: thing.root.kind }));
}
