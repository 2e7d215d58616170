// Takes: the optimizers of a train block. Gives: them, resolved.
// Promises: E12: every parameter that is trained has exactly one optimizer, every optimizer has parameters, every name
//   of parameters names some.
import { fail, type Section } from '../evaluate/section.ts';
import type { OptimizerBlock, ParameterSelector } from '../model.ts';
import type { Parameter } from '../parameters/parameter.ts';
import { optimizerKind } from '../schema/train/optimizer-kinds.ts';
import { plainType } from '../schema/train/plain.ts';
import { names, parametersOf, selectorText, type Applied } from './applied.ts';

const optimizer = plainType(optimizerKind);

/** @throws Stop */
export function readOptimizers(train: Section): readonly OptimizerBlock[] {
  const drafts = [...train.body.keys].filter(([, { role }]) => role === 'optimizer');
  return drafts.map(([key, draft]) => ({
    name: key,
    spec: optimizer.read({ draft, section: train, key }),
    span: train.world.prelude.files.has(draft.span.file) ? train.span : draft.span,
  }));
}

export interface Coverage {
  readonly optimizers: readonly OptimizerBlock[];
  /** What is trained. */
  readonly params: readonly ParameterSelector[];
}

/** @throws Stop */
export function checkCoverage(train: Section, { optimizers, params }: Coverage, applied: Applied): void {
  const all = parametersOf(applied);
  checkNames(train, optimizers, params, all, applied);
  const trained = all.filter((each) => params.some((selector) => isAll(selector) || names(selector, each)));
  const matched = new Set<OptimizerBlock>();
  const lonely: Parameter[] = [];
  for (const parameter of trained) {
    const naming = optimizers.filter(({ spec }) => spec.params.some((each) => isAll(each) || names(each, parameter)));
    const used = naming.length > 0 ? naming : optimizers.filter(({ spec }) => spec.params.some(isRest));
    used.forEach((each) => matched.add(each));
    const [first, second] = used;
    if (first === undefined) lonely.push(parameter);
    if (first !== undefined && second !== undefined) twice(train, first, second, trained);
  }
  if (lonely.length > 0) {
    const fix = optimizers.length === 1 ? 'params = all' : 'let one of them have params = rest';
    const message = `${listed(lonely)} ${lonely.length === 1 ? 'has' : 'have'} no optimizer`;
    fail(train, 'optimizer-match', train.span, { optimizer: optimizers.map(({ name }) => name).join(', '), message }, { fix }); // prettier-ignore
  }
  if (!applied.strict) return;
  for (const each of optimizers) if (!matched.has(each)) unmatched(train, each, applied.name);
}

function twice(train: Section, first: OptimizerBlock, second: OptimizerBlock, trained: readonly Parameter[]): never {
  const both = trained.filter((each) => [first, second].every(({ spec }) => spec.params.some((selector) => isAll(selector) || names(selector, each)))); // prettier-ignore
  const message = `${listed(both.length > 0 ? both : trained)} ${both.length === 1 ? 'is' : 'are'} stepped by ${first.name} too`;
  const fix = `give ${first.name} or ${second.name} params = rest`;
  return fail(train, 'optimizer-match', second.span, { optimizer: second.name, message }, { fix });
}

function unmatched(train: Section, { name, spec, span }: OptimizerBlock, model: string): never {
  const message = `params = ${spec.params.map(selectorText).join(', ')} matches no parameter of ${model} that is trained and has no other optimizer`; // prettier-ignore
  return fail(train, 'optimizer-match', span, { optimizer: name, message });
}

/** Paths of parts: each must be that of a parameter. */
function checkNames(
  train: Section,
  optimizers: readonly OptimizerBlock[],
  params: readonly ParameterSelector[],
  all: readonly Parameter[],
  applied: Applied,
): void {
  // prettier-ignore
  const lists = [
    { optimizer: 'train', span: train.body.keys.get('params')?.span ?? train.span, selectors: params },
    ...optimizers.map(({ name, spec, span }) => ({ optimizer: name, span, selectors: [...spec.params, ...spec.noDecay] })),
  ];
  if (!applied.strict) return;
  for (const { optimizer: name, span, selectors } of lists) {
    const wrong = selectors.find((each) => each.kind === 'part' && !all.some((parameter) => names(each, parameter)));
    if (wrong === undefined) continue;
    const [first = ''] = selectorText(wrong).split('.');
    const near = all.filter((each) => names({ kind: 'part', path: first }, each));
    const extra = near.length === 0 ? {} : { fix: `${first} has ${listed(near)}` };
    const message = `${selectorText(wrong)} matches no parameter of ${applied.name}`;
    fail(train, 'optimizer-match', span, { optimizer: name, message }, extra);
  }
}

const isAll = (each: ParameterSelector): boolean => each.kind === 'class' && each.name === 'all';
const isRest = (each: ParameterSelector): boolean => each.kind === 'class' && each.name === 'rest';

/** `embed.weight, attn.q.weight and 12 more`: without layers, each once. */
function listed(parameters: readonly Parameter[]): string {
  const plain = [...new Set(parameters.map(({ name }) => name.replace(/(^|\.)layers\.\d+\./, '$1')))];
  const [shown, more] = [plain.slice(0, 3).join(', '), plain.length - 3];
  return more > 0 ? `${shown} and ${more} more` : shown;
}
