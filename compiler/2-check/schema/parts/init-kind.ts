// Takes: nothing. Gives: the schemes by which parameters start.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/model.model.
import type { Expr } from '../../../1-syntax/ast.ts';
import { key, mismatch, type KeyType } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { atLeastZero, positive, real } from '../scalars.ts';

const std = key('standard deviation', atLeastZero);

/** `"run/checkpoint"`, or a name: `teacher`. */
const source: KeyType<string> = {
  expects: 'the path of a checkpoint, or a name',
  owns: () => true,
  read(slot) {
    const { value } = slot.draft;
    if (value?.kind === 'string') return value.value;
    return value?.kind === 'name' ? value.name : mismatch(slot, 'the path of a checkpoint, or a name');
  },
};

/** `dense`, `moe.expert`: a part of the other model, which has names of its own. */
const partPath: KeyType<string> = {
  expects: 'the name of a part',
  owns: () => true,
  read: (slot) => pathIn(slot.draft.value) ?? mismatch(slot, 'the name of a part'),
};

function pathIn(expr: Expr | null): string | null {
  if (expr?.kind === 'name') return expr.name;
  const object = expr?.kind === 'member' ? pathIn(expr.object) : null;
  return expr?.kind === 'member' && object !== null ? `${object}.${expr.name.text}` : null;
}

export const initKind = kindOf({
  name: 'init',
  about: 'How the elements of a parameter start.',
  constructors: {
    normal: { about: 'Normal around 0.', formula: 'N(0, std^2)', keys: { std } },
    trunc_normal: {
      about: 'Normal around 0, redrawn outside `cut` standard deviations.',
      formula: 'N(0, std^2), |x| <= cut * std',
      keys: { std, cut: key('standard deviations that are kept', positive) },
    },
    uniform: {
      about: 'Uniform around 0.',
      formula: 'U(-bound, bound)',
      keys: { bound: key('largest value', atLeastZero) },
    },
    fan_in: {
      about: 'Normal around 0, by how many numbers each output sums: outputs are as large as inputs.',
      formula: 'N(0, gain^2 / in)',
      source: 'arXiv 1502.01852',
      keys: { gain: key('factor on the standard deviation', atLeastZero) },
    },
    constant: { about: 'One value.', formula: 'value', keys: { value: key('the value', real) } },
    zeros: { about: 'All 0.', formula: '0', keys: {} },
    ones: { about: 'All 1.', formula: '1', keys: {} },
    copy: {
      about: 'As a part of another model ends: upcycling, distillation.',
      formula: 'from.part + N(0, noise^2)',
      source: 'arXiv 2212.05055',
      keys: {
        from: key('a checkpoint, or the name of a model', source),
        part: key('the part there, whose parameters have the same names', partPath),
        noise: key('standard deviation of what is added', atLeastZero),
      },
    },
  },
});
