// Takes: the names a formula may use. Gives: the type of a key that holds one: `1 / t`, `E + A / N ^ a`.
// Promises: what holds none of these names is a number.
import type { Expr } from '../../../1-syntax/ast.ts';
import { nearest } from '../../draft/names.ts';
import { evaluate } from '../../evaluate/evaluate.ts';
import { fail, pathOf, type Section } from '../../evaluate/section.ts';
import type { Formula } from '../../model.ts';
import { mismatch, wordOf, type KeyType } from '../key-type.ts';

/** `names` null: any name. */
export function formulaOf(names: readonly string[] | null): KeyType<Formula> {
  const over = names === null ? 'a formula' : `a formula over ${names.join(', ')}`;
  return {
    expects: over,
    ...(names === null ? {} : { words: names }),
    owns: (word) => names === null || names.includes(word),
    read(slot) {
      const { draft, section, key } = slot;
      if (draft.value === null || draft.body !== null) return mismatch(slot, over);
      return readFormula(draft.value, { names, section, key, expects: over });
    },
  };
}

interface Place {
  readonly names: readonly string[] | null;
  readonly section: Section;
  readonly key: string;
  readonly expects: string;
}

const operators = ['+', '-', '*', '/', '^'] as const;
const functions = ['log', 'exp', 'sqrt'] as const;

function readFormula(expr: Expr, place: Place): Formula {
  const { names, section, key, expects } = place;
  if (expr.kind === 'group') return readFormula(expr.value, place);
  if (expr.kind === 'number') return { kind: 'number', value: evaluate(expr, section).value };
  if (expr.kind === 'negate') return { kind: 'negate', value: readFormula(expr.value, place) };
  if (expr.kind === 'name') {
    if (names === null || names.includes(expr.name)) return { kind: 'name', name: expr.name };
    const near = nearest(expr.name, names);
    const fix = near === null ? `it may use ${names.join(', ')}` : `did you mean \`${near}\`?`;
    return fail(section, 'unknown-name', expr.span, { name: expr.name }, { fix });
  }
  if (expr.kind === 'binary') {
    const operator = operators.find((each) => each === expr.operator);
    if (operator !== undefined) {
      return { kind: 'binary', operator, left: readFormula(expr.left, place), right: readFormula(expr.right, place) };
    }
  }
  if (expr.kind === 'call') {
    const name = functions.find((each) => each === wordOf(expr.callee));
    const [arg, more] = expr.args;
    if (name !== undefined && arg !== undefined && more === undefined) {
      return { kind: 'call', name, value: readFormula(arg.value, place) };
    }
  }
  const found = 'something else';
  return fail(section, 'wrong-type', expr.span, { key: pathOf(section, key), expected: expects, found });
}

/** Names in the order in which they first stand. */
export function formulaNames(formula: Formula): readonly string[] {
  const inner = (each: Formula): readonly string[] => {
    if (each.kind === 'name') return [each.name];
    if (each.kind === 'binary') return [...inner(each.left), ...inner(each.right)];
    return each.kind === 'number' ? [] : inner(each.value);
  };
  return [...new Set(inner(formula))];
}
