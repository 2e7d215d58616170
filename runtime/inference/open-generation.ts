// Takes: a model with its weights and tokenizer, a device, and how long a text may get. Gives: what generates with them.
// Promises: one tensor of the weights in memory at a time; nothing stays on the device when it cannot be opened.
import type { HeldWeights } from '../../compiler/2-check/model.ts';
import { compileGeneration, compilePrompt, compileStream } from '../../compiler/compile.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { Session } from '../engine/session.ts';
import { type Measure, unmeasured } from '../profile/measure.ts';
import { writeWeights } from '../training/start/weights.ts';
import type { OpenModel } from '../weights/open-model.ts';
import { Generator } from './generator.ts';

export interface OpenGeneration {
  readonly generator: Generator;
  readonly close: () => void;
}

export interface GenerationSettings {
  /** How the device holds the matrices, unless it has no halves; null: in f32. */
  readonly held?: HeldWeights | null;
  /** Whether the device chooses tokens where none is excluded. */
  readonly chooses?: boolean;
  readonly measure?: Measure | undefined;
}

/** `context`: positions of the cache. @throws UserError, DeviceError, PlanError, UnbuiltError */
export async function openGeneration(
  { model, weights }: Pick<OpenModel, 'model' | 'weights'>,
  device: EngineDevice,
  context: number,
  { held = null, chooses = true, measure = unmeasured }: GenerationSettings = {},
): Promise<OpenGeneration> {
  const session = new Session(device);
  try {
    const options = { target: device.target, context, weights: hasHalves(device) ? held : null };
    const generator = chooses
      ? await Generator.open(session, compilePrompt(model, options), {
          measure,
          streamPlan: compileStream(model, options),
        })
      : await Generator.open(session, compileGeneration(model, options), { measure });
    await writeWeights(session, weights);
    return { generator, close: () => session.destroy() };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** The CPU computes with what it reads, whatever it is. */
export function hasHalves({ target }: EngineDevice): boolean {
  return target.kind === 'wasm' || target.features.includes('shader-f16');
}
