// Takes: the optimizers of a run and the parameters of its model. Gives: the Python that lists them.
// Promises: each parameter has the optimizer and the weight decay it has here.
import type { OptimizerSpec } from '../../../2-check/model.ts';
import type { Parameter } from '../../../2-check/parameters/parameter.ts';
import { optimizerOf, weightDecay } from '../../../4-autograd/step/parameter-groups.ts';
import { float } from '../python/python.ts';
import { namePatterns } from '../sections/starts.ts';

type SpecOf<K extends OptimizerSpec['kind']> = Extract<OptimizerSpec, { readonly kind: K }>;

const rules: { readonly [K in OptimizerSpec['kind']]: (spec: SpecOf<K>) => { readonly name: string; readonly options: string } } = {
  adamw: ({ lr, betas, eps }) => ({
    name: 'torch.optim.AdamW',
    options: `{"lr": ${float(lr)}, "betas": (${betas.map(float).join(', ')}), "eps": ${float(eps)}}`,
  }),
  sgd: ({ lr, momentum }) => ({
    name: 'torch.optim.SGD',
    options: `{"lr": ${float(lr)}, "momentum": ${float(momentum)}}`,
  }),
}; // prettier-ignore

export function optimizersText(optimizers: readonly OptimizerSpec[], parameters: readonly Parameter[]): string {
  const all = parameters.map(({ name }) => name);
  const entries = optimizers.flatMap((spec) => {
    const own = parameters.filter((parameter) => optimizerOf(parameter, optimizers) === spec);
    if (own.length === 0) return [];
    // The row of the optimizer's own kind.
    const { name, options } = (rules[spec.kind] as (spec: OptimizerSpec) => { name: string; options: string })(spec);
    const groups = new Map<number, string[]>();
    for (const parameter of own) {
      const decay = weightDecay(parameter, spec);
      groups.set(decay, [...(groups.get(decay) ?? []), parameter.name]);
    }
    return ['    (', `        ${name},`, `        ${options},`, '        {', ...[...groups].flatMap(([decay, names]) => groupLines(decay, namePatterns(names, all))), '        },', '    ),']; // prettier-ignore
  });
  return ['# Each optimizer with its options and, by weight decay, its parameters.', 'OPTIMIZERS = (', ...entries, ')'].join('\n'); // prettier-ignore
}

function groupLines(decay: number, patterns: readonly string[]): string[] {
  return [
    `            ${float(decay)}: (`,
    ...patterns.map((pattern) => `                "${pattern}",`),
    '            ),',
  ];
}
