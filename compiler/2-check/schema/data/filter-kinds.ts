// Takes: nothing. Gives: filters of documents: what judges them, and which stay.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/data.model.
import type { Expr } from '../../../1-syntax/ast.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import type { KeepSpec } from '../../model.ts';
import { key, mismatch, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, orNone, positive, real, texts } from '../scalars.ts';
import { plainType } from '../train/plain.ts';
import { text } from '../train/values.ts';

const file = key('its file', text);

export const classifierKind = kindOf({
  name: 'classifier',
  about: 'What judges a document.',
  constructors: {
    fasttext: { about: 'A linear model over n-grams, p(label).', source: 'arXiv 1607.01759', keys: { file } },
    kenlm: { about: 'An n-gram model, `perplexity`.', source: 'arXiv 1911.00359', keys: { file } },
    classifier: { about: 'Any model that gives p.', keys: { file } },
  },
});

export const featuresKind = kindOf({
  name: 'features',
  about: 'What documents are compared by.',
  constructors: {
    hashed_ngram: {
      about: 'Counts of hashed n-grams, n and shorter.',
      source: 'arXiv 2302.03169',
      keys: { n: key('longest n-gram', count), buckets: key('how many counts', count) },
    },
  },
});

const expects = 'p("label") >= 0.5, perplexity <= 1000, random(p, alpha = 9) or importance';
const operators = ['<', '<=', '>', '>='] as const;
const judged = ['p', 'perplexity', 'length'] as const;

/** `p("en") >= 0.5` */
const keep: KeyType<KeepSpec> = {
  expects,
  words: ['p', 'perplexity', 'length', 'random', 'importance'],
  owns: () => true,
  read(slot) {
    const { value } = slot.draft;
    if (wordOf(value) === 'importance') return { kind: 'importance' };
    if (value?.kind === 'call' && wordOf(value.callee) === 'random') return random(value, slot);
    if (value?.kind !== 'binary') return mismatch(slot, expects);
    const operator = operators.find((each) => each === value.operator);
    const { left } = value;
    const callee = left.kind === 'call' ? left.callee : left;
    const of = judged.find((each) => each === wordOf(callee));
    if (operator === undefined || of === undefined) return mismatch(slot, expects);
    const { section, key } = slot;
    const bound = real.read({ draft: inlineDraft(value.right, section), section, key: `${key}: bound` });
    return { kind: 'threshold', of, label: left.kind === 'call' ? labelIn(left, slot) : null, operator, bound };
  },
};

type Call = Extract<Expr, { kind: 'call' }>;

function labelIn({ args }: Call, slot: Slot): string {
  const [label, more] = args;
  return label?.value.kind === 'string' && more === undefined ? label.value.value : mismatch(slot, expects);
}

function random({ args }: Call, slot: Slot): KeepSpec {
  const { section, key } = slot;
  const [of, alpha, more] = args;
  if (wordOf(of?.value ?? null) !== 'p' || alpha === undefined || more !== undefined) return mismatch(slot, expects);
  if (alpha.name !== null && alpha.name.text !== 'alpha') return mismatch(slot, expects);
  const value = positive.read({ draft: inlineDraft(alpha.value, section), section, key: `${key}: alpha` });
  return { kind: 'random', of: 'p', alpha: value };
}

export const filterKind = kindOf({
  name: 'filter',
  about: 'Which documents stay.',
  role: 'filter',
  constructors: {
    filter: {
      about: 'A model judges each document, or documents are drawn to be like a target.',
      keys: {
        model: key('what judges a document', orNone(plainType(classifierKind))),
        target: key('globs of what the documents are to be like', texts),
        features: key('what they are compared by', orNone(plainType(featuresKind))),
        keep: key('which stay', keep),
      },
    },
  },
});
