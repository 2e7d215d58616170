// Takes: an expression and the section it stands in. Gives: the number it means there.
// Promises: names are evaluated when asked for, so overrides reach everything derived; a fault is reported and stops.
import type { Expr, Name } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import type { Draft } from '../draft/draft.ts';
import { draftOf } from '../draft/from-items.ts';
import { nearest } from '../draft/names.ts';
import { isNoneElsewhere } from '../draft/other-names.ts';
import { callNumber, isNumberFunction, numberFunctions } from './functions.ts';
import { combine, isArithmetic, quantity, show, type Quantity } from './quantity.ts';
import {
  fail,
  isCurrent,
  lookup,
  member,
  once,
  pathOf,
  Stop,
  stopIfWithheld,
  visibleNames,
  type Section,
} from './section.ts';
import { solve } from './solve.ts';

type NameExpr = Extract<Expr, { kind: 'name' }>;
type MemberExpr = Extract<Expr, { kind: 'member' }>;
type CallExpr = Extract<Expr, { kind: 'call' }>;
type BinaryExpr = Extract<Expr, { kind: 'binary' }>;

/** Counts of a model: `Atlas.params`. */
const countFacts = { params: 'total', active_params: 'active', mtp_params: 'mtp' } as const;
type CountFact = keyof typeof countFacts;

function isCountFact(fact: string): fact is CountFact {
  return Object.hasOwn(countFacts, fact);
}

const names: Readonly<Record<string, number>> = { inf: Infinity, pi: Math.PI };

/** @throws Stop */
export function evaluate(expr: Expr, section: Section): Quantity {
  switch (expr.kind) {
    case 'number':
      return quantity(expr.value, expr.unit);
    case 'group':
      return evaluate(expr.value, section);
    case 'negate': {
      const { value, measure } = evaluate(expr.value, section);
      return { value: -value, measure };
    }
    case 'name':
      return evaluateName(expr, section);
    case 'member':
      return evaluateMember(expr, section);
    case 'binary':
      return evaluateBinary(expr, section);
    case 'call':
      return evaluateCall(expr, section);
    case 'index':
      return evaluate(pickItem(expr, section), section);
    case 'string':
    case 'list':
    case 'construct':
      break;
  }
  return fail(section, 'wrong-type', expr.span, { key: printExpr(expr), expected: 'a number', found: describe(expr) });
}

/** The number that a key holds. @throws Stop */
export function evaluateDraft(draft: Draft, section: Section, key: string): Quantity {
  // Only a section's own key may be remembered under its name.
  const own = section.body.keys.get(key) === draft;
  const run = (): Quantity => {
    const { value, together, body } = draft;
    const tried = section.parent === null ? section.world.overrides.get(key) : undefined;
    if (tried !== undefined) return quantity(tried);
    if (together !== null) return solvePart(draft, section, together.indexOf(key));
    const isNumber = value !== null && value.kind !== 'string' && value.kind !== 'list' && value.kind !== 'construct';
    if (!isNumber || body !== null) {
      const found = value === null ? 'a block' : body === null ? describe(value) : `\`${printExpr(value)} { ... }\``;
      const span = value?.span ?? draft.span;
      return fail(section, 'wrong-type', span, { key: pathOf(section, key), expected: 'a number', found });
    }
    return evaluate(value, section);
  };
  return own ? once(section, `number:${key}`, draft.span, run) : run();
}

function evaluateName(expr: NameExpr, section: Section): Quantity {
  const { state } = section.world;
  if (expr.name === 'layer' && state.layer !== null) {
    state.usesLayer = true;
    return quantity(state.layer);
  }
  const first = lookup(section, expr.name);
  // `theta = theta`: the right side is the outer one.
  const outer = first !== null && isCurrent(first.section, expr.name) ? first.section.parent : null;
  const found = outer === null ? first : (lookup(outer, expr.name) ?? first);
  if (found !== null) return evaluateDraft(found.draft, found.section, expr.name);
  const known = names[expr.name];
  if (known !== undefined) return quantity(known);
  return unknownName(expr, section);
}

/** @throws Stop */
export function unknownName(expr: NameExpr, section: Section): never {
  // A default derives from a key that the model does not have.
  if (section.world.prelude.files.has(expr.span.file) && expr.name !== 'layer') {
    stopIfWithheld(section, expr.name);
    return fail(section, 'missing-key', expr.span, { key: expr.name, owner: 'model' });
  }
  if (expr.name === 'layer') {
    const message = '`layer` has a value only inside the parts of a layer (mixers, ffns, blocks, init)';
    return fail(section, 'wrong-arguments', expr.span, { callee: 'layer', message });
  }
  const known = [...visibleNames(section), ...section.world.models.names()];
  const near = isNoneElsewhere(expr.name) ? 'none' : nearest(expr.name, known);
  const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
  return fail(section, 'unknown-name', expr.span, { name: expr.name }, extra);
}

function evaluateMember(expr: MemberExpr, section: Section): Quantity {
  const { object, name } = expr;
  const { models } = section.world;
  if (object.kind === 'name' && models.has(object.name) && lookup(section, object.name) === null) {
    return modelFact(expr, object.name, name, section);
  }
  if (object.kind === 'call' && object.callee.kind === 'name' && object.callee.name === 'diff') {
    return difference(object, name, section);
  }
  const inner = sectionAt(object, section);
  const draft = member(inner, name.text);
  if (draft === undefined) {
    const fact = inner.world.fact(inner, name.text);
    if (fact !== null) return quantity(fact);
    const near = nearest(name.text, inner.body.keys.keys());
    const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
    return fail(section, 'unknown-name', name.span, { name: printExpr(expr) }, extra);
  }
  return evaluateDraft(draft, inner, name.text);
}

/** `Atlas.params`, `Atlas.d_model`; `expr` is what asks. */
function modelFact(expr: Expr, model: string, name: Name, section: Section): Quantity {
  const { models } = section.world;
  const fact = name.text;
  if (isCountFact(fact)) return quantity(sizeOf(model, fact, expr, section));
  const other = models.section(model);
  const draft = other === null ? undefined : member(other, fact);
  if (other && draft) return evaluateDraft(draft, other, fact);
  const facts = Object.keys(countFacts);
  const near = nearest(fact, [...facts, ...(other?.body.keys.keys() ?? [])]);
  const fix = near === null ? `a model has ${facts.join(', ')} and its keys` : `did you mean \`${near}\`?`;
  return fail(section, 'unknown-name', name.span, { name: printExpr(expr) }, { fix });
}

/** @throws Stop, silently when the model has faults: those were reported. */
function sizeOf(model: string, fact: CountFact, expr: Expr, section: Section): number {
  const { models } = section.world;
  if (models.isOpen(model)) fail(section, 'cycle', expr.span, { path: [model, printExpr(expr), model] });
  const count = models.parameters(model);
  if (count === null) throw new Stop(model);
  return count[countFacts[fact]];
}

/** `diff(A, B).params` = parameters of B - parameters of A; of any number that both have. */
function difference(call: CallExpr, fact: Name, section: Section): Quantity {
  const values = call.args.map(({ value }) => {
    if (value.kind !== 'name' || !section.world.models.has(value.name)) {
      return fail(section, 'unknown-model', value.span, { name: printExpr(value) });
    }
    return modelFact({ kind: 'member', object: value, name: fact, span: value.span }, value.name, fact, section);
  });
  const [a, b, more] = values;
  if (a === undefined || b === undefined || more !== undefined) {
    return fail(section, 'wrong-arguments', call.span, { callee: 'diff', message: 'it takes two models' });
  }
  return { value: b.value - a.value, measure: b.measure };
}

/** The section `attn` or `attn.rope` names. @throws Stop */
function sectionAt(expr: Expr, section: Section): Section {
  const outer = expr.kind === 'member' ? sectionAt(expr.object, section) : section;
  const key = expr.kind === 'member' ? expr.name.text : expr.kind === 'name' ? expr.name : null;
  if (key === null) {
    return fail(section, 'wrong-type', expr.span, { key: printExpr(expr), expected: 'a name', found: describe(expr) });
  }
  const draft = member(outer, key);
  const found =
    expr.kind === 'name' ? lookup(section, key) : draft === undefined ? null : { draft, section: outer, key };
  if (found !== null) return found.section.world.open(found);
  // `Atlas.attn.heads`
  const model = expr.kind === 'name' ? section.world.models.section(key) : null;
  return model ?? fail(section, 'unknown-name', expr.span, { name: printExpr(expr) });
}

function evaluateBinary(expr: BinaryExpr, section: Section): Quantity {
  const { operator } = expr;
  if (!isArithmetic(operator)) {
    const what = operator === '..' ? 'a range' : 'a condition';
    const found = `${what}, \`${printExpr(expr)}\``;
    return fail(section, 'wrong-type', expr.span, { key: printExpr(expr), expected: 'a number', found });
  }
  const [left, right] = [evaluate(expr.left, section), evaluate(expr.right, section)];
  const result = combine(operator, left, right);
  return result ?? fail(section, 'wrong-unit', expr.span, { left: show(left), operator, right: show(right) });
}

function evaluateCall(expr: CallExpr, section: Section): Quantity {
  const name = expr.callee.kind === 'name' ? expr.callee.name : printExpr(expr.callee);
  if (name === 'solve') {
    const message = 'write `d_model, n_layers = solve(...)`: it gives two numbers';
    return fail(section, 'wrong-arguments', expr.span, { callee: 'solve', message });
  }
  if (isNumberFunction(name)) return callNumber(name, expr, section, evaluate);
  const near = nearest(name, numberFunctions);
  const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
  return fail(section, 'unknown-name', expr.callee.span, { name }, extra);
}

/** The item of `cycle [a, b]` in this layer, or of `list[index]`. @throws Stop */
export function pickItem(expr: Extract<Expr, { kind: 'index' }>, section: Section): Expr {
  const { object, args, span } = expr;
  if (object.kind === 'name' && object.name === 'cycle') {
    const layer = evaluateName({ kind: 'name', name: 'layer', span: object.span }, section).value;
    const item = args[layer % args.length];
    return item?.value ?? fail(section, 'wrong-arguments', span, { callee: 'cycle', message: 'it is empty' });
  }
  const list = object.kind === 'name' ? lookup(section, object.name)?.draft.value : undefined;
  const [index, more] = args;
  if (list?.kind !== 'list' || index === undefined || more !== undefined) {
    const found = list === undefined || list === null ? 'no list' : describe(list);
    return fail(section, 'wrong-type', span, { key: printExpr(expr), expected: 'a list with one index', found });
  }
  const { value } = evaluate(index.value, section);
  const range = `one of the items 0..${list.items.length - 1}`;
  return list.items[value] ?? fail(section, 'out-of-range', index.span, { key: printExpr(index.value), value, range });
}

function solvePart(draft: Draft, section: Section, part: number): Quantity {
  const { value, together } = draft;
  const isSolve = value?.kind === 'call' && value.callee.kind === 'name' && value.callee.name === 'solve';
  if (!isSolve || together?.join() !== 'd_model,n_layers') {
    const message = 'several names are set together only as `d_model, n_layers = solve(...)`';
    return fail(section, 'wrong-arguments', draft.span, { callee: together?.join(', ') ?? '', message });
  }
  const alone = together.find((name) => section.body.keys.get(name)?.value !== value);
  if (alone !== undefined) {
    const message = `${alone} is set by itself, so ${together.filter((name) => name !== alone).join()} must be too`;
    return fail(section, 'wrong-arguments', draft.span, { callee: 'solve', message });
  }
  const sizes = once(section, 'number:d_model, n_layers', draft.span, () => solve(value, section, evaluate));
  return quantity(sizes[part] ?? 0);
}

/** What an expression is, for a person. */
export function describe(expr: Expr): string {
  if (expr.kind === 'number') return `the number ${expr.text}`;
  if (expr.kind === 'string') return `the text "${expr.value}"`;
  return expr.kind === 'list' ? 'a list' : `\`${printExpr(expr)}\``;
}

/** An expression found inside another, as a draft of its own. */
export function inlineDraft(value: Expr, section: Section): Draft {
  return draftOf(value, value.span, section.world.report);
}
