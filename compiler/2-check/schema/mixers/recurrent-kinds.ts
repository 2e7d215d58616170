// Takes: nothing. Gives: the constructors of recurrent mixers, and what stands in their keys.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/recurrent.model.
import { nearest } from '../../draft/names.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { fail, lookup, pathOf } from '../../evaluate/section.ts';
import { projections } from '../forms.ts';
import { key, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { norm, normKind } from '../norm-kinds.ts';
import { buildOf, kindOf, ownersOf, type BuiltBy } from '../register.ts';
import { atLeastZero, count, flag, oneOf, orNone, positive, real } from '../scalars.ts';
import { gateKind } from './attention-kinds.ts';
import { formula, range, start } from './forms.ts';

export const stepSizeKind = kindOf({
  name: 'dt',
  about: 'The step size of a state space.',
  constructors: {
    dt: {
      about: 'softplus(projection + bias), one per channel or head.',
      keys: {
        init: key('how the bias starts: softplus^-1 of it', start),
        floor: key('least step size at the start', atLeastZero),
        clamp: key('range it is clamped to after softplus', range),
      },
    },
  },
});

const outputKeys = {
  norm: key('the norm', norm),
  gate: key('activation of the gate z', oneOf('silu', 'sigmoid', 'none')),
  order: key('whether the gate stands before or after the norm', oneOf('gate_then_norm', 'norm_then_gate')),
};

export const outputNormKind = kindOf({
  name: 'output_norm',
  about:
    'A norm of what the mixer gives, with its gate: `rms.group(gate = silu)` is `group { norm = rms; gate = silu }`.',
  constructors: {
    full: { about: 'Over the whole width.', keys: outputKeys },
    group: { about: 'Over each group of heads; a weight per channel.', source: 'Mamba-2', keys: outputKeys },
    head: { about: 'Over each head, one weight [head_dim] for all.', source: 'Gated DeltaNet', keys: outputKeys },
  },
});

const overs = Object.keys(outputNormKind.constructors);

/** `rms.group(gate = silu)`: the norm template, then what it is over. */
const outputNorm: KeyType<BuiltBy<typeof outputNormKind> | null> = {
  expects: 'none, or a norm over `full`, `group` or `head`: rms.group(gate = silu)',
  kind: 'output_norm',
  words: ['none'],
  read(slot) {
    const at = settle(slot, (word) => word === 'none' || overs.includes(word) || isNorm(word, slot));
    const { section, draft } = at;
    const word = wordOf(draft.value);
    if (word === 'none' && draft.body === null) return null;
    if (word !== null && isNorm(word, at)) {
      const fix = overs.map((over) => `${word}.${over}`).join(', ');
      const expected = 'a norm with what it is over';
      const span = draft.value?.span ?? draft.span;
      return fail(
        section,
        'wrong-type',
        span,
        { key: pathOf(section, at.key), expected, found: `\`${word}\`` },
        { fix },
      );
    }
    return buildOf(unfolded(at), outputNormKind);
  },
};

function isNorm(word: string, { section }: Slot): boolean {
  return Object.hasOwn(normKind.constructors, word) || lookup(section, word)?.draft.role === 'norm';
}

/** `group(gate = silu, norm = rms)` */
function unfolded(slot: Slot): Slot {
  const { section, key: name, draft } = slot;
  const { value } = draft;
  const callee = value?.kind === 'call' ? value.callee : value;
  if (callee?.kind !== 'member') return slot;
  const { object, name: over, span } = callee;
  if (!overs.includes(over.text)) {
    const near = nearest(over.text, overs);
    const fix = near === null ? `there are ${overs.join(', ')}` : `did you mean \`${near}\`?`;
    const facts = { name: over.text, kind: 'output norm', key: pathOf(section, name) };
    return fail(section, 'unknown-constructor', over.span, facts, { fix });
  }
  const template = { name: { text: 'norm', span: object.span }, value: object, span: object.span };
  const args = value?.kind === 'call' ? value.args : [];
  const call = { kind: 'call', callee: { kind: 'name', name: over.text, span: over.span }, args: [...args, template], span } as const; // prettier-ignore
  return { section, key: name, draft: { ...inlineDraft(call, section), body: draft.body } };
}

export const l2Kind = kindOf({
  name: 'l2',
  about: 'Queries and keys scaled to length 1.',
  constructors: {
    l2norm: { about: 'x / sqrt(sum(x^2) + eps), per head.', keys: { eps: key('added under the root', positive) } },
  },
});

export const decayKind = kindOf({
  name: 'decay',
  about: 'How fast linear attention forgets.',
  constructors: {
    slope: {
      about: 'A fixed rate per head.',
      formula: 's_h = base^h * (1 - layer / (n_layers - 1)) where scaled by depth',
      source: 'arXiv 2401.04658',
      keys: {
        base: key('ratio of the rates of one head and the next', positive),
        depth_scaled: key('whether later layers forget less', flag),
      },
    },
  },
});

const ends = key('projections with a bias', projections('in', 'out'));
const convKeys = {
  conv: key('kernel of the causal convolution', count, 'tokens'),
  conv_bias: key('whether the convolution has a bias', flag),
};
const chunk = key('tokens computed at once in training', count, 'tokens');
const dt = key('step size', constructType(stepSizeKind, ownersOf));
const aInit = key('how A_log starts; A = -exp(A_log)', start);

export const mamba = {
  about: 'Selective state space: step size, input and output matrices depend on the token.',
  formula: 'h = exp(dt A) h + dt B u; y = C h + D u; out(y * silu(z))',
  source: 'arXiv 2312.00752',
  keys: {
    expand: key('inner width / d_model', positive),
    state: key('state per channel', count),
    ...convKeys,
    dt_rank: key('width of the projection to dt', count),
    dt,
    a_init: aInit,
    d_skip: key('how the skip D starts', start),
    inner_norm: key('norm of dt, B and C', orNone(norm)),
    bias: ends,
  },
};

export const mamba2 = {
  about: 'State space with one decay per head, computed in chunks as matrix products.',
  formula: 'h = exp(dt a) h + dt B x^T; y = C h + D x; out(norm(y * silu(z)))',
  source: 'arXiv 2405.21060',
  keys: {
    expand: key('inner width / d_model', positive),
    heads: key('heads; heads * head_dim is the inner width', count),
    head_dim: key('width of a head', count),
    state: key('state per channel', count),
    groups: key('groups of heads that share B and C; divides `heads`', count),
    ...convKeys,
    chunk,
    dt,
    a_init: aInit,
    d_skip: key('how the skip D starts', start),
    out: key('norm and gate of the output', outputNorm),
    bias: ends,
  },
};

const tensors = ['A_log', 'dt_bias', 'a', 'b'];
const functions = ['exp', 'softplus', 'sigmoid'];

export const gatedDelta = {
  about: 'Linear attention that writes by the delta rule and forgets by a gate.',
  formula: 'S = e^decay S; S += k (beta (v - S^T k))^T; o = S^T q',
  source: 'arXiv 2412.06464',
  keys: {
    k_heads: key('query and key heads; divides `v_heads`', count),
    v_heads: key('value heads', count),
    k_dim: key('width of a key head', count),
    v_dim: key('width of a value head', count),
    conv: convKeys.conv,
    chunk,
    qk: key('norm of queries and keys', orNone(constructType(l2Kind, ownersOf))),
    q_scale: key('factor on queries', real),
    decay: key('logarithm of the decay, per value head', formula(tensors, functions)),
    beta: key('strength of the write, per value head', formula(tensors, functions)),
    dt,
    a_init: aInit,
    out: key('norm and gate of the output', outputNorm),
    bias: key('projections with a bias', projections('q', 'k', 'v', 'z', 'a', 'b', 'out')),
  },
};

export const linear = {
  about: 'Linear attention with a fixed decay per head (lightning attention).',
  formula: 'S = e^-s S + k^T v; o = q S',
  source: 'arXiv 2501.08313',
  keys: {
    heads: key('heads', count),
    head_dim: key('width of a head', count),
    feature: key('activation of q, k and v', oneOf('silu', 'elu_plus_one', 'relu', 'identity')),
    decay: key('rate of forgetting', orNone(constructType(decayKind, ownersOf))),
    out_norm: key('norm over all heads', orNone(norm)),
    gate: key('gate on the heads', orNone(constructType(gateKind, ownersOf))),
    bias: key('projections with a bias', projections('q', 'k', 'v', 'o')),
  },
};

export const rwkv7 = {
  about: 'RWKV-7 time mix: a generalised delta rule with decay, rate and gates of low rank over a token shift.',
  formula: 'S = S diag(w) + S (-k)(k * a)^T + v k^T; o = S r',
  source: 'arXiv 2503.14456',
  keys: {
    head_dim: key('width of a head; divides d_model', count),
    decay_rank: key('rank of the decay', count),
    a_rank: key('rank of the in-context rate', count),
    v_rank: key('rank of the mix with the values of the first layer', count),
    g_rank: key('rank of the gate', count),
    out_eps: key('eps of the group norm of the output', positive),
    bias: key('projections with a bias', projections('r', 'k', 'v', 'o')),
  },
};

export const conv = {
  about: 'A short convolution between two gates.',
  formula: '[B, C, u] = in x; y = out(C * conv(B * u))',
  source: 'LFM2',
  keys: { width: key('inner width', count), ...convKeys, bias: ends },
};

export const rgLru = {
  about: 'Real-gated linear recurrent unit behind a convolution, beside a GELU branch.',
  formula: 'h = a h + sqrt(1 - a^2) (i * x); log a = -8 softplus(A_log) * r; out(h * gelu(y))',
  source: 'arXiv 2402.19427',
  keys: {
    width: key('inner width', count),
    heads: key('blocks of the gates; divides `width`', count),
    conv: convKeys.conv,
    a_init: key('how A_log starts', start),
    bias: key('projections with a bias', projections('x', 'y', 'out')),
  },
};
