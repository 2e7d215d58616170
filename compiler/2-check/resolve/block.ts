// Takes: a block and its arguments, `main(local)`. Gives: its equations over mixers, ffns and norm instances.
// Promises: E8: every name is bound, every part applied to one input, the last equation is d_model wide.
import type { Span } from '../../../grammar/source.ts';
import type { Argument, Definition, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { plainDraft, type Draft } from '../draft/draft.ts';
import { exprNames, nearest } from '../draft/names.ts';
import { evaluate, unknownName } from '../evaluate/evaluate.ts';
import { fail, lookup, once, sectionOf, type Section } from '../evaluate/section.ts';
import type { BlockExpr, Equation, FfnSpec, MixerSpec, NormSpec } from '../model.ts';
import type { Slot } from '../schema/key-type.ts';
import { normKind } from '../schema/norm-kinds.ts';
import { buildOf } from '../schema/register.ts';
import { mixerSpec } from './mixers/mixer.ts';
import { ffnSpec } from './ffn.ts';
import { normSpec } from './norm.ts';

/** What a name of an equation stands for. */
type Meaning =
  | { readonly kind: 'value' }
  | { readonly kind: 'mixer'; readonly name: string; readonly spec: MixerSpec }
  | { readonly kind: 'ffn'; readonly name: string; readonly spec: FfnSpec }
  /** `instance` is set for `rms.mix`. */
  | { readonly kind: 'norm'; readonly name: string; readonly instance: string | null; readonly spec: NormSpec }
  | { readonly kind: 'number'; readonly value: number };

interface Scope {
  readonly block: string;
  readonly model: Section;
  readonly names: Map<string, Meaning>;
}

export interface BlockCall {
  readonly block: string;
  readonly args: readonly Argument[];
  readonly span: Span;
}

/** `main` or `b(moe, f)`. @throws Stop */
export function blockCall(expr: Expr, model: Section): BlockCall {
  if (expr.kind === 'group') return blockCall(expr.value, model);
  if (expr.kind === 'name') return { block: expr.name, args: [], span: expr.span };
  if (expr.kind === 'call' && expr.callee.kind === 'name') {
    return { block: expr.callee.name, args: expr.args, span: expr.span };
  }
  const message = `a block is a name with arguments, this is \`${printExpr(expr)}\``;
  return fail(model, 'stack-form', expr.span, { message });
}

/** `main(local)`: `named` gives what names of a cycle stand for. */
export function labelOf(call: BlockCall, named: ReadonlyMap<string, Expr>): string {
  if (call.args.length === 0) return call.block;
  const text = call.args.map(({ name, value }) => {
    const actual = value.kind === 'name' ? (named.get(value.name) ?? value) : value;
    return `${name === null ? '' : `${name.text} = `}${printExpr(actual)}`;
  });
  return `${call.block}(${text.join(', ')})`;
}

/** The equations of one call. @throws Stop */
export function expandBlock(call: BlockCall, named: ReadonlyMap<string, Expr>, model: Section): readonly Equation[] {
  const draft = blockDraft(call.block, call.span, model);
  if (draft.equations === null) return expandShortForm(draft, call, model);
  const { parameters, lines } = draft.equations;
  const scope: Scope = { block: call.block, model, names: new Map([['x', { kind: 'value' }]]) };
  bind(parameters, call, named, scope);
  const equations = lines.flatMap((line): Equation[] => {
    const [head] = line.heads;
    const name = head?.parts.map((part) => part.text).join('.') ?? '';
    if (line.value === null || line.heads.length !== 1 || line.block !== null || head?.parts.length !== 1) {
      return refuse(scope, line.span, 'block-expression', 'every line is `name = expression`');
    }
    const value = blockExpr(line.value, scope);
    scope.names.set(name, value.kind === 'number' ? { kind: 'number', value: value.value } : { kind: 'value' });
    return value.kind === 'number' ? [] : [{ name, value, span: line.span }];
  });
  checkOutput(lines, scope, call);
  return equations;
}

/** The last line is the output. */
function checkOutput(lines: readonly Definition[], scope: Scope, call: BlockCall): void {
  const last = lines.at(-1);
  if (last === undefined) return refuse(scope, call.span, 'block-output', 'it has no equation');
  const name = last.heads[0]?.parts[0]?.text ?? '';
  if (scope.names.get(name)?.kind === 'value') return;
  refuse(scope, last.span, 'block-output', `its output \`${name}\` is a number, not d_model wide`);
}

/** `block = pre_norm(attn, mlp)` */
function expandShortForm(draft: Draft, call: BlockCall, model: Section): readonly Equation[] {
  const { value } = draft;
  if (value === null || call.args.length > 0) {
    const message = value === null ? 'it has no equation' : 'it takes no arguments';
    return fail(model, 'block-arguments', call.span, { block: call.block, message });
  }
  const inner = blockCall(value, model);
  return once(model, `block:${call.block}`, draft.span, () => expandBlock(inner, new Map(), model));
}

/** A block of the model, else of std.wiring. */
function blockDraft(name: string, span: Span, model: Section): Draft {
  const own = model.body.keys.get(name);
  const { blocks } = model.world.prelude;
  const draft = own?.role === 'block' ? own : blocks.get(name);
  if (draft !== undefined) return draft;
  const known = [...blocks.keys(), ...[...model.body.keys].filter(([, { role }]) => role === 'block').map(([key]) => key)]; // prettier-ignore
  const near = nearest(name, known);
  const fix = near === null ? `blocks: ${known.join(', ')}` : `did you mean \`${near}\`?`;
  return fail(model, 'unknown-name', span, { name }, { fix });
}

/** Binds parameters to arguments, by name or by place; what is left takes the parameter's default. */
function bind(parameters: readonly Argument[], call: BlockCall, named: ReadonlyMap<string, Expr>, scope: Scope): void {
  const names = parameters.map((each) => each.name?.text ?? (each.value.kind === 'name' ? each.value.name : ''));
  const given = new Map<string, Expr>();
  for (const [index, arg] of call.args.entries()) {
    const name = arg.name?.text ?? names[index];
    if (name === undefined || !names.includes(name) || given.has(name)) {
      const takes = names.length === 0 ? 'nothing' : names.join(', ');
      refuse(scope, arg.span, 'block-arguments', `it takes ${takes}`);
    }
    given.set(name, arg.value.kind === 'name' ? (named.get(arg.value.name) ?? arg.value) : arg.value);
  }
  const outer: Scope = { ...scope, names: new Map() };
  for (const [index, { name, value }] of parameters.entries()) {
    const key = names[index] ?? '';
    const actual = given.get(key) ?? (name === null ? undefined : value);
    if (actual === undefined) refuse(scope, call.span, 'block-arguments', `it needs \`${key}\``);
    scope.names.set(key, meaning(actual, outer));
  }
}

function blockExpr(expr: Expr, scope: Scope): BlockExpr {
  const { span } = expr;
  switch (expr.kind) {
    case 'group':
      return blockExpr(expr.value, scope);
    case 'negate': {
      const value = blockExpr(expr.value, scope);
      if (value.kind === 'number') return { kind: 'number', value: -value.value, span };
      return { kind: 'arithmetic', operator: '-', left: { kind: 'number', value: 0, span }, right: value, span };
    }
    case 'binary':
      return arithmetic(expr, scope);
    case 'call':
      return application(expr, scope) ?? number(expr, scope);
    case 'name':
    case 'member': {
      const found = meaning(expr, scope);
      if (found.kind === 'value') return { kind: 'ref', name: printExpr(expr), span };
      if (found.kind === 'number') return { kind: 'number', value: found.value, span };
      return refuse(scope, span, 'block-expression', `\`${printExpr(expr)}\` is a ${found.kind}; apply it: \`${printExpr(expr)}(x)\``); // prettier-ignore
    }
    case 'number':
    case 'string':
    case 'index':
    case 'list':
    case 'construct':
      break;
  }
  return number(expr, scope);
}

function arithmetic(expr: Extract<Expr, { kind: 'binary' }>, scope: Scope): BlockExpr {
  const { operator, span } = expr;
  if (operator !== '+' && operator !== '-' && operator !== '*' && operator !== '/') return number(expr, scope);
  const [left, right] = [blockExpr(expr.left, scope), blockExpr(expr.right, scope)];
  if (left.kind !== 'number' || right.kind !== 'number') return { kind: 'arithmetic', operator, left, right, span };
  return number(expr, scope);
}

/** `attn(x)`, `rms.mix(x)`; null when the callee is a function of numbers. */
function application(expr: Extract<Expr, { kind: 'call' }>, scope: Scope): BlockExpr | null {
  const { callee, args, span } = expr;
  if (!names(callee, scope)) return null;
  const part = meaning(callee, scope);
  if (part.kind === 'value' || part.kind === 'number') {
    return refuse(scope, callee.span, 'block-expression', `\`${printExpr(callee)}\` is no mixer, ffn or norm`);
  }
  const [arg, more] = args;
  if (arg === undefined || more !== undefined || arg.name !== null) {
    return refuse(scope, span, 'block-expression', `\`${printExpr(callee)}\` takes one input`);
  }
  const input = blockExpr(arg.value, scope);
  if (!isTensor(input)) {
    return refuse(scope, arg.span, 'block-expression', `the input of \`${printExpr(callee)}\` is a number`);
  }
  if (part.kind === 'mixer') return { kind: 'mixer', name: part.name, spec: part.spec, input, span };
  if (part.kind === 'ffn') return { kind: 'ffn', name: part.name, spec: part.spec, input, span };
  const instance = part.instance === null ? part.name : `${part.name}.${part.instance}`;
  return { kind: 'norm', instance, spec: part.spec, input, span };
}

/** Whether a callee is something of this block or model, and not a function of numbers. */
function names(callee: Expr, scope: Scope): boolean {
  if (callee.kind === 'member') return names(callee.object, scope);
  return callee.kind === 'name' && (scope.names.has(callee.name) || lookup(scope.model, callee.name) !== null);
}

/** Whether a mixer, ffn or norm is applied somewhere in an expression. */
function appliesPart(expr: Expr, scope: Scope): boolean {
  if (expr.kind === 'group' || expr.kind === 'negate') return appliesPart(expr.value, scope);
  if (expr.kind === 'binary') return appliesPart(expr.left, scope) || appliesPart(expr.right, scope);
  return (
    expr.kind === 'call' && (names(expr.callee, scope) || expr.args.some(({ value }) => appliesPart(value, scope)))
  );
}

/** An expression of numbers alone, parameters of the block among them. */
function number(expr: Expr, scope: Scope): BlockExpr {
  if (appliesPart(expr, scope)) {
    const message = `\`${printExpr(expr)}\`: only + - * / apply to what a part gives`;
    return refuse(scope, expr.span, 'block-expression', message);
  }
  const used = exprNames(expr);
  const keys = new Map<string, Draft>();
  for (const [name, { kind, ...rest }] of scope.names) {
    if (!used.has(name)) continue;
    if (kind !== 'number') {
      return refuse(scope, expr.span, 'block-expression', `\`${printExpr(expr)}\`: only + - * / and parts apply to \`${name}\``); // prettier-ignore
    }
    const value = 'value' in rest ? rest.value : 0;
    keys.set(name, plainDraft({ kind: 'number', value, unit: null, text: String(value), span: expr.span }, expr.span));
  }
  const { model } = scope;
  const body = { keys, clauses: [] };
  const section = sectionOf({ path: scope.block, owner: 'block', parent: model, body, span: expr.span }, model.world);
  return { kind: 'number', value: evaluate(expr, section).value, span: expr.span };
}

/** What a name, or an argument of a block, stands for. */
function meaning(expr: Expr, scope: Scope): Meaning {
  const { model } = scope;
  if (expr.kind === 'group') return meaning(expr.value, scope);
  if (expr.kind === 'member' && names(expr, scope)) {
    const object = meaning(expr.object, scope);
    if (object.kind === 'norm' && object.instance === null) return { ...object, instance: expr.name.text };
    return { kind: 'number', value: evaluate(expr, model).value };
  }
  if (expr.kind === 'name') {
    const local = scope.names.get(expr.name);
    if (local !== undefined) return local;
    const found = lookup(model, expr.name);
    if (found?.draft.role === 'block') {
      return refuse(
        scope,
        expr.span,
        'block-expression',
        `\`${expr.name}\` is a block; blocks are called by the stack`,
      );
    }
    if (found !== null && (found.draft.role !== null || found.draft.body !== null)) return part(found);
    if (found === null && expr.name !== 'layer') return missingPart(expr, model);
  }
  if (expr.kind === 'call' && names(expr.callee, scope)) {
    const message = `\`${printExpr(expr)}\` is a value; arguments are names of parts, and numbers`;
    return refuse(scope, expr.span, 'block-arguments', message);
  }
  const value = number(expr, scope);
  return { kind: 'number', value: value.kind === 'number' ? value.value : NaN };
}

/** A mixer, ffn or norm template of the model. @throws Stop */
export function part(slot: Slot): Exclude<Meaning, { kind: 'value' | 'number' }> {
  const { draft, section, key } = slot;
  const remember = <T>(run: () => T): T => once(section, `spec:${key}`, draft.span, run);
  const { role } = draft;
  if (role === 'mixer') return { kind: 'mixer', name: key, spec: remember(() => mixerSpec(slot)) };
  if (role === 'ffn') return { kind: 'ffn', name: key, spec: remember(() => ffnSpec(slot)) };
  if (role === 'norm') return { kind: 'norm', name: key, instance: null, spec: remember(() => normTemplate(slot)) };
  const found = role === null ? 'a block without a role' : `${role} \`${key}\``;
  const fix = `write \`mixer ${key} = gqa { ... }\` or \`ffn ${key} = glu { ... }\``;
  return fail(section, 'wrong-type', draft.span, { key, expected: 'a mixer, an ffn or a norm', found }, { fix });
}

/** A name of an equation that nothing has; where a default asks for it (`block = pre_norm(attn, mlp)`), what to write. */
function missingPart(expr: Extract<Expr, { kind: 'name' }>, model: Section): never {
  if (!model.world.prelude.files.has(expr.span.file)) return unknownName(expr, model);
  const roles = new Map([...model.body.keys].reverse().map(([name, { role }]) => [role, name]));
  const [mixer, ffn] = [roles.get('mixer'), roles.get('ffn')];
  const form = expr.name === 'mlp' ? 'ffn mlp = glu { ... }' : `mixer ${expr.name} = gqa { ... }`;
  const other = mixer === undefined || ffn === undefined ? '' : `, or \`block = pre_norm(${mixer}, ${ffn})\``;
  return fail(
    model,
    'missing-key',
    expr.span,
    { key: expr.name, owner: 'model' },
    { fix: `write \`${form}\`${other}` },
  );
}

/** `norm rms = layer { }` would make `rms(...)` a layer norm: a template named after a constructor is that one. */
function normTemplate(slot: Slot): NormSpec {
  const made = buildOf(slot, normKind);
  const { key, section } = slot;
  if (key === made.constructor || !Object.hasOwn(normKind.constructors, key)) return normSpec(made);
  const expected = `a norm of kind ${key}, as its name says`;
  return fail(section, 'wrong-type', made.construct.span, { key, expected, found: made.constructor });
}

function isTensor(expr: BlockExpr): boolean {
  return expr.kind !== 'number';
}

function refuse(
  { block, model }: Scope,
  span: Span,
  code: 'block-output' | 'block-arguments' | 'block-expression',
  message: string,
): never {
  return fail(model, code, span, { block, message });
}
