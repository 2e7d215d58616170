// Takes: a checked model. Gives: its parameters by component.
// Promises: the components sum to the total, which is without the modules of multi-token prediction.
import type { Model } from '../../2-check/model.ts';
import { elements } from '../../2-check/parameters/parameter.ts';
import { parameterCount, parameters } from '../../2-check/parameters/parameters.ts';
import { usesIn } from './work.ts';

export interface ParameterCosts {
  readonly total: number;
  /** What one token uses: all but the experts that were not chosen. */
  readonly active: number;
  /** Modules of multi-token prediction, in neither of both. */
  readonly mtp: number;
  /** `embed`, `head`, `norms`, each mixer and ffn by name; with experts `moe.router`, `moe.experts`, `moe.shared`. */
  readonly byComponent: Readonly<Record<string, number>>;
}

export function parameterCosts(model: Model): ParameterCosts {
  const branches = new Set(usesIn(model.layers).map(({ name }) => name));
  const byComponent: Record<string, number> = {};
  for (const parameter of parameters(model)) {
    if (parameter.name.startsWith('mtp.')) continue;
    const component = componentOf(parameter.name, branches);
    byComponent[component] = (byComponent[component] ?? 0) + elements(parameter);
  }
  return { ...parameterCount(model), byComponent };
}

const ofExperts: Readonly<Record<string, string>> = { router: 'router', expert: 'experts', shared: 'shared', shared_gate: 'shared' }; // prettier-ignore

/** `layers.0.moe.expert.up.weight` -> `moe.experts` */
function componentOf(name: string, branches: ReadonlySet<string>): string {
  const [place = name, , part = '', inner = ''] = name.split('.');
  if (place !== 'layers') return name.startsWith(`${place}.norm`) ? 'norms' : place;
  if (!branches.has(part)) return 'norms';
  const group = ofExperts[inner];
  return group === undefined ? part : `${part}.${group}`;
}
