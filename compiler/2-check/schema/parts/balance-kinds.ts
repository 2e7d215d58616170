// Takes: nothing. Gives: what keeps experts equally loaded: losses, a bias that only selects, limits of what each takes.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/experts.model.
import type { Expr } from '../../../1-syntax/ast.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { key, mismatch, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { buildOf, kindOf, type BuiltBy } from '../register.ts';
import { count, flag, oneOf, orNone, positive, tokens } from '../scalars.ts';

const coef = key('factor of the loss', positive);

export const balanceKind = kindOf({
  name: 'balance',
  about: 'A loss that is least when every expert gets as many tokens; several are added: `aux(...) + device(...)`.',
  constructors: {
    aux: {
      about: 'Share of tokens times mean score, per expert.',
      formula: 'coef * E * sum of f_e P_e; f_e = count_e / (T * top_k), P_e the mean of its scores over their sum',
      source: 'arXiv 2101.03961',
      keys: {
        coef,
        scope: key('tokens over which f and P are taken', oneOf('batch', 'sequence', 'global')),
        normalisation: key(
          '`switch`: f sums to 1; `hf`: f_e = count_e / T sums to top_k, f and P pooled over all layers',
          oneOf('switch', 'hf'),
        ),
      },
    },
    seq_aux: {
      about: 'The same within each sequence.',
      formula: 'coef * sum of f_e P_e; f_e = E / (T * top_k) * count_e',
      source: 'arXiv 2412.19437',
      keys: { coef },
    },
    device: {
      about: 'The same over groups of experts that share a device.',
      formula: 'coef * sum over devices of mean f * sum P',
      source: 'arXiv 2405.04434',
      keys: { coef, devices: key('devices the experts are spread over; divides `n`', count) },
    },
  },
});

export const selectBiasKind = kindOf({
  name: 'select_bias',
  about: 'A bias per expert, added to scores to select and not to combine.',
  constructors: {
    aux_free: {
      about: 'Moved after each step against the load, without a loss.',
      formula: 'b_e += rate * sign(mean load - load_e)',
      source: 'arXiv 2408.15664',
      keys: {
        rate: key('step of the bias', positive),
        center: key('whether the steps are re-centred to mean 0 (torchtitan)', flag),
        freeze_after: key('the bias stays as it is after so many tokens', orNone(tokens), 'tokens'),
      },
    },
  },
});

export const capacityKind = kindOf({
  name: 'capacity',
  about: 'How many tokens an expert takes at most; `none`: all of them.',
  constructors: {
    drop: {
      about: 'What is over the limit passes by on the residual.',
      formula: 'C = ceil(N / n * factor)',
      source: 'arXiv 2006.16668',
      keys: {
        factor: key('room over an equal share', positive),
        policy: key('which are kept: those with the largest scores, or the first', oneOf('probs', 'position')),
        per: key('whether N counts tokens or choices (tokens * top_k)', oneOf('token', 'choice')),
        inference: key('whether tokens are dropped outside training too', flag),
      },
    },
  },
});

const expects = 'none, aux(...), seq_aux(...), device(...), or a list or sum of them';

/** `aux(coef = 1e-2)`, `[aux(...), device(...)]`, `aux(...) + device(...)`; `none`: nothing. */
export const balances: KeyType<readonly BuiltBy<typeof balanceKind>[]> = {
  expects,
  words: ['none', ...Object.keys(balanceKind.constructors)],
  kind: 'balance',
  owns: (word) => word === 'none',
  read(slot) {
    const at = settle(slot, (word) => word === 'none' || Object.hasOwn(balanceKind.constructors, word));
    const { value, body } = at.draft;
    if (value === null) return mismatch(at, expects);
    if (body !== null) return [buildOf(at, balanceKind)];
    return terms(value).flatMap((expr) => term(expr, at));
  },
};

function terms(expr: Expr): readonly Expr[] {
  if (expr.kind === 'group') return terms(expr.value);
  if (expr.kind === 'list') return expr.items.flatMap(terms);
  if (expr.kind !== 'binary' || expr.operator !== '+') return [expr];
  return [...terms(expr.left), ...terms(expr.right)];
}

function term(expr: Expr, { section, key: name }: Slot): readonly BuiltBy<typeof balanceKind>[] {
  return wordOf(expr) === 'none'
    ? []
    : [buildOf({ draft: inlineDraft(expr, section), section, key: name }, balanceKind)];
}
