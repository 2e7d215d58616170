// Takes: the loss of a run. Gives: the lines of the method `loss`.
// Promises: the loss of modelc: cross-entropy of aligned labels, plus z_loss times the square of log sum exp.
import type { TrainSpec } from '../../../2-check/model.ts';
import { float } from '../python/python.ts';

export function lossLines({ ignore, zLoss }: TrainSpec['loss']): string[] {
  const ignored = ignore === null ? '' : `, ignore_index=${ignore}`;
  const doc = '"""Of aligned labels [batch, seq]; `sum` leaves the division by their number to the caller."""';
  const signature = 'def loss(self, tokens: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:';
  const logits = 'logits = self(tokens).float().flatten(0, 1)  # [batch * seq, vocab]';
  const entropy = `F.cross_entropy(logits, labels.flatten().long()${ignored}, reduction=reduction)`;
  if (zLoss === 0) return [signature, `    ${doc}`, `    ${logits}`, `    return ${entropy}`];
  const counted = ignore === null ? [] : [`    square = square[labels.flatten() != ${ignore}]`];
  return [
    signature,
    `    ${doc}`,
    `    ${logits}`,
    `    entropy = ${entropy}`,
    '    square = logits.logsumexp(dim=-1).square()',
    ...counted,
    `    return entropy + ${float(zLoss)} * (square.mean() if reduction == "mean" else square.sum())`,
  ];
}
