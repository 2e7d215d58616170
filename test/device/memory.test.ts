// Takes: a small run. Gives: proof that computing layers again changes no bit of it, and that the memory a run is said to take
// is what the device is asked for.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sessionMemory } from '../../compiler/7-plan/plan-stats.ts';
import { compileTraining, trainingPlanList, type TrainingPlans } from '../../compiler/compile.ts';
import type { Target } from '../../compiler/7-plan/plan.ts';
import type { RecomputeSpec } from '../../compiler/2-check/model.ts';
import { textBatches } from '../../runtime/data/batch-source.ts';
import { readCorpus } from '../../runtime/data/corpus.ts';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { Session } from '../../runtime/engine/session.ts';
import { chooseModel, chooseTrain, loadModelFile } from '../../runtime/model-file.ts';
import type { TrainSettings } from '../../runtime/training/checkpoint.ts';
import { initializeParameters, Trainer } from '../../runtime/training/trainer.ts';
import { modelOf } from '../compiler/2-check/prelude.ts';
import { devices } from './device.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const loaded = loadModelFile(join(fixtures, 'tiny.model'), false);
const model = chooseModel(loaded);
const { span, ...settings } = chooseTrain(loaded, model);
const corpus = await readCorpus(settings.data, fixtures, settings.validation.fraction);

/** The bytes of all buffers that are asked for. */
function counting(device: EngineDevice): { readonly device: EngineDevice; readonly bytes: () => number } {
  let bytes = 0;
  const createBuffer: EngineDevice['createBuffer'] = (size) => {
    bytes += size;
    return device.createBuffer(size);
  };
  const counted = new Proxy(device, {
    get: (target, key) => {
      if (key === 'createBuffer') return createBuffer;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { device: counted, bytes: () => bytes };
}

interface Run {
  readonly plans: TrainingPlans;
  readonly losses: readonly number[];
  readonly bytes: number;
}

async function run(
  on: EngineDevice,
  train: TrainSettings,
  steps: number,
  limits: Partial<Target> = {},
  of = model,
): Promise<Run> {
  const { device, bytes } = counting(on);
  const plans = compileTraining(of, { ...train, span }, { target: { ...device.target, ...limits } as Target });
  const session = new Session(device);
  const trainer = await Trainer.open(session, plans, train, textBatches(corpus, train));
  initializeParameters(session, of, train.seed);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await trainer.step(step)).loss);
  session.destroy();
  return { plans, losses, bytes: bytes() };
}

const blocks: RecomputeSpec = { kind: 'blocks', first: null };
const dropout = { embed: 0.1, residual: 0.2, attention: 0.3 };
const accumulate = 2;

it.each<[string, Partial<TrainSettings>]>([
  ['a run', {}],
  ['with dropout', { dropout }],
  ['with dropout, in parts', { dropout, accumulate }],
])('CPU, %s: the losses of four steps are the same bits when layers are computed again', async (_, changes) => {
  const device = await devices[0]?.open();
  if (!device) throw new Error('no device');
  const train = { ...settings, ...changes };
  const kept = await run(device, train, 4);
  const again = await run(device, { ...train, recompute: blocks }, 4);
  expect(again.losses).toEqual(kept.losses);
  expect(again.bytes).toBeLessThan(kept.bytes);
  device.close();
});

it.each(devices.flatMap(({ name, open }) => [{}, { accumulate }, { recompute: blocks }].map((changes) => ({ name, open, changes }))))(
  '$name, $changes: the memory that is told is what the device is asked for',
  async ({ open, changes }) => {
    const device = await open();
    const { plans, bytes } = await run(device, { ...settings, ...changes }, 0);
    const { total, ...parts } = sessionMemory(trainingPlanList(plans));
    expect(total).toBe(bytes);
    expect(Object.values(parts).reduce((sum, each) => sum + each)).toBe(total);
    device.close();
  },
); // prettier-ignore

/** The gradients of its biases are sums over all tokens, of tensors of 64 KiB. */
const biased = modelOf(`model M {
  vocab = 256; context = 32; d_model = 32; n_layers = 1
  mixer attn = gqa { heads = 4; rope = none; bias = all }; ffn mlp = mlp { width = 128; act = gelu_tanh; bias = all }
}`);

it.each(devices.flatMap((device) => [model, biased].map((of) => ({ ...device, of, model: of.name }))))(
  '$name, $model: kernels that see a part of a tensor train as those that see all',
  async ({ open, of }) => {
    const device = await open();
    const steps = device.kind === 'cpu' ? 3 : 1;
    const whole = await run(device, settings, steps, {}, of);
    // The embedding takes 32 KiB, the logits four times as much.
    const parts = await run(device, settings, steps, { maxBindingBytes: 40 * 1024 }, of);
    const most = (plans: TrainingPlans): number =>
      Math.max(...trainingPlanList(plans).map(({ needs }) => needs.maxBindingBytes));
    expect([most(whole.plans), most(parts.plans)]).toEqual([128 * 1024, 32 * 1024]);
    expect(parts.losses.map((loss) => loss.toFixed(5))).toEqual(whole.losses.map((loss) => loss.toFixed(5)));
    device.close();
  },
  120_000,
);
