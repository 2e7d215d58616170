// Takes: nothing. Gives: the blocks of a data block: tokenizers, sources, near and exact doubles, packing.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/data.model.
import { evaluateDraft } from '../../evaluate/evaluate.ts';
import { fail, lookup, type Section } from '../../evaluate/section.ts';
import { key } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, flag, oneOf, orNone, positive, texts } from '../scalars.ts';
import { bytes, text } from '../train/values.ts';

const special = { special: key('tokens that text never becomes by itself', texts) };
const file = key('its file', text);

export const tokenizerKind = kindOf({
  name: 'tokenizer',
  about: 'How text becomes tokens.',
  constructors: {
    bytes: { about: 'Each byte is a token; 256 of them.', keys: {} },
    bpe: {
      about: 'Pairs of tokens merged, the most frequent first.',
      source: 'arXiv 1508.07909',
      keys: {
        file: key('its file; none: it is made from the data', orNone(text)),
        vocab: key('size when it is made; none: that of the model', orNone(count), 'tokens'),
        ...special,
        pretokenize: key('what text is split by before merging', oneOf('gpt2_regex', 'gpt4_regex', 'llama3_regex', 'whitespace', 'none')), // prettier-ignore
      },
    },
    unigram: { about: 'The likeliest split into pieces.', source: 'arXiv 1804.10959', keys: { file, ...special } },
    sentencepiece: { about: 'A model of SentencePiece.', source: 'arXiv 1808.06226', keys: { file, ...special } },
    tiktoken: { about: 'One of the encodings of tiktoken.', keys: { name: key('its name: "cl100k_base"', text) } },
    hf: { about: 'Of a model of the Hugging Face hub.', keys: { name: key('the name of the model there', text) } },
  },
});

export const sourceKind = kindOf({
  name: 'source',
  about: 'Where documents come from.',
  role: 'source',
  constructors: {
    source: {
      about: 'Files, and how often they are drawn from.',
      keys: {
        path: key('globs, relative to the file', texts),
        weight: key('how often it is drawn from, relative to the other sources', positive),
      },
    },
  },
});

function numberOf(section: Section, name: string): number {
  const found = lookup(section, name);
  if (found === null) return fail(section, 'missing-key', section.span, { key: name, owner: 'dedup near' });
  return evaluateDraft(found.draft, found.section, name).value;
}

export const dedupKind = kindOf({
  name: 'dedup',
  about: 'Documents that are there more than once.',
  constructors: {
    exact: {
      about: 'What has the same hash stays once.',
      keys: {
        unit: key('what is compared', oneOf('line', 'paragraph', 'document')),
        hash: key('by which hash', oneOf('xxh64', 'sha256', 'md5')),
      },
    },
    near: {
      about: 'MinHash and locality-sensitive hashing: what is alike in some band stays once.',
      formula: 'P(meet) = 1 - (1 - s^rows)^bands at similarity s',
      source: 'arXiv 2107.06499',
      keys: {
        shingle: key('words of a shingle', count),
        bands: key('bands of the signature', count),
        rows: key('hashes of a band', count),
      },
      facts: {
        threshold: {
          about: 'the similarity (1 / bands)^(1 / rows) at which documents begin to meet',
          value: (section) => (1 / numberOf(section, 'bands')) ** (1 / numberOf(section, 'rows')),
        },
      },
    },
  },
});

export const packKind = kindOf({
  name: 'pack',
  about: 'How documents become sequences.',
  constructors: {
    documents: {
      about: 'One behind the other, cut at the length of a sequence.',
      keys: {
        attend_across: key('whether a token sees the document before its own', flag),
        labels: key('whether the last token of a document is to predict the first of the next', oneOf('within', 'across')), // prettier-ignore
        chunk: key('read and tokenized at a time, cut at the end of a document', bytes, 'bytes'),
      },
    },
  },
});
