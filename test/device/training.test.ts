// Whole runs on the device: one seed gives the same bits, and a stopped run goes on as if it never stopped.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileTraining } from '../../compiler/compile.ts';
import { textBatches } from '../../runtime/data/batch-source.ts';
import { readCorpus, type Corpus } from '../../runtime/data/corpus.ts';
import { readSafetensors } from '../../runtime/data/safetensors.ts';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { Session } from '../../runtime/engine/session.ts';
import { chooseModel, chooseTrain, loadModelFile } from '../../runtime/model-file.ts';
import {
  loadCheckpoint,
  restore,
  type CheckpointFacts,
  type TrainSettings,
} from '../../runtime/training/checkpoint.ts';
import { RunFolder } from '../../runtime/training/run-folder.ts';
import { runTraining, type RunResult } from '../../runtime/training/run.ts';
import { initializeParameters, Trainer } from '../../runtime/training/trainer.ts';
import { devices } from './device.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const loaded = loadModelFile(join(fixtures, 'tiny.model'), false);
const model = chooseModel(loaded);
const { span: _, ...settings } = chooseTrain(loaded, model);

/** Runs are on the CPU; its curve is compared with WGSL's below. */
let cpu: EngineDevice;
let corpus: Corpus;
let root = '';
beforeAll(async () => {
  cpu = await openOn('CPU');
  corpus = await readCorpus(settings.data, fixtures, settings.validation.fraction);
  root = mkdtempSync(join(tmpdir(), 'modelc-runs-'));
});
afterAll(() => {
  cpu.close();
  rmSync(root, { recursive: true });
});

function openOn(name: 'CPU' | 'WGSL'): Promise<EngineDevice> {
  const found = devices.find((one) => one.name === name);
  if (!found) throw new Error(`no device ${name}`);
  return found.open();
}

interface Request {
  readonly train?: Partial<TrainSettings>;
  /** Steps after which Ctrl-C is pressed. */
  readonly stopAfter?: number;
  readonly on?: EngineDevice;
}

/** A run in a folder of its own; goes on with what lies there. */
async function run(
  name: string,
  { train: changes = {}, stopAfter = Infinity, on: device = cpu }: Request = {},
): Promise<RunResult> {
  const folder = new RunFolder(join(root, name));
  const train = { ...settings, ...changes };
  const session = new Session(device);
  const trainer = await Trainer.open(session, compileTraining(model, { ...train, span: model.span }, { target: device.target }), train, textBatches(corpus, train)); // prettier-ignore
  const fresh: CheckpointFacts = {
    step: 0, modelName: model.name, source: loaded.source, canonical: model.canonical, train, dataFolder: fixtures,
    dataFingerprint: corpus.fingerprint, validationLoss: null, firstValidationLoss: null,
  }; // prettier-ignore
  const checkpoint = folder.readMetrics().length > 0 ? await loadCheckpoint(folder.checkpoint) : null;
  if (checkpoint === null) {
    folder.create(loaded.source.text);
    initializeParameters(session, model, train.seed);
  } else await restore(checkpoint, session, 'all');
  let steps = 0;
  const result = await runTraining({
    trainer, session, folder, begin: checkpoint ?? fresh,
    onProgress: () => { steps += 1; },
    shouldStop: () => steps >= stopAfter,
  }); // prettier-ignore
  session.destroy();
  return result;
}

const checkpointOf = (name: string): Promise<Awaited<ReturnType<typeof readSafetensors>>> =>
  readSafetensors(new RunFolder(join(root, name)).checkpoint);

async function expectSameBits(a: string, b: string): Promise<void> {
  const [first, second] = [await checkpointOf(a), await checkpointOf(b)];
  expect([...second.tensors.keys()]).toEqual([...first.tensors.keys()]);
  for (const [name, tensor] of first.tensors) expect(second.tensors.get(name)?.data, name).toEqual(tensor.data);
}

const lossesOf = (name: string): number[] => new RunFolder(join(root, name)).readMetrics().map(({ loss }) => loss);

describe('training on the device', () => {
  it('learns, and leaves a checkpoint, metrics and a report', async () => {
    const result = await run('whole');
    expect(result).toMatchObject({ steps: 12, interrupted: false });
    expect(result.validationLoss).toBeLessThan(0.8 * (result.firstValidationLoss ?? 0));
    const folder = new RunFolder(join(root, 'whole'));
    expect(folder.readMetrics().map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(readFileSync(folder.report, 'utf8')).toMatch(/<polyline class="quiet\b[^>]*points="[\d.,]+ /);
    expect(readFileSync(join(folder.path, 'source.model'), 'utf8')).toBe(loaded.source.text);
  });

  it('gives the same bits for the same seed, others for another', async () => {
    await run('again');
    await expectSameBits('whole', 'again');
    await run('other', { train: { seed: 8 } });
    expect(lossesOf('other')).not.toEqual(lossesOf('whole'));
  });

  it('in mixed precision the losses are those of f32 within a hundredth, and a stopped run goes on bit for bit', async () => {
    const train = { precision: { compute: 'f16', logits: 'f32', keep: [] } } as const;
    expect(await run('half', { train })).toMatchObject({ steps: 12, skipped: 0 });
    const pairs = lossesOf('half').map((loss, i) => loss / (lossesOf('whole')[i] ?? Number.NaN));
    for (const ratio of pairs) expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
    expect(new RunFolder(join(root, 'half')).readMetrics().at(-1)).toMatchObject({ loss_scale: 2 ** 16, skipped_steps: 0 }); // prettier-ignore
    await run('half stopped', { train, stopAfter: 5 });
    await run('half stopped', { train });
    await expectSameBits('half', 'half stopped');
    expect([...(await checkpointOf('half')).tensors.keys()].filter((name) => name.startsWith('half.'))).toEqual([]);
  });

  it('goes on bit for bit after a stop', async () => {
    expect(await run('stopped', { stopAfter: 7 })).toMatchObject({ steps: 8, interrupted: true });
    expect(await run('stopped')).toMatchObject({ steps: 12, interrupted: false });
    await expectSameBits('whole', 'stopped');
    expect(lossesOf('stopped')).toEqual(lossesOf('whole'));
  });

  it('accumulates micro-batches to nearly the same step', async () => {
    const train = { dropout: { embed: 0, residual: 0, attention: 0 }, steps: 4 };
    await run('one', { train });
    await run('two', { train: { ...train, accumulate: 2 } });
    lossesOf('two').forEach((loss, i) => expect(loss).toBeCloseTo(lossesOf('one')[i] ?? 0, 3));
  });
});

describe('addresses of 32 bits', () => {
  it.each([2 ** 31 - 2 ** 20, 3.2 * 2 ** 30])('give the same bits behind %i bytes', async (bytes) => {
    const far = await openOn('CPU');
    far.createBuffer(Math.floor(bytes / 256) * 256);
    await run(`far ${bytes}`, { train: { steps: 3 }, on: far });
    far.close();
    await run(`near ${bytes}`, { train: { steps: 3 } });
    await expectSameBits(`near ${bytes}`, `far ${bytes}`);
  });
});

describe('two targets', () => {
  it('follow one curve for 50 steps', async () => {
    const train = { steps: 50 };
    await run('cpu', { train });
    const gpu = await openOn('WGSL');
    await run('wgsl', { train, on: gpu });
    gpu.close();
    const differences = lossesOf('cpu').map((loss, i) => Math.abs(loss - (lossesOf('wgsl')[i] ?? Number.NaN)));
    expect(differences).toHaveLength(50);
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });
});

describe('checkpoints', () => {
  it('that are truncated, foreign or missing are one sentence', async () => {
    const whole = new RunFolder(join(root, 'whole')).checkpoint;
    const cut = join(root, 'cut.safetensors');
    writeFileSync(cut, readFileSync(whole).subarray(0, 5000));
    await expect(loadCheckpoint(cut)).rejects.toThrow(/cut\.safetensors.*(cut off|missing)/);
    const foreign = join(root, 'foreign.safetensors');
    writeFileSync(foreign, 'this is no checkpoint at all, only a text');
    await expect(loadCheckpoint(foreign)).rejects.toThrow(/foreign\.safetensors/);
    await expect(loadCheckpoint(join(root, 'none'))).rejects.toThrow('there is no checkpoint');
  });

  it('of another model write nothing', async () => {
    const session = new Session(cpu);
    const mqa = chooseModel(loaded, 'TinyMQA');
    await session.load(compileTraining(mqa, chooseTrain(loaded, mqa), { target: cpu.target }).evaluate);
    const checkpoint = await loadCheckpoint(new RunFolder(join(root, 'whole')).checkpoint);
    await expect(restore(checkpoint, session, 'parameter')).rejects.toThrow(
      /attn\.k\.weight is \[16, 32\], the model wants \[8, 32\]/,
    );
    expect((await session.read('embed.weight')).every((value) => value === 0)).toBe(true);
    session.destroy();
  });

  it('leave the last one whole when the disk is full', async () => {
    await run('full', { train: { steps: 3 } });
    const { checkpoint } = new RunFolder(join(root, 'full'));
    const before = readFileSync(checkpoint);
    const disk = join(root, 'disk');
    mkdirSync(disk);
    copyFileSync(checkpoint, join(disk, 'checkpoint.safetensors'));
    // A limit on the size of files stands for a full disk: writing fails half way in the same manner.
    const script = `
      import { readSafetensors, writeSafetensors } from ${JSON.stringify(join(import.meta.dirname, '..', '..', 'runtime', 'data', 'safetensors.ts'))};
      const { tensors, metadata } = await readSafetensors('checkpoint.safetensors');
      await writeSafetensors('checkpoint.safetensors', tensors, metadata).then(() => console.log('written'), (error) => console.log('failed', error.code));`;
    writeFileSync(join(disk, 'save.mts'), script);
    const out = execFileSync('bash', ['-c', `ulimit -f 16; exec node --import ${join(import.meta.dirname, '..', '..', 'node_modules', 'tsx', 'dist', 'loader.mjs')} ${join(disk, 'save.mts')}`], { cwd: disk, encoding: 'utf8', env: { ...process.env, NODE_PATH: '' } }); // prettier-ignore
    expect(out.trim()).toBe('failed EFBIG');
    expect(readFileSync(join(disk, 'checkpoint.safetensors')).equals(before)).toBe(true);
    expect(execFileSync('ls', [disk], { encoding: 'utf8' }).trim().split('\n').sort()).toEqual(['checkpoint.safetensors', 'save.mts']); // prettier-ignore
  });
});
