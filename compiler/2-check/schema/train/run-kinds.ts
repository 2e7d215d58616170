// Takes: nothing. Gives: the smaller blocks of a training run: bounds, validation, dropout, averages, what is trained.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/train.model.
import type { TeacherSpec } from '../../model.ts';
import { key, wordOf, type KeyType } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { initKind } from '../parts/init-kind.ts';
import { kindOf, ownersOf } from '../register.ts';
import { count, listOf, orNone, positive, rate } from '../scalars.ts';
import { plainType } from './plain.ts';
import { selector } from './selector.ts';
import { bytes, dataSource, text, textOrName } from './values.ts';

export const clipKind = kindOf({
  name: 'clip',
  about: 'Bounds on the gradient.',
  constructors: {
    clip: {
      about: 'The gradient is scaled down to a norm, or cut element by element.',
      keys: { norm: key('largest global norm', orNone(positive)), value: key('largest element', orNone(positive)) },
    },
  },
});

export const validationKind = kindOf({
  name: 'validation',
  about: 'Loss on data that is not trained on.',
  constructors: {
    validation: {
      about: 'A part of the data is held out, or other data is given.',
      keys: {
        fraction: key('share of the data that is held out', rate),
        every: key('between validations', count, 'steps'),
        batches: key('batches per validation', count),
        data: key('other data to validate on; none: what is held out', orNone(dataSource)),
      },
    },
  },
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
});

export interface Dropout {
  readonly embed: number;
  readonly residual: number;
  readonly attention: number;
}

/** One number for all places, or a number for each. */
export const dropout: KeyType<Dropout> = {
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

export const recomputeKind = kindOf({
  name: 'recompute',
  about: 'What the backward pass computes again, so that it need not be kept. No number of the run changes.',
  constructors: {
    none: { about: 'Nothing: the fastest step, the most memory.', keys: {} },
    blocks: {
      about: 'Each layer, from its input: a forward pass more for each step.',
      source: 'arXiv 1604.06174',
      keys: {},
    },
    auto: {
      about:
        'As few layers, from the first on, as it takes for all that the run holds in memory to stay within a limit.',
      keys: { limit: key('most memory of the run: `10GiB`', bytes, 'bytes') },
    },
  },
});

export const mupKind = kindOf({
  name: 'mup',
  about: 'Learning rates and starts that carry over from a narrow model to a wide one.',
  constructors: {
    mup: {
      about:
        'With m = d_model / base: matrices take lr / m and std / sqrt(m), logits are divided by m, scores by head_dim.',
      formula: 'm = d_model / base',
      source: 'arXiv 2203.03466',
      keys: { base: key('width at which the learning rate was found', count) },
    },
  },
});

export const emaKind = kindOf({
  name: 'ema',
  about: 'A running mean of the parameters.',
  constructors: {
    ema: {
      about: 'Kept beside the parameters, and saved with them.',
      formula: 'e = decay * e + (1 - decay) * w',
      keys: { decay: key('of the mean', rate), every: key('between updates', count, 'steps') },
    },
  },
});

export const skipKind = kindOf({
  name: 'skip',
  about: 'Which steps are not taken.',
  constructors: {
    outlier: {
      about: 'Steps whose loss or gradient norm lies far above those before it.',
      formula: 'x > mean + sigmas * std',
      source: 'arXiv 2501.00656',
      keys: {
        sigmas: key('deviations above the mean', positive),
        window: key('steps the mean is over', count, 'steps'),
      },
    },
  },
});

export const loraKind = kindOf({
  name: 'lora',
  about: 'Small maps beside frozen ones.',
  constructors: {
    lora: {
      about: 'Only these are trained.',
      formula: 'W x + alpha / rank * B A x',
      source: 'arXiv 2106.09685',
      keys: {
        rank: key('inner width', count),
        alpha: key('factor, divided by the rank', positive),
        dropout: key('of their input', rate),
        targets: key('maps that get one', listOf(selector)),
      },
    },
  },
});

const teacherKind = kindOf({
  name: 'teacher',
  about: 'A model whose outputs are learned, or whose parameters are copied.',
  constructors: {
    hf: { about: 'Of the Hugging Face hub.', keys: { id: key('its name there: "Qwen/Qwen3-8B"', text) } },
    checkpoint: { about: 'A checkpoint of an earlier run.', keys: { path: key('its path', text) } },
  },
});

/** `hf("...")`, `checkpoint("...")`, or a model of the file. */
export const teacher: KeyType<TeacherSpec> = {
  ...plainType(teacherKind),
  expects: 'hf("..."), checkpoint("..."), or a model of this file',
  owns: () => true,
  read(slot) {
    const name = wordOf(slot.draft.value);
    if (name !== null && slot.section.world.models.has(name)) return { kind: 'model', name };
    return plainType(teacherKind).read(slot);
  },
};

export const rewardKind = kindOf({
  name: 'reward',
  about: 'What says how good an answer is.',
  constructors: {
    verifier: { about: 'A program that checks answers.', keys: { name: key('which one: "math", "code"', text) } },
    reward_model: { about: 'A model that scores answers.', source: 'arXiv 2203.02155', keys: { from: key('its checkpoint, or its name', textOrName) } }, // prettier-ignore
    pairs: { about: 'The data holds answers that were preferred, and those that were not.', keys: {} },
  },
});

export const startKind = kindOf({
  name: 'start',
  about: 'How a part starts in this run.',
  constructors: {
    copy: initKind.constructors.copy,
    fresh: { about: 'As the model says.', keys: {} },
  },
});
