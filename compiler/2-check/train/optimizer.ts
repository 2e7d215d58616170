// Takes: the optimizers of a train block. Gives: their specs.
// Promises: E12: every parameter class of the model has exactly one optimizer, every optimizer has parameters.
import { fail, type Section } from '../evaluate/section.ts';
import type { Model, OptimizerSpec, ParameterClass } from '../model.ts';
import { buildOf } from '../schema/register.ts';
import { optimizerKind } from '../schema/train-kinds.ts';

/** @throws Stop */
export function readOptimizers(train: Section): readonly OptimizerSpec[] {
  const drafts = [...train.body.keys].filter(([, { role }]) => role === 'optimizer');
  return drafts.map(([key, draft]) => optimizerSpec(train, key, draft));
}

function optimizerSpec(section: Section, key: string, draft: Parameters<typeof buildOf>[0]['draft']): OptimizerSpec {
  const made = buildOf({ draft, section, key }, optimizerKind);
  const { params, lr, weight_decay: weightDecay, no_decay: noDecay } = made.keys;
  const shared = { params, lr, weightDecay, noDecay };
  if (made.constructor === 'sgd') return { kind: 'sgd', ...shared, momentum: made.keys.momentum };
  const { betas, eps } = made.keys;
  const [first, second, more] = betas;
  if (first === undefined || second === undefined || more !== undefined) {
    const inner = made.construct.section;
    const span = inner.body.keys.get('betas')?.span ?? draft.span;
    const args = { key: `${key}.betas`, expected: 'two numbers', found: `${betas.length}` };
    return fail(inner, 'wrong-type', span, args);
  }
  return { kind: 'adamw', ...shared, betas: [first, second], eps };
}

/** @throws Stop */
export function checkCoverage(train: Section, optimizers: readonly OptimizerSpec[], model: Model): void {
  const names = [...train.body.keys].filter(([, { role }]) => role === 'optimizer').map(([key]) => key);
  const span = (index: number): Section['span'] => train.body.keys.get(names[index] ?? '')?.span ?? train.span;
  const present = classesOf(model);
  const matched = new Set<number>();
  for (const each of present) {
    const naming = indices(optimizers, (spec) => spec.params.includes(each) || spec.params.includes('all'));
    const used = naming.length > 0 ? naming : indices(optimizers, (spec) => spec.params.includes('rest'));
    used.forEach((index) => matched.add(index));
    const [first, second] = used;
    if (first === undefined) {
      const message = `the ${each} parameters have no optimizer`;
      fail(
        train,
        'optimizer-match',
        train.span,
        { optimizer: names.join(', '), message },
        { fix: 'add params = rest' },
      );
    }
    if (second !== undefined) {
      const message = `the ${each} parameters are stepped by ${names[first] ?? ''} too`;
      fail(train, 'optimizer-match', span(second), { optimizer: names[second] ?? '', message });
    }
  }
  optimizers.forEach(({ params }, index) => {
    if (matched.has(index)) return;
    const message = `params = ${params.join(', ')} matches no parameter of ${model.name}`;
    fail(train, 'optimizer-match', span(index), { optimizer: names[index] ?? '', message });
  });
}

function indices(specs: readonly OptimizerSpec[], holds: (spec: OptimizerSpec) => boolean): number[] {
  return specs.flatMap((spec, index) => (holds(spec) ? [index] : []));
}

/** Classes that some parameter of the model has. */
function classesOf(model: Model): ParameterClass[] {
  const { embed, head } = model;
  const text = JSON.stringify(model.layers[0]?.equations ?? [], (key, value: unknown) => (key === 'span' ? undefined : value)); // prettier-ignore
  const hasVector = /"gain":"(weight|one_plus)"|"bias":true/.test(text + JSON.stringify([embed.norm, head.norm, { bias: head.bias }])); // prettier-ignore
  return ['embed', ...(embed.tied ? [] : ['head' as const]), 'matrix', ...(hasVector ? ['vector' as const] : [])];
}
