// Takes: nothing. Gives: the tables of keys of train and generate blocks.
// Promises: as kinds.ts: every key has a type here, its default stands in specs/std.
import { evaluateDraft, inlineDraft } from '../evaluate/evaluate.ts';
import type { Quantity } from '../evaluate/quantity.ts';
import { fail, pathOf } from '../evaluate/section.ts';
import type { ParameterClass } from '../model.ts';
import { key, mismatch, settle, wordOf, type KeyType } from './key-type.ts';
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

const optimizerKeys = {
  params: key('parameters it steps; every parameter has exactly one optimizer', listOf(parameterClass)),
  lr: key('peak learning rate', positive),
  weight_decay: key('rate of decoupled weight decay', atLeastZero),
  no_decay: key('parameters without weight decay', listOf(parameterClass)),
};

export const optimizerKind = kindOf({
  name: 'optimizer',
  about: 'What turns gradients into steps.',
  role: 'optimizer',
  constructors: {
    adamw: {
      about: 'Adam with decoupled weight decay.',
      formula: 'w -= lr * (m / (sqrt(v) + eps) + weight_decay * w), m and v bias-corrected',
      source: 'arXiv 1711.05101',
      keys: {
        ...optimizerKeys,
        betas: key('decay of the first and the second moment', listOf(rate)),
        eps: key('added to the root of the second moment', positive),
        ...forms('amsgrad', 'decay'),
      },
    },
    sgd: {
      about: 'Gradient descent with momentum.',
      formula: 'm = momentum * m + g; w -= lr * m',
      keys: { ...optimizerKeys, momentum: key('decay of the running sum of gradients', rate), ...forms('nesterov') },
    },
  },
  unbuilt: ['muon', 'adam', 'lion', 'shampoo', 'soap', 'adafactor'],
});

const warmup = { warmup: key('linear warm-up', stepsOrShare, 'steps') };
const floor = { floor: key('final learning rate as a share of lr', share) };
export const scheduleKind = kindOf({
  name: 'schedule',
  about: 'The learning rate over training.',
  constructors: {
    constant: { about: 'Stays at lr after the warm-up.', keys: warmup },
    cosine: {
      about: 'Half a cosine down to the floor.',
      formula: '(1 + cos(pi t)) / 2',
      keys: { ...warmup, ...floor },
    },
    wsd: {
      about: 'Warm-up, stable, decay.',
      source: 'arXiv 2404.06395',
      keys: {
        ...warmup,
        decay: key('how long the decay at the end is', stepsOrShare, 'steps'),
        shape: key('course of the decay', oneOf('linear', 'cosine', 'minus_sqrt', 'exponential')),
        ...floor,
      },
    },
  },
  unbuilt: ['inv_sqrt', 'power', 'linear'],
});

const clipKind = kindOf({
  name: 'clip',
  about: 'Bounds on the gradient.',
  constructors: {
    clip: {
      about: 'The gradient is scaled down to a norm.',
      keys: { norm: key('largest global norm', orNone(positive)), ...forms('value') },
    },
  },
  unbuilt: [],
});

const validationKind = kindOf({
  name: 'validation',
  about: 'Loss on data that is not trained on.',
  constructors: {
    validation: {
      about: 'A part of the data is held out.',
      keys: {
        fraction: key('share of the data that is held out', rate),
        every: key('between validations', count, 'steps'),
        batches: key('batches per validation', count),
        ...forms('data'),
      },
    },
  },
  unbuilt: [],
});

const dropoutKind = kindOf({
  name: 'dropout',
  about: 'Elements dropped in training.',
  constructors: {
    dropout: {
      about: 'A rate for each place.',
      source: 'arXiv 1207.0580',
      keys: {
        embed: key('of the embedding', rate),
        residual: key('of what a mixer or ffn adds', rate),
        attention: key('of attention weights', rate),
      },
    },
  },
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
  about: 'A training run.',
  constructors: {
    train: {
      about: 'What is trained on what, how long, and how.',
      keys: {
        data: key('files to train on', data),
        tokenizer: key('how text becomes tokens', built(['bytes'], ['bpe', 'tiktoken', 'sentencepiece', 'unigram'])),
        batch: key('sequences per step', batch),
        accumulate: key('micro-batches a step is cut into; divides `batch`', count),
        seq: key('length of a training sequence', count, 'tokens'),
        steps: key('optimizer steps', count, 'steps'),
        seed: key('of initial weights, batches and dropout', natural),
        schedule: key('learning rate over training', constructType(scheduleKind, ownersOf)),
        clip: key('bound on the gradient', constructType(clipKind, ownersOf)),
        dropout: key('elements dropped in training', dropout),
        validation: key('loss on held-out data', constructType(validationKind, ownersOf)),
        save_every: key('between checkpoints; the end always saves', count, 'steps'),
        ...forms('tokens', 'from', 'teacher', 'precision', 'reward', 'init', 'params', 'ema', 'skip', 'epochs', 'pack', 'quant', 'lora', 'mup'), // prettier-ignore
      },
    },
  },
  unbuilt: [],
});

const sampleKind = kindOf({
  name: 'sample',
  about: 'How the next token is drawn.',
  constructors: {
    sample: {
      about: 'From the softmax of the logits, cut at its tail.',
      keys: {
        temperature: key('divides the logits; 0 takes the likeliest token', atLeastZero),
        top_k: key('keep the k likeliest', orNone(count)),
        top_p: key('keep the smallest set with this probability', orNone(share)),
        min_p: key('keep those with at least this share of the likeliest', orNone(share)),
        ...forms('repetition_penalty', 'typical_p', 'seed'),
      },
    },
  },
  unbuilt: [],
});

export const generateKind = kindOf({
  name: 'generate',
  about: 'How a model generates.',
  constructors: {
    generate: {
      about: 'Sampling with a cache.',
      keys: {
        sample: key('how the next token is drawn', constructType(sampleKind, ownersOf)),
        max_tokens: key('longest answer', count, 'tokens'),
        stop: key('texts that end it', texts),
        ...forms('cache', 'quant', 'speculate', 'unmask', 'attn', 'template', 'beam', 'grammar'),
      },
    },
  },
  unbuilt: [],
});

/** `ce(ignore = 0)`: labels that do not count. */
export const ignoreLabel = natural;
