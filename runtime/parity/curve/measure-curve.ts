// Takes: a device and a folder of a reference curve. Gives: how far training here is from it.
// Promises: the road of `train --from FOLDER --tokens FILE`; runs that differ by rounding are made only where the plain one
// is not near enough, one after the other until they explain it.
import { join } from 'node:path';
import { fileBatches, TokenFile } from '../../data/token-file.ts';
import { nothingHeldOut } from '../../data/batch-source.ts';
import type { EngineDevice } from '../../engine/engine-device.ts';
import { checkSourceFile, requireSound } from '../../model-file.ts';
import type { TrainSettings } from '../../training/checkpoint.ts';
import { openTraining } from '../../training/open-training.ts';
import { settingsOf } from '../../training/start/settings.ts';
import { UserError } from '../../user-error.ts';
import { type HubFolder, openHub } from '../../weights/hub-folder.ts';
import { type Curve, readCurve } from './curve.ts';
import { followCurve } from './follow-curve.ts';
import { judgeCurve } from './judge-curve.ts';
import type { CurveResult } from '../result.ts';

export type Followed = Pick<CurveResult, 'kind' | 'steps' | 'checks' | 'pass' | 'rounding'>;

/** Of rounding, beside the plain one: one of two or three tells, as measured on a curve that leaves a saddle. */
const mostRuns = 4;

/** `onPhase` hears what is done now. @throws UserError, ConfigError, UnbuiltError, PlanError, DeviceError */
export async function measureCurve(
  device: EngineDevice,
  folder: string,
  onPhase: (phase: string) => void,
): Promise<Followed> {
  const curve = readCurve(folder);
  const open = await openHub(folder);
  try {
    const tokens = await TokenFile.open(join(folder, 'tokens.safetensors'));
    try {
      return await follow({ device, curve, open, tokens, onPhase });
    } finally {
      await tokens.close();
    }
  } finally {
    await open.weights.close();
  }
}

interface Subject {
  readonly device: EngineDevice;
  readonly curve: Curve;
  readonly open: HubFolder;
  readonly tokens: TokenFile;
  readonly onPhase: (phase: string) => void;
}

async function follow({ device, curve, open, tokens, onPhase }: Subject): Promise<Followed> {
  const train = curveSettings(open, curve, tokens);
  await tokens.scan(open.model.vocab);
  const training = await openTraining(device, open.model, train, fileBatches(tokens, nothingHeldOut), onPhase);
  const run = (moved: number) => {
    const how = moved === 0 ? '' : `, with other rounding (${moved})`;
    const onStep = (step: number): void => onPhase(`step ${step} of ${train.steps}${how}`);
    return followCurve(training, open.weights, { moved, onStep });
  };
  try {
    const runs = [await run(0)];
    let judged = judgeCurve(curve, runs);
    while (!judged.pass && judged.open && runs.length <= mostRuns) {
      runs.push(await run(runs.length));
      judged = judgeCurve(curve, runs);
    }
    const { checks, pass, rounding } = judged;
    return { kind: 'curve', steps: train.steps, checks, pass, rounding };
  } finally {
    training.session.destroy();
  }
}

/** The model of the folder, trained as the curve says. @throws UserError when the file has another number of steps */
export function curveSettings(
  { file, model }: Pick<HubFolder, 'file' | 'model'>,
  curve: Curve,
  tokens: TokenFile,
): TrainSettings {
  const { steps } = tokens;
  if (curve.steps.length !== steps)
    throw new UserError(`curve.json has ${curve.steps.length} steps, ${tokens.path} holds ${steps}`);
  const { path, text } = file.source;
  const loaded = requireSound(checkSourceFile({ path, text: `${text}\n${curve.trainBlock}` }), false);
  return settingsOf(loaded, model, { train: 'curve' }, tokens);
}
