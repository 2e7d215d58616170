// Takes: weights from wherever, and a session. Gives: the session with them as its parameters.
// Promises: what is missing or foreign is named before anything is written.
import type { PersistentTensor, Session } from '../../engine/session.ts';
import { UserError } from '../../user-error.ts';
import type { WeightSource } from '../../weights/weight-source.ts';

/** Writes every parameter; optimizer state stays as it is. @throws UserError */
export async function writeWeights(session: Session, source: WeightSource): Promise<void> {
  const tensors = session.tensors();
  requireFit(tensors, source);
  for (const { name, role } of tensors) if (role === 'parameter') session.write(name, await source.read(name));
}

/** @throws UserError with every difference, or as many as fit into a sentence */
function requireFit(
  tensors: readonly PersistentTensor[],
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
