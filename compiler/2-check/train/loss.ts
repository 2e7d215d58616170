// Takes: `ce(ignore = 0) + 1e-4 * z_loss`. Gives: the loss of a train block.
// Promises: terms of the language page that are not built are named; cross-entropy is there exactly once.
import type { Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { nearest } from '../draft/names.ts';
import { evaluate, inlineDraft } from '../evaluate/evaluate.ts';
import { fail, pathOf } from '../evaluate/section.ts';
import type { TrainSpec } from '../model.ts';
import { callOf, settle, wordOf, type Slot } from '../schema/key-type.ts';
import { ignoreLabel } from '../schema/train-kinds.ts';

const later = ['mtp', 'balance', 'kd', 'masked_diffusion', 'contrastive', 'grpo', 'dpo', 'router_z_loss', 'mse'];

interface Term {
  readonly coefficient: number;
  readonly expr: Expr;
}

/** @throws Stop */
export function readLoss(slot: Slot): TrainSpec['loss'] {
  const at = settle(slot, () => true);
  const { section } = at;
  const { value } = at.draft;
  const refuse = (expected: string): never =>
    fail(section, 'wrong-type', value?.span ?? at.draft.span, { key: pathOf(section, 'loss'), expected, found: value === null ? 'a block' : `\`${printExpr(value)}\`` }); // prettier-ignore
  if (value === null) return refuse('a sum of losses');
  let [ignore, zLoss, entropies]: [number | null, number, number] = [null, 0, 0];
  for (const { coefficient, expr } of terms(value, at)) {
    const name = callOf(expr)?.callee ?? '';
    if (name === 'z_loss' && wordOf(expr) !== null) zLoss += coefficient;
    else if (name === 'ce') {
      entropies += coefficient;
      ignore = readIgnore(expr, at);
    } else return unknownLoss(expr, name, at);
  }
  if (entropies !== 1) return refuse('`ce` once, plus other losses');
  if (zLoss < 0) return refuse('losses with coefficients of at least 0');
  return { ignore, zLoss };
}

function terms(expr: Expr, slot: Slot): Term[] {
  if (expr.kind === 'group') return terms(expr.value, slot);
  if (expr.kind === 'binary' && expr.operator === '+') return [...terms(expr.left, slot), ...terms(expr.right, slot)];
  if (expr.kind === 'binary' && expr.operator === '*') {
    const isLoss = (side: Expr): boolean => ['ce', 'z_loss', ...later].includes(callOf(side)?.callee ?? '');
    const [factor, loss] = isLoss(expr.left) ? [expr.right, expr.left] : [expr.left, expr.right];
    return [{ coefficient: evaluate(factor, slot.section).value, expr: loss }];
  }
  return [{ coefficient: 1, expr }];
}

/** `ce(ignore = 0)` */
function readIgnore(expr: Expr, { section }: Slot): number | null {
  if (expr.kind !== 'call') return null;
  let ignore: number | null = null;
  for (const { name, value, span } of expr.args) {
    if (name?.text === 'mask') return fail(section, 'todo-loss', span, { name: 'ce(mask = ...)' });
    if (name !== null && name.text !== 'ignore') {
      return fail(section, 'wrong-arguments', span, { callee: 'ce', message: 'it takes ignore' });
    }
    const word = wordOf(value);
    if (word === 'none') continue;
    if (word !== null)
      return fail(section, 'todo-value', span, { key: 'loss: ce(ignore)', value: `the token \`${word}\`` });
    ignore = ignoreLabel.read({ draft: inlineDraft(value, section), section, key: 'loss: ignore' });
  }
  return ignore;
}

function unknownLoss(expr: Expr, name: string, { section }: Slot): never {
  if (later.includes(name)) return fail(section, 'todo-loss', expr.span, { name });
  const near = nearest(name, ['ce', 'z_loss', ...later]);
  const fix = near === null ? 'losses: ce, z_loss' : `did you mean \`${near}\`?`;
  return fail(section, 'unknown-name', expr.span, { name: printExpr(expr) }, { fix });
}
