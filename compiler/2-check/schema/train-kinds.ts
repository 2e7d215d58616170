// Takes: nothing. Gives: the tables of keys of train and generate blocks.
// Promises: as kinds.ts: every key has a type here, its default stands in specs/std.
import { evaluateDraft, inlineDraft } from '../evaluate/evaluate.ts';
import type { Quantity } from '../evaluate/quantity.ts';
import { fail, pathOf } from '../evaluate/section.ts';
import type { ParameterClass } from '../model.ts';
import { mismatch, settle, wordOf, type KeyType } from './key-type.ts';
import { constructType } from './kind.ts';
import { forms, kindOf, ownersOf } from './register.ts';
import { atLeastZero, built, count, listOf, natural, oneOf, orNone, positive, rate, share, texts } from './scalars.ts'; // prettier-ignore

/** A number of steps, or a percentage of all of them. */
export const stepsOrShare: KeyType<Quantity> = {
  expects: 'a number of steps or a percentage',
  read(slot) {
    const { draft, section, key } = slot;
    if (draft.value === null || draft.value.kind === 'string' || draft.body !== null) {
      return mismatch(slot, 'a number of steps or a percentage');
    }
    const found = evaluateDraft(draft, section, key);
    const { value, measure } = found;
    if (measure === 'token') {
      return fail(section, 'todo-value', draft.value.span, { key: pathOf(section, key), value: 'a number of tokens' });
    }
    if (value >= 0 && (measure !== 'percent' || value <= 1)) return found;
    const range = measure === 'percent' ? 'from 0% to 100%' : 'at least 0';
    const shown = measure === 'percent' ? value * 100 : value;
    return fail(section, 'out-of-range', draft.value.span, { key: pathOf(section, key), value: shown, range });
  },
};

const classes = ['all', 'rest', 'matrix', 'vector', 'embed', 'head'] as const;

/** `[vector, embed]`; a part of the model (`ssm.A_log`) is not built yet. */
const parameterClass: KeyType<ParameterClass> = {
  expects: `one of ${classes.join(', ')}`,
  read(slot) {
    const { draft, section, key } = slot;
    const word = wordOf(draft.value);
    const found = classes.find((each) => each === word);
    if (found !== undefined && draft.body === null) return found;
    if (draft.value?.kind === 'member' || (word !== null && section.world.usedNames.has(word) && isPart(word, slot))) {
      const value = 'a part of the model';
      return fail(section, 'todo-value', draft.value?.span ?? draft.span, { key: pathOf(section, key), value });
    }
    return mismatch(slot, `one of ${classes.join(', ')}`);
  },
};

function isPart(word: string, { section }: Parameters<typeof parameterClass.read>[0]): boolean {
  for (let at: typeof section | null = section; at !== null; at = at.parent) {
    if (at.body.keys.get(word)?.role != null) return true;
  }
  return false;
}

const optimizerKeys = { params: listOf(parameterClass), lr: positive, weight_decay: atLeastZero, no_decay: listOf(parameterClass) }; // prettier-ignore

export const optimizerKind = kindOf({
  name: 'optimizer',
  role: 'optimizer',
  constructors: {
    adamw: { ...optimizerKeys, betas: listOf(rate), eps: positive, ...forms('amsgrad', 'decay') },
    sgd: { ...optimizerKeys, momentum: rate, ...forms('nesterov') },
  },
  unbuilt: ['muon', 'adam', 'lion', 'shampoo', 'soap', 'adafactor'],
});

const warmup = { warmup: stepsOrShare };
export const scheduleKind = kindOf({
  name: 'schedule',
  constructors: {
    constant: warmup,
    cosine: { ...warmup, floor: share },
    wsd: { ...warmup, decay: stepsOrShare, shape: oneOf('linear', 'cosine', 'minus_sqrt', 'exponential'), floor: share }, // prettier-ignore
  },
  unbuilt: ['inv_sqrt', 'power', 'linear'],
});

const clipKind = kindOf({
  name: 'clip',
  constructors: { clip: { norm: orNone(positive), ...forms('value') } },
  unbuilt: [],
});

const validationKind = kindOf({
  name: 'validation',
  constructors: { validation: { fraction: rate, every: count, batches: count, ...forms('data') } },
  unbuilt: [],
});

const dropoutKind = kindOf({
  name: 'dropout',
  constructors: { dropout: { embed: rate, residual: rate, attention: rate } },
  unbuilt: [],
});

interface Dropout {
  readonly embed: number;
  readonly residual: number;
  readonly attention: number;
}

/** One number for all places, or a number for each. */
const dropout: KeyType<Dropout> = {
  expects: 'a number from 0 to below 1, or { embed, residual, attention }',
  kind: 'dropout',
  read(slot) {
    const { draft } = slot;
    if (draft.body === null) {
      const value = rate.read(slot);
      return { embed: value, residual: value, attention: value };
    }
    const all = draft.value === null ? 0 : rate.read({ ...slot, draft: { ...draft, body: null } });
    const parts = constructType(dropoutKind, ownersOf).read({ ...slot, draft: { ...draft, value: null } }).keys;
    const own = (place: 'embed' | 'residual' | 'attention'): number =>
      draft.body?.keys.has(place) ? parts[place] : all;
    return { embed: own('embed'), residual: own('residual'), attention: own('attention') };
  },
};

/** `text("src/*.ts", "docs/*.md")`: globs, relative to the file. */
const data: KeyType<readonly string[]> = {
  expects: 'text("glob", ...)',
  read(slot) {
    const at = settle(slot, () => true);
    const { value } = at.draft;
    const { section, key } = slot;
    if (wordOf(value) === 'none') return [];
    if (value?.kind === 'string') return [value.value];
    if (value?.kind === 'call' && wordOf(value.callee) === 'text') {
      return value.args.map((arg) => {
        if (arg.value.kind === 'string' && arg.name === null) return arg.value.value;
        return mismatch({ draft: inlineDraft(arg.value, section), section, key }, 'text("glob", ...)');
      });
    }
    const name = value?.kind === 'call' ? wordOf(value.callee) : wordOf(value);
    if (value === null || name === null) return mismatch(at, 'text("glob", ...)');
    return fail(section, 'todo-value', value.span, { key: pathOf(section, key), value: name });
  },
};

/** Counted in sequences; in tokens (`2Mtok`) and ramps are not built yet. */
const batch: KeyType<number> = {
  expects: 'a number of sequences',
  read(slot) {
    const { draft, section, key } = slot;
    const { value } = draft;
    const isRamp = value?.kind === 'call' && wordOf(value.callee) === 'ramp';
    const inTokens = !isRamp && value?.kind === 'number' && value.unit?.endsWith('tok');
    if (value === null || (!isRamp && !inTokens)) return count.read(slot);
    const text = isRamp ? 'ramp(...)' : 'a number of tokens';
    return fail(section, 'todo-value', value.span, { key: pathOf(section, key), value: text });
  },
};

export const trainKind = kindOf({
  name: 'train',
  constructors: {
    train: {
      data,
      tokenizer: built(['bytes'], ['bpe', 'tiktoken', 'sentencepiece', 'unigram']),
      batch,
      accumulate: count,
      seq: count,
      steps: count,
      seed: natural,
      schedule: constructType(scheduleKind, ownersOf),
      clip: constructType(clipKind, ownersOf),
      dropout,
      validation: constructType(validationKind, ownersOf),
      save_every: count,
      ...forms('tokens', 'from', 'teacher', 'precision', 'reward', 'init', 'params', 'ema', 'skip', 'epochs', 'pack', 'quant', 'lora', 'mup'), // prettier-ignore
    },
  },
  unbuilt: [],
});

const sampleKind = kindOf({
  name: 'sample',
  constructors: {
    sample: {
      temperature: atLeastZero,
      top_k: orNone(count),
      top_p: orNone(share),
      min_p: orNone(share),
      ...forms('repetition_penalty', 'typical_p', 'seed'),
    },
  },
  unbuilt: [],
});

export const generateKind = kindOf({
  name: 'generate',
  constructors: {
    generate: {
      sample: constructType(sampleKind, ownersOf),
      max_tokens: count,
      stop: texts,
      ...forms('cache', 'quant', 'speculate', 'unmask', 'attn', 'template', 'beam', 'grammar'),
    },
  },
  unbuilt: [],
});

/** `ce(ignore = 0)`: labels that do not count. */
export const ignoreLabel = natural;
