// Takes: nothing. Gives: the type of keys that name an activation: words, and constructors of those with parameters.
// Promises: as kinds.ts; defaults stand in specs/std/ffn.model.
import type { Activation, PlainActivation } from '../../model.ts';
import { callOf, key, mismatch, settle, type KeyType } from '../key-type.ts';
import { buildOf, kindOf } from '../register.ts';
import { oneOf, positive, real } from '../scalars.ts';

const plain = oneOf('silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'relu2', 'sigmoid', 'tanh', 'identity') satisfies KeyType<PlainActivation>; // prettier-ignore

export const activationKind = kindOf({
  name: 'activation',
  about: 'An activation with parameters; those without are words: silu, gelu, ...',
  constructors: {
    xielu: {
      about: 'A parabola above 0, an exponential below, whose curvatures are learned.',
      formula:
        'x > 0: p x^2 + beta x; else n (exp(min(x, eps)) - 1 - x) + beta x; p = softplus(alpha_p), n = beta + softplus(alpha_n)',
      source: 'arXiv 2411.13010',
      keys: {
        alpha_p: key('p at the start', positive),
        alpha_n: key('n at the start, above beta', positive),
        beta: key('slope at 0', real),
        eps: key('largest x whose exponential is taken', real),
      },
    },
  },
});

const words = [...(plain.words ?? []), ...Object.keys(activationKind.constructors)];
const expects = `one of ${words.join(', ')}`;
const owns = (word: string): boolean => words.includes(word);

/** `silu`; `xielu`, `xielu { beta = 0.5 }`. */
export const activation: KeyType<Activation> = {
  expects,
  words,
  owns,
  kind: activationKind.name,
  read(slot) {
    const at = settle(slot, owns);
    const name = callOf(at.draft.value)?.callee ?? '';
    if (!owns(name)) return mismatch(slot, expects, words);
    if (!Object.hasOwn(activationKind.constructors, name)) return plain.read(slot);
    const { constructor, keys } = buildOf(slot, activationKind);
    return { kind: constructor, alphaP: keys.alpha_p, alphaN: keys.alpha_n, beta: keys.beta, eps: keys.eps };
  },
};
