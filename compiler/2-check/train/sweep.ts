// Takes: a sweep block and the model it is about. Gives: it, resolved.
// Promises: each axis is a key of the model or of its train blocks; a law has inputs and coefficients.
import type { ClauseItem, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { nearest } from '../draft/names.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { attempt, fail, sectionOf, Stop, type Section } from '../evaluate/section.ts';
import type { SweepAxis, SweepBlock } from '../model.ts';
import { sweepKind } from '../schema/data/sweep-kind.ts';
import { readKeys, wordOf } from '../schema/key-type.ts';
import { ownersOf } from '../schema/register.ts';
import { formulaNames } from '../schema/train/formula.ts';
import { pathText } from '../schema/train/selector.ts';
import { trainKind } from '../schema/train/train-kind.ts';
import type { BlockOf } from './applied.ts';

/** `model`: of the model it is about. @throws Stop */
export function sweepBlock({ name, body, span }: BlockOf, model: Section, modelName: string): SweepBlock {
  const section = sectionOf({ path: '', owner: 'sweep sweep', parent: model, body, span }, model.world);
  const keys = attempt(() => readKeys(sweepKind.constructors.sweep.keys, section, ownersOf));
  const axes = body.clauses.map((clause) => attempt(() => axisOf(clause, section, model)));
  if (keys === null || axes.includes(null)) throw new Stop(name);
  if (axes.length === 0) fail(section, 'missing-key', span, { key: 'budget in [...]', owner: `sweep ${name}` });
  const fit = keys.fit === null ? null : fitOf(section, keys.fit.loss);
  return { name, model: modelName, axes: axes.filter((each) => each !== null), fit, span };
}

const inputs = ['N', 'D', 'C'];

function fitOf(section: Section, law: NonNullable<SweepBlock['fit']>['law']): SweepBlock['fit'] {
  const names = formulaNames(law);
  const used = names.filter((each) => inputs.includes(each));
  const coefficients = names.filter((each) => !inputs.includes(each));
  const span = section.body.keys.get('fit')?.body?.keys.get('loss')?.span ?? section.span;
  const needed = used.length === 0 ? 'N, D or C' : coefficients.length === 0 ? 'a coefficient' : null;
  if (needed !== null) fail(section, 'missing-key', span, { key: needed, owner: 'the law of fit' });
  return { of: 'loss', law, inputs: used, coefficients };
}

/** `budget in [10M, 30M, 100M]` */
function axisOf({ keyword, args, span }: ClauseItem, section: Section, model: Section): SweepAxis {
  const [expr] = args;
  if (keyword !== 'in' || expr?.kind !== 'binary' || expr.right.kind !== 'list') {
    return fail(section, 'unknown-key', span, { key: keyword, owner: 'sweep' });
  }
  const key = pathText(expr.left) ?? printExpr(expr.left);
  const [first = ''] = key.split('.');
  const known = [...model.body.keys.keys(), ...Object.keys(trainKind.constructors.train.keys), 'optimizer', 'train'];
  if (!known.includes(first)) {
    const near = nearest(first, known);
    const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
    fail(section, 'unknown-name', expr.left.span, { name: key }, extra);
  }
  const value = (each: Expr): number | string => (each.kind === 'string' ? each.value : (plainWord(each, section) ?? evaluate(each, section).value)); // prettier-ignore
  return { key, values: expr.right.items.map(value), span };
}

/** A word that is no number of the model: `cosine`. */
function plainWord(expr: Expr, section: Section): string | null {
  const word = wordOf(expr);
  if (word === null) return null;
  return attempt(() => evaluate(expr, { ...section, world: { ...section.world, report: () => {} } })) === null ? word : null; // prettier-ignore
}
