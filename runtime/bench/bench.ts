// Takes: a device and what is to be measured. Gives: the figures, each beside the ceilings of the device.
// Promises: one benchmark after another, each with the device for itself; one that fails does not stop the others.
import { join } from 'node:path';
import type { MixedPrecision, Model } from '../../compiler/2-check/model.ts';
import { parsePlace } from '../comparing/place.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { chooseModel, chooseTrain, type LoadedFile, loadModelFile, packageRoot } from '../model-file.ts';
import { colorOn } from '../terminal.ts';
import type { TrainSettings } from '../training/checkpoint.ts';
import { isUserFault, UserError } from '../user-error.ts';
import { measureAttention } from './attention.ts';
import { measureCeilings, measureMatmul, type Scale, scaleOf, type Settings } from './ceilings.ts';
import { measureDecode, measurePrefill } from './generation.ts';
import type { AttentionSize, ElementType, MatmulSize } from './graphs.ts';
import { type BenchName, benchNames, type BenchReport, type Ceilings, type Results } from './result.ts';
import { measureTraining } from './train.ts';

export interface BenchRequest {
  readonly benches: readonly BenchName[];
  /** FILE or FILE:MODEL. */
  readonly model?: string;
  readonly batch?: number;
  readonly seq?: number;
  readonly steps?: number;
  readonly type: ElementType;
  readonly seconds?: number;
  readonly matmulSize?: MatmulSize;
  readonly attentionSize?: AttentionSize;
}

/** What is measured unless told otherwise: so much that the device is full, so little that it ends in a minute or two. */
interface Defaults {
  readonly model: string;
  /** Null: as the train block says. */
  readonly batch: number | null;
  readonly seq: number | null;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly matmul: number;
  readonly attention: AttentionSize;
}

const defaults: Readonly<Record<Scale, Defaults>> = {
  hardware: { model: 'Bench', batch: null, seq: null, steps: 10, tokens: 64, seconds: 1, matmul: 4096, attention: { batch: 16, heads: 12, seq: 1024, depth: 64 } },
  cpu: { model: 'BenchSmall', batch: 4, seq: 256, steps: 3, tokens: 32, seconds: 0.5, matmul: 512, attention: { batch: 1, heads: 4, seq: 512, depth: 64 } },
  software: { model: 'BenchSmall', batch: 1, seq: 64, steps: 1, tokens: 4, seconds: 0.2, matmul: 512, attention: { batch: 1, heads: 2, seq: 256, depth: 64 } },
}; // prettier-ignore

/** @throws UserError, DeviceError where the ceilings cannot be measured */
export async function bench(
  device: EngineDevice,
  request: BenchRequest,
  report: (line: string) => void,
): Promise<BenchReport> {
  requireType(device, request.type);
  const given = defaults[scaleOf(device)];
  const settings: Settings = { device, type: request.type, seconds: request.seconds ?? given.seconds, report };
  const { matmul: n } = given;
  const matmul = request.benches.includes('matmul')
    ? await measureMatmul(settings, request.matmulSize ?? { m: n, n, k: n })
    : null;
  const ceilings = await measureCeilings(settings, matmul);
  const faults: Partial<Record<BenchName, string>> = {};
  let results: Results = {};
  if (matmul) {
    const shareOfMatmul = matmul.flopsPerSecond / ceilings.matmul.flopsPerSecond;
    results = { matmul: { ...matmul, shareOfMatmul } };
  }
  const works = worksOf(settings, request, ceilings);
  for (const name of benchNames) {
    if (name === 'matmul' || !request.benches.includes(name)) continue;
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after another is the point
      results = { ...results, [name]: await works[name]() };
    } catch (error) {
      if (!isUserFault(error)) throw error;
      faults[name] = error.message;
      report(`${name}: ${error.message}`);
    }
  }
  return { device: device.describe(), ceilings, results, faults };
}

type Works = { readonly [K in Exclude<BenchName, 'matmul'>]: () => Promise<Results[K]> };

function worksOf(settings: Settings, request: BenchRequest, { matmul, copy }: Ceilings): Works {
  const given = defaults[scaleOf(settings.device)];
  const peak = matmul.flopsPerSecond;
  const generated = (model: Model) => ({ batch: request.batch ?? 1, seq: Math.min(request.seq ?? given.seq ?? model.context, model.context) }); // prettier-ignore
  return {
    train: () => {
      const { loaded, model } = modelFor(request, given);
      return measureTraining(settings, model, trainingOf(loaded, model, request, given), peak);
    },
    prefill: () => {
      const { model } = modelFor(request, given);
      return measurePrefill(settings, model, generated(model), peak);
    },
    decode: () => {
      const { model } = modelFor(request, given);
      const size = { ...generated(model), steps: request.steps ?? given.tokens };
      return measureDecode(settings, model, size, copy.bytesPerSecond);
    },
    attention: () => measureAttention(settings, request.attentionSize ?? given.attention, peak),
  };
}

/** @throws UserError */
function modelFor({ model }: BenchRequest, given: Defaults): { readonly loaded: LoadedFile; readonly model: Model } {
  const place = model === undefined ? { path: join(packageRoot(), 'specs', 'bench.model'), revision: null, model: given.model } : parsePlace(model); // prettier-ignore
  if (place.revision !== null) throw new UserError('bench measures files as they lie there; leave the revision out');
  const loaded = loadModelFile(place.path, colorOn('stderr'));
  return { loaded, model: chooseModel(loaded, place.model ?? undefined) };
}

/** @throws UserError */
function trainingOf(loaded: LoadedFile, model: Model, request: BenchRequest, given: Defaults): TrainSettings {
  const { span: _, ...train } = chooseTrain(loaded, model);
  const batch = request.batch ?? given.batch ?? train.batch;
  const seq = Math.min(request.seq ?? given.seq ?? train.seq, model.context);
  const accumulate = batch % train.accumulate === 0 ? train.accumulate : 1;
  const asked = { ...train, batch, seq, accumulate, steps: request.steps ?? given.steps };
  return request.type === 'f16' ? { ...asked, precision: halves } : asked;
}

/** What `--type f16` trains in. */
const halves: MixedPrecision = { compute: 'f16', logits: 'f16', keep: [] };

/** @throws UserError */
function requireType({ target }: EngineDevice, type: ElementType): void {
  if (type === 'f16' && target.kind === 'webgpu' && !target.features.includes('shader-f16'))
    throw new UserError(`this device has no f16 (shader-f16); measure --type f32`);
}
