// Takes: multi-token prediction, resolved, and the name of its block. Gives: its canonical tree.
// Promises: what is printed checks back to the same spec.
import type { MtpSpec } from '../model.ts';
import { piecewiseText } from '../schema/piecewise.ts';
import { branch, normTree, type Tree } from './tree.ts';

export function mtpTree({ depth, input, state, norm, share, lossWeight }: MtpSpec, block: string): Tree {
  return branch('mtp', {
    depth,
    input: `concat(${input.map(inputText).join(', ')})`,
    state,
    block,
    norm: norm === null ? null : normTree(norm),
    share: share.length === 0 ? null : `[${share.join(', ')}]`,
    loss_weight: piecewiseText(lossWeight),
  });
}

function inputText({ from, instance }: MtpSpec['input'][number]): string {
  const source = from === 'embed' ? 'embed(next)' : from;
  return instance === null ? source : `${instance}(${source})`;
}
