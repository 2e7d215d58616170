// Takes: nothing. Gives: the optimizers and the schedules of the learning rate.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/train.model.
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { fail, pathOf } from '../../evaluate/section.ts';
import { key, mismatch, type KeyType } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { atLeastZero, count, flag, listOf, oneOf, orNone, positive, rate, real, share } from '../scalars.ts';
import { plainType } from './plain.ts';
import { selector } from './selector.ts';
import { duration } from './values.ts';

/** `[0.9, 0.95]` */
function pairOf(type: KeyType<number>): KeyType<readonly [number, number]> {
  const expects = `two numbers, each ${type.expects}`;
  return {
    expects,
    read(slot) {
      const { draft, section, key } = slot;
      const { value } = draft;
      if (value?.kind !== 'list') return mismatch(slot, expects);
      const [first, second, more] = value.items.map((item, index) => type.read({ draft: inlineDraft(item, section), section, key: `${key}[${index}]` })); // prettier-ignore
      if (first !== undefined && second !== undefined && more === undefined) return [first, second];
      const args = { key: pathOf(section, key), expected: 'two numbers', found: `${value.items.length}` };
      return fail(section, 'wrong-type', value.span, args);
    },
  };
}

const shared = {
  params: key('parameters it steps; every parameter has exactly one optimizer', listOf(selector)),
  lr: key('peak learning rate', positive),
  weight_decay: key('rate of decoupled weight decay', atLeastZero),
  no_decay: key('parameters without weight decay', listOf(selector)),
};

export const muonScaleKind = kindOf({
  name: 'muon_scale',
  about: 'The size of an orthogonal update.',
  constructors: {
    rms: { about: 'As large as an update of Adam.', formula: 'value * sqrt(max(out, in))', source: 'arXiv 2502.16982', keys: { value: key('root mean square of the update', positive) } }, // prettier-ignore
    aspect: { about: 'Larger for tall matrices.', formula: 'sqrt(max(1, out / in))', keys: {} },
    spectral: { about: 'Of bounded spectral norm.', formula: 'sqrt(out / in)', source: 'arXiv 2310.17813', keys: {} },
    none: { about: 'As it is.', formula: '1', keys: {} },
  },
});

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
        ...shared,
        betas: key('decay of the first and the second moment', pairOf(rate)),
        eps: key('added to the root of the second moment', positive),
        amsgrad: key('whether the largest second moment so far is used (arXiv 1904.09237)', flag),
      },
    },
    sgd: {
      about: 'Gradient descent with momentum.',
      formula: 'm = momentum * m + g; w -= lr * m',
      keys: {
        ...shared,
        momentum: key('decay of the running sum of gradients', rate),
        nesterov: key('whether the step looks ahead: g + momentum * m', flag),
      },
    },
    muon: {
      about: 'Momentum whose matrix is made orthogonal, for matrices inside the layers.',
      formula: 'X = m / |m|; ns_steps times: X = a X + (b A + c A^2) X, A = X X^T; w -= lr * (scale * X + weight_decay * w)', // prettier-ignore
      source: 'https://kellerjordan.github.io/posts/muon, arXiv 2502.16982',
      keys: {
        ...shared,
        momentum: key('decay of the running mean of gradients', rate),
        nesterov: key('whether the step looks ahead', flag),
        ns_steps: key('iterations of Newton and Schulz', count),
        coefficients: key('of the iteration: one polynomial, or one per step (arXiv 2505.16932)', oneOf('quintic', 'polar_express')), // prettier-ignore
        scale: key('size of the update', plainType(muonScaleKind)),
      },
    },
    lion: {
      about: 'The sign of a running mean.',
      formula: 'w -= lr * (sign(b1 m + (1 - b1) g) + weight_decay * w); m = b2 m + (1 - b2) g',
      source: 'arXiv 2302.06675',
      keys: { ...shared, betas: key('of the step and of the running mean', pairOf(rate)) },
    },
    adafactor: {
      about: 'Second moments of rows and columns instead of elements.',
      formula: 'v = r c^T / mean(r); w -= lr * clip(g / sqrt(v))',
      source: 'arXiv 1804.04235',
      keys: {
        ...shared,
        decay: key('exponent d of the second moment, 1 - step^d', real),
        eps: key('added to the squared gradient; least size of a parameter', pairOf(positive)),
        clip: key('largest root mean square of an update', positive),
        momentum: key('decay of the first moment; none: there is none', orNone(rate)),
      },
    },
  },
});

const warmup = { warmup: key('linear warm-up', duration, 'steps') };
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
        decay: key('how long the decay at the end is', duration, 'steps'),
        shape: key('course of the decay', oneOf('linear', 'cosine', 'minus_sqrt', 'exponential')),
        ...floor,
      },
    },
    linear: { about: 'A straight line down to the floor.', formula: '1 - t', keys: { ...warmup, ...floor } },
    inv_sqrt: { about: 'Falls with the root of the step.', formula: 'sqrt(warmup / step)', source: 'arXiv 1706.03762', keys: warmup }, // prettier-ignore
    power: {
      about: 'Falls as a power of the step, whatever the length of the run.',
      formula: '(step / warmup) ^ exponent',
      source: 'arXiv 2408.13359',
      keys: { ...warmup, exponent: key('the power, below 0', real), ...floor },
    },
  },
});
