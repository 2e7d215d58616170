// Takes: a device and a folder of a reference. Gives: how far the compiled model is from it.
// Promises: the road of `generate` and `train`: the imported model, fused plans, the cache, one step of the optimizer.
import type { MixerSpec, Model } from '../../../compiler/2-check/model.ts';
import { mixersOf } from '../../../compiler/2-check/resolve/parts.ts';
import { compileForward, compileGeneration } from '../../../compiler/compile.ts';
import type { BatchSource } from '../../data/batch-source.ts';
import { nothingHeldOut } from '../../data/batch-source.ts';
import type { EngineDevice } from '../../engine/engine-device.ts';
import { Session } from '../../engine/session.ts';
import { Generator } from '../../inference/generator.ts';
import type { TrainSettings } from '../../training/checkpoint.ts';
import { openTraining } from '../../training/open-training.ts';
import { writeWeights } from '../../training/start/weights.ts';
import { UserError } from '../../user-error.ts';
import { type HubFolder, openHub } from '../../weights/hub-folder.ts';
import { gradientError } from './gradients.ts';
import { type GreedyMeasurement, measureGreedy } from './greedy.ts';
import { distance, finite, largest, relative } from '../numbers.ts';
import { readLogits, readReference, type Reference } from './reference.ts';
import { type Check, type ReferenceCheck, type ReferenceResult, withinTolerance } from '../result.ts';

export type Measured = Pick<ReferenceResult, 'kind' | 'checks' | 'greedy' | 'pass'>;

/** Tokens that one run of the prefill takes: few, so that prompts need several and the last is padded. */
const chunk = 5;

interface Subject {
  readonly device: EngineDevice;
  readonly open: HubFolder;
  readonly reference: Reference;
  readonly folder: string;
}

/** `onPhase` hears what is done now. @throws UserError, ConfigError, UnbuiltError, PlanError, DeviceError */
export async function measureReference(
  device: EngineDevice,
  folder: string,
  onPhase: (phase: string) => void,
): Promise<Measured> {
  const reference = readReference(folder);
  const open = await openHub(folder, { checkpoint: 'before.safetensors' });
  try {
    const subject = { device, open, reference, folder };
    onPhase('logits');
    const { logits, greedy } = await forwardOf(subject);
    onPhase('gradients');
    const checks = { logits, ...(await stepOf(subject)), cache: cacheCheck(greedy) };
    const { prefill, decode } = greedy;
    const pass = Object.values(checks).every(withinTolerance) && ![prefill, decode].includes('differs');
    return { kind: 'reference', checks, greedy: { prefill, decode, min_gap: reference.greedyMinGap }, pass };
  } finally {
    await open.weights.close();
  }
}

const tolerances = { logits: 2e-4, loss: 1e-5, gradients: 1e-4, recurrentGradients: 1e-3 };

const cacheCheck = ({ cacheError }: GreedyMeasurement): Check => ({ error: finite(cacheError), tolerance: tolerances.logits }); // prettier-ignore

/** Whole sequences at once, then the same weights with a cache. */
async function forwardOf({
  device,
  open,
  reference,
  folder,
}: Subject): Promise<{ logits: Check; greedy: GreedyMeasurement }> {
  const { model, weights } = open;
  const { target } = device;
  const [batch, seq] = [reference.inputIds.length, reference.inputIds[0]?.length ?? 0];
  requireTokens(model, [...reference.inputIds, ...reference.labels, reference.greedyPrompt, reference.greedy].flat());
  const wanted = await readLogits(folder, [batch, seq, model.vocab]);
  const session = new Session(device);
  try {
    const forward = await session.load(compileForward(model, { batch, seq }, { target }));
    const length = reference.greedyPrompt.length + reference.greedy.length;
    const generation = compileGeneration(model, { target, chunk, context: length });
    const generator = await Generator.open(session, generation);
    await writeWeights(session, weights);
    forward.write('tokens', Int32Array.from(reference.inputIds.flat()));
    forward.run();
    const error = distance(await forward.read('logits'), wanted) / largest(wanted);
    return {
      logits: { error: finite(error), tolerance: tolerances.logits },
      greedy: await measureGreedy(generator, reference),
    };
  } finally {
    session.destroy();
  }
}

/** One step of plain SGD, so that the weights after it show every gradient. */
async function stepOf({
  device,
  open,
  reference,
  folder,
}: Subject): Promise<Omit<Record<ReferenceCheck, Check>, 'logits' | 'cache'>> {
  const { model } = open;
  const gradients = isRecurrent(model) ? tolerances.recurrentGradients : tolerances.gradients;
  const after = await openHub(folder, { checkpoint: 'after.safetensors' });
  const { session, trainer } = await openTraining(device, model, sgd(model, reference), oneBatch(reference), () => {});
  try {
    await writeWeights(session, open.weights);
    const { loss, gradNorm } = await trainer.step(0);
    return {
      loss: { error: relative(loss, reference.loss), tolerance: tolerances.loss },
      gradients: await gradientError(session, { before: open, after }, gradients),
      grad_norm: { error: relative(gradNorm, reference.gradNorm), tolerance: gradients },
    };
  } finally {
    await after.weights.close();
    session.destroy();
  }
}

/** Gradients through a recurrence sum more roundings than through attention. */
const attention: ReadonlySet<MixerSpec['kind']> = new Set(['gqa', 'mla']);

const isRecurrent = (model: Model): boolean => [...mixersOf(model).values()].some(({ kind }) => !attention.has(kind));

function oneBatch({ inputIds, labels }: Reference): BatchSource {
  return {
    batch: () => Promise.resolve({ tokens: Int32Array.from(inputIds.flat()), labels: Int32Array.from(labels.flat()) }),
    heldOut: nothingHeldOut,
    close: () => Promise.resolve(),
  };
}

function sgd(model: Model, { inputIds }: Reference): TrainSettings {
  return {
    name: 'parity', model: model.name, data: [], tokenizer: 'bytes', batch: inputIds.length, accumulate: 1,
    seq: inputIds[0]?.length ?? 0, steps: 1, seed: 0, loss: { ignore: null, zLoss: 0 },
    optimizers: [{ kind: 'sgd', params: ['all'], lr: 1, momentum: 0, weightDecay: 0, noDecay: [] }],
    schedule: { kind: 'constant', warmup: 0 }, clipNorm: null, dropout: { embed: 0, residual: 0, attention: 0 },
    validation: { fraction: 0, every: 1, batches: 1 }, saveEvery: 1,
  }; // prettier-ignore
}

/** @throws UserError */
function requireTokens({ vocab }: Model, tokens: readonly number[]): void {
  const wrong = tokens.find((token) => token >= vocab);
  if (wrong !== undefined) throw new UserError(`expected.json has the token ${wrong}, the vocabulary of config.json ends at ${vocab - 1}`); // prettier-ignore
}
