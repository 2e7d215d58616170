// Takes: the value of a name in a map: `"model.layers.{layer}.x.weight"`, `transpose(split("...", 1, of = 3))`.
// Gives: the tensor's name with its placeholders, and the steps in the order of reading.
// Promises: the innermost step comes first; anything else is a fault of E13.
import type { Argument, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import type { Draft } from '../draft/draft.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { fail, type Section } from '../evaluate/section.ts';

/** What `{expert}` or `{head}` in a name counts. */
export type Stacked = 'expert' | 'head';

/** A step as it is written; what depends on shapes is found later. */
export type WrittenStep =
  | { readonly kind: 'transpose' }
  | { readonly kind: 'permute_rope' }
  | {
      readonly kind: 'deinterleave';
      readonly parts: number;
      readonly per: 'row' | 'head' | { readonly blocks: number };
    }
  | { readonly kind: 'ungroup' }
  | { readonly kind: 'add'; readonly value: number }
  | { readonly kind: 'split'; readonly part: number; readonly parts: number }
  | { readonly kind: 'squeeze'; readonly dim: number }
  | { readonly kind: 'stack'; readonly over: Stacked };

export interface WrittenEntry {
  readonly template: string;
  readonly steps: readonly WrittenStep[];
  readonly draft: Draft;
}

export interface MapContext {
  /** `hf` */
  readonly map: string;
  readonly section: Section;
}

const stacked: readonly Stacked[] = ['expert', 'head'];
const placeholders: ReadonlySet<string> = new Set(['layer', ...stacked]);

/** @throws Stop */
export function entryOf(key: string, draft: Draft, context: MapContext): WrittenEntry {
  const { value } = draft;
  const steps: WrittenStep[] = [];
  let at: Expr | null = draft.body === null ? value : null;
  while (at?.kind === 'call' || at?.kind === 'group') {
    if (at.kind === 'group') {
      at = at.value;
      continue;
    }
    const [tensor, ...args] = at.args;
    if (tensor === undefined) return refuse(`\`${printExpr(at)}\` needs the name of a tensor`, at, context);
    steps.unshift(stepOf(at, args, context));
    at = tensor.value;
  }
  if (at?.kind !== 'string') {
    const found = at === null ? 'a block' : `\`${printExpr(at)}\``;
    return refuse(`\`${key}\` must be the name of a tensor, perhaps in steps such as transpose("..."), but this is ${found}`, at ?? draft, context); // prettier-ignore
  }
  const names = [...at.value.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name);
  const wrong = names.find((name) => !placeholders.has(name));
  if (wrong !== undefined)
    refuse(`\`{${wrong}}\` stands for nothing; there are {layer}, {expert} and {head}`, at, context);
  return { template: at.value, steps: overStacks(key, steps, names, at, context), draft };
}

/** A stack is over what its name counts. */
function overStacks(
  key: string,
  steps: readonly WrittenStep[],
  names: readonly string[],
  at: Expr,
  context: MapContext,
): WrittenStep[] {
  const over = stacked.filter((each) => names.includes(each));
  const [first] = over;
  const stacks = steps.filter(({ kind }) => kind === 'stack').length;
  if (stacks === 0 && first !== undefined) refuse(`\`${key}\`: {${first}} stands in stack(...) only`, at, context);
  if (stacks > 0 && first === undefined) refuse(`\`${key}\`: stack(...) needs {expert} or {head} in the name`, at, context); // prettier-ignore
  if (stacks > 1 || over.length > 1) refuse(`\`${key}\`: a tensor is stacked once, over experts or over heads`, at, context); // prettier-ignore
  return steps.map((step) => (step.kind === 'stack' && first !== undefined ? { kind: 'stack', over: first } : step));
}

type Call = Extract<Expr, { kind: 'call' }>;
type StepRule = (args: readonly Argument[], call: Call, context: MapContext) => WrittenStep;

const rules: Readonly<Record<string, StepRule>> = {
  transpose: (args, call, context) => plain({ kind: 'transpose' }, args, call, context),
  permute_rope: (args, call, context) => plain({ kind: 'permute_rope' }, args, call, context),
  ungroup: (args, call, context) => plain({ kind: 'ungroup' }, args, call, context),
  stack: (args, call, context) => plain({ kind: 'stack', over: 'expert' }, args, call, context),
  add: (args, call, context) => ({ kind: 'add', value: numberAt(args, 'value', 0, call, context) }),
  squeeze: (args, call, context) => ({ kind: 'squeeze', dim: numberAt(args, 'dim', 0, call, context) }),
  split(args, call, context) {
    const [part, parts] = [numberAt(args, 'part', 0, call, context), numberAt(args, 'of', 1, call, context)];
    if (part >= 1 && part <= parts) return { kind: 'split', part: part - 1, parts };
    return refuse(`\`${printExpr(call)}\`: part ${part} is none of 1 to ${parts}`, call, context);
  },
  deinterleave(args, call, context) {
    const parts = numberAt(args, 'parts', 0, call, context);
    if (args.some(({ name }) => name?.text === 'blocks')) {
      return { kind: 'deinterleave', parts, per: { blocks: numberAt(args, 'blocks', 1, call, context) } };
    }
    const per = argumentAt(args, 'per', 1);
    const word = per?.kind === 'name' ? per.name : 'row';
    if (word === 'row' || word === 'head') return { kind: 'deinterleave', parts, per: word };
    return refuse(`\`${printExpr(call)}\`: per is row or head`, call, context);
  },
};

export const weightSteps: readonly string[] = Object.keys(rules);

function stepOf(call: Call, args: readonly Argument[], context: MapContext): WrittenStep {
  const rule = call.callee.kind === 'name' && Object.hasOwn(rules, call.callee.name) ? rules[call.callee.name] : undefined; // prettier-ignore
  if (rule !== undefined) return rule(args, call, context);
  return refuse(`there is no step \`${printExpr(call.callee)}\`; there are ${weightSteps.join(', ')}`, call, context);
}

function plain(step: WrittenStep, args: readonly Argument[], call: Call, context: MapContext): WrittenStep {
  const [more] = args;
  if (more === undefined || (step.kind === 'stack' && more.value.kind === 'name' && placeholders.has(more.value.name))) return step; // prettier-ignore
  return refuse(`\`${printExpr(call)}\`: it takes the name of a tensor and nothing else`, call, context);
}

/** Behind the tensor, by name or by place. */
function argumentAt(args: readonly Argument[], name: string, index: number): Expr | undefined {
  return (args.find((arg) => arg.name?.text === name) ?? args.filter((arg) => arg.name === null)[index])?.value;
}

function numberAt(args: readonly Argument[], name: string, index: number, call: Call, context: MapContext): number {
  const expr = argumentAt(args, name, index);
  if (expr === undefined) return refuse(`\`${printExpr(call)}\` needs \`${name}\``, call, context);
  const { value } = evaluate(expr, context.section);
  if (name === 'value' || (Number.isInteger(value) && value >= (name === 'dim' ? 0 : 1))) return value;
  return refuse(`\`${printExpr(call)}\`: ${name} = ${value} is no whole number above 0`, call, context);
}

function refuse(message: string, { span }: { readonly span: Expr['span'] }, { map, section }: MapContext): never {
  return fail(section, 'weight-map', span, { map, message });
}
