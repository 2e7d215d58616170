// Takes: the tensors of a model and the weights of a source. Gives: nothing.
// Promises: what is missing, foreign or of another shape is one sentence; headers tell, nothing is read.
import { UserError } from '../user-error.ts';
import type { WeightSource } from './weight-source.ts';

export interface WantedTensor {
  readonly name: string;
  readonly role: 'parameter' | 'state';
  readonly shape: readonly number[];
}

/** @throws UserError with every difference, or as many as fit into a sentence */
export function requireFit(
  tensors: readonly WantedTensor[],
  { path, weights }: Pick<WeightSource, 'path' | 'weights'>,
): void {
  const faults = tensors.flatMap(({ name, role, shape }) => {
    if (role !== 'parameter') return [];
    const stored = weights.get(name);
    if (stored === undefined) return [`${name} is missing`];
    if (stored.shape.join() === shape.join()) return [];
    return [`${name} is [${stored.shape.join(', ')}], the model wants [${shape.join(', ')}]`];
  });
  const names = new Set(tensors.map(({ name }) => name));
  const foreign = [...weights].flatMap(([name, { role }]) =>
    role === 'state' || names.has(name) ? [] : [`${name} is not the model's`],
  );
  const all = [...faults, ...foreign];
  if (all.length === 0) return;
  const more = all.length > 5 ? `; and ${all.length - 5} more` : '';
  throw new UserError(`the weights of ${path} do not fit the model: ${all.slice(0, 5).join('; ')}${more}`);
}
