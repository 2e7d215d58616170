// Takes: a training that is open, and its first weights. Gives: the losses and gradient norms of its steps.
// Promises: every run starts from the same weights and an empty optimizer; `moved` differs from the plain one by rounding alone.
import { pcg } from '../../../compiler/3-graph/random.ts';
import { hashOf } from '../../data/random.ts';
import type { Session } from '../../engine/session.ts';
import type { OpenTraining } from '../../training/open-training.ts';
import type { StepResult } from '../../training/trainer.ts';
import { writeWeights } from '../../training/start/weights.ts';
import type { WeightSource } from '../../weights/weight-source.ts';

export interface FollowOptions {
  /** Not 0: every weight is moved by one unit in the last place, up or down at random, before every step. */
  readonly moved: number;
  readonly onStep: (step: number) => void;
}

export async function followCurve(
  { session, trainer, train }: OpenTraining,
  weights: WeightSource,
  { moved, onStep }: FollowOptions,
): Promise<readonly StepResult[]> {
  clearStates(session);
  await writeWeights(session, weights);
  const steps: StepResult[] = [];
  for (let step = 0; step < train.steps; step++) {
    if (moved !== 0) await moveWeights(session, hashOf(moved, step));
    steps.push(await trainer.step(step));
    onStep(step + 1);
  }
  return steps;
}

function clearStates(session: Session): void {
  for (const { name, role, shape, type } of session.tensors()) {
    const size = shape.reduce((product, each) => product * each, 1);
    if (role === 'state') session.write(name, type === 'f32' ? new Float32Array(size) : new Int32Array(size));
  }
}

/** What another order of summing, or another library, may as well have stored. */
async function moveWeights(session: Session, seed: number): Promise<void> {
  let counter = 0;
  for (const { name, role } of session.tensors()) {
    if (role !== 'parameter') continue;
    const values = await session.read(name);
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++, counter++) {
      const up = (pcg((counter ^ seed) >>> 0) & 0x10000) !== 0;
      if (values[i] !== 0) bits[i] = (bits[i] ?? 0) + (up ? 1 : -1);
    }
    session.write(name, values);
  }
}
