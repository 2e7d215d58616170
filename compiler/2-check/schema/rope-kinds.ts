// Takes: nothing. Gives: the constructors of rotary positions and of their scaling.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std.
import type { Section } from '../evaluate/section.ts';
import { key } from './key-type.ts';
import { constructType } from './kind.ts';
import { kindOf, ownersOf } from './register.ts';
import { count, flag, listOf, maybe, oneOf, orNone, positive } from './scalars.ts';

const factor = key('how many times longer than `original` the context is', positive);
const original = key('context the model was trained with', maybe(count), 'tokens');

export const scalingKind = kindOf({
  name: 'scaling',
  about: 'How the frequencies of rope are changed for a context longer than the trained one.',
  constructors: {
    linear: {
      about: 'Position interpolation: every frequency is divided.',
      formula: 'inv / factor',
      source: 'arXiv 2306.15595',
      keys: { factor },
    },
    dynamic: {
      about:
        'theta grows with the length that a run is made for (NTK): the length of its sequences, or of its cache when it generates.',
      formula: 'theta * (factor n / original - (factor - 1))^(dim / (dim - 2)) for runs of n > original',
      source: 'transformers, modeling_rope_utils.py',
      keys: { factor, original },
    },
    longrope: {
      about:
        'A factor for each pair of dims: of one list for runs up to the original context, of another for longer ones. A run is as long as its sequences, or as its cache when it generates.',
      formula: 'inv / list[j]; cos, sin * attention_factor',
      source: 'arXiv 2402.13753',
      keys: {
        factor,
        original,
        short: key('factors up to the original context, one per pair', listOf(positive)),
        long: key('factors beyond it', listOf(positive)),
        attention_factor: key('factor on cos and sin; none: sqrt(1 + ln(factor) / ln(original))', orNone(positive)),
      },
    },
    llama3: {
      about: 'Long waves are divided, short ones kept, a linear blend between.',
      formula: 'wave > original / low: inv / factor; wave < original / high: inv',
      source: 'Llama 3.1',
      keys: {
        factor,
        low: key('original / low is the wavelength above which a frequency is divided', positive),
        high: key('original / high is the wavelength below which it is kept', positive),
        original,
      },
    },
    yarn: {
      about: 'Frequencies that turn often are kept, slow ones divided; cos and sin are scaled.',
      formula: 'inv / factor * ramp + inv * (1 - ramp); cos, sin * m(factor), m(s) = 0.1 ln(s) + 1',
      source: 'arXiv 2309.00071',
      keys: {
        factor,
        original,
        beta_fast: key('turns over `original` above which a frequency is kept', positive),
        beta_slow: key('turns below which it is divided', positive),
        truncate: key('whether the ends of the ramp are rounded to whole dims', flag),
        attention_factor: key('factor on cos and sin; none: m(mscale) / m(mscale_all_dim)', orNone(positive)),
        mscale: key('weight in m(s, mscale) = 0.1 mscale ln(s) + 1', orNone(positive)),
        mscale_all_dim: key('the same for the denominator', orNone(positive)),
      },
    },
  },
});

const scaling = orNone(constructType(scalingKind, ownersOf));

function mscale(section: Section): number {
  const draft = section.body.keys.get('scaling');
  const made = draft === undefined ? null : scaling.read({ draft, section, key: 'scaling' });
  if (made?.constructor !== 'yarn') return 1;
  const weight = made.keys.mscale_all_dim ?? 0;
  return 0.1 * weight * Math.log(made.keys.factor) + 1;
}

export const ropeKind = kindOf({
  name: 'rope',
  about: 'Rotary positions.',
  constructors: {
    rope: {
      about: 'Pairs of dims of queries and keys are rotated by position * theta^(-2j / dim).',
      formula: '[x1 cos - x2 sin, x2 cos + x1 sin]',
      source: 'arXiv 2104.09864',
      keys: {
        partial: key('share of head_dim that rotates', positive),
        dim: key('leading dims of a head that rotate', count),
        theta: key('base of the wavelengths', positive),
        pairing: key('dims that form a pair: j with j + dim/2, or 2j with 2j + 1', oneOf('half', 'interleaved')),
        scaling: key('change for longer contexts', scaling),
      },
      facts: {
        mscale: {
          about: '0.1 mscale_all_dim ln(factor) + 1 with yarn, else 1: DeepSeek scales scores by its square',
          value: mscale,
        },
      },
    },
  },
});
