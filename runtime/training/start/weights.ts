// Takes: weights from wherever, and a session. Gives: the session with them as its parameters.
// Promises: what is missing or foreign is named before anything is written.
import type { Session } from '../../engine/session.ts';
import { requireFit } from '../../weights/require-fit.ts';
import type { WeightSource } from '../../weights/weight-source.ts';

/** Writes every parameter; optimizer state stays as it is. @throws UserError */
export async function writeWeights(session: Session, source: WeightSource): Promise<void> {
  const tensors = session.tensors();
  requireFit(tensors, source);
  for (const { name, role } of tensors) if (role === 'parameter') session.write(name, await source.read(name));
}
