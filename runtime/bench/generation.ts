// Takes: a model. Gives: what a prompt costs, and what a token after it costs.
// Promises: the Plans that `modelc generate` runs, with random weights and tokens; the cache is full when tokens are measured.
import type { HeldWeights, Model } from '../../compiler/2-check/model.ts';
import { parameterCount } from '../../compiler/2-check/parameters/parameters.ts';
import { compileGeneration, compileStream, type GenerationOptions, type GenerationPlans } from '../../compiler/compile.ts'; // prettier-ignore
import { costsOf } from '../../compiler/explain/cost/cost.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { Executable } from '../engine/executable.ts';
import { Session } from '../engine/session.ts';
import { TokenStream } from '../inference/token-stream.ts';
import { unmeasured } from '../profile/measure.ts';
import { median } from '../profile/summarize.ts';
import type { Settings } from './ceilings.ts';
import { deviceBytes } from './device-bytes.ts';
import { fillParameters, randomTokens } from './random-data.ts';
import type { DecodeResult, PrefillResult } from './result.ts';
import { canTime, type Fence, kernelMs, openFence, timeRuns } from './timing.ts';

export interface GenerationSize {
  readonly batch: number;
  /** Tokens of a prompt, positions of the cache. */
  readonly seq: number;
}

/** How matrices are held where halves are asked for. */
const halves: HeldWeights = { format: 'f16', keep: ['norm'] };

interface Opened {
  readonly session: Session;
  readonly plans: GenerationPlans;
  readonly executable: Executable;
  readonly fence: Fence;
}

/** @throws PlanError, DeviceError */
export function measurePrefill(
  settings: Settings,
  model: Model,
  size: GenerationSize,
  matmulFlopsPerSecond: number,
): Promise<PrefillResult> {
  const { batch, seq } = size;
  return withPlans(settings, 'prefill', model, size, async ({ plans, executable }) => {
    const { chunk, prefill } = plans;
    const tokens = randomTokens(batch * chunk, model.vocab, 1);
    const prompt = async (): Promise<number> => {
      const start = performance.now();
      for (let offset = 0; offset < seq; offset += chunk) {
        write(executable, tokens, offset, Math.min(chunk, seq - offset) - 1);
        executable.run();
      }
      await executable.read('logits');
      return performance.now() - start;
    };
    const ms = await medianOf(prompt, settings.seconds);
    let inKernels = canTime(settings.device) ? 0 : null;
    for (let offset = 0; inKernels !== null && offset < seq; offset += chunk) {
      write(executable, tokens, offset, Math.min(chunk, seq - offset) - 1);
      inKernels += (await kernelMs(executable, settings.device, 1)) ?? 0;
    }
    const { forward, byPart } = costsOf(model, { length: seq }).flopsPerToken;
    const head = byPart['head'] ?? 0; // of the last token alone
    const flopsPerSecond = (batch * ((forward - head) * seq + head) * 1000) / ms;
    return {
      ...facts(settings, model, size), seq, chunk, ms, tokensPerSecond: (batch * seq * 1000) / ms,
      kernelMs: inKernels,
      flopsPerSecond, shareOfMatmul: flopsPerSecond / matmulFlopsPerSecond, deviceBytes: deviceBytes([prefill]),
    }; // prettier-ignore
  });
}

/** `steps` tokens are measured one by one, and texts that the device writes on its own. @throws PlanError, DeviceError */
export function measureDecode(
  settings: Settings,
  model: Model,
  size: GenerationSize & { readonly steps: number },
  copyBytesPerSecond: number,
): Promise<DecodeResult> {
  const { batch, seq, steps } = size;
  return withPlans(settings, 'decode', model, size, async ({ session, plans, executable, fence }) => {
    const streamPlan = compileStream(model, planOptions(settings, size));
    const stream = await TokenStream.open(session, streamPlan, unmeasured);
    const tokens = randomTokens(batch, model.vocab, 1);
    const token = (): void => {
      write(executable, tokens, seq - 1, 0);
      executable.run();
    };
    const { ms: queuedMs } = await timeRuns(token, fence, { seconds: settings.seconds, repeats: 5, mostRuns: 256 });
    const times: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      token();
      // oxlint-disable-next-line no-await-in-loop -- one after another is the point
      await executable.read('logits');
      times.push(performance.now() - start);
    }
    const ms = median(times) ?? Number.NaN;
    const streamMs = await streamedMs(stream, settings.device, size);
    const bytes = streamPlan.steps.reduce((sum, { work }) => sum + (work?.bytes ?? 0), 0);
    const bytesPerSecond = (bytes * 1000) / streamMs;
    return {
      ...facts(settings, model, size), context: seq, ms, queuedMs, streamMs, tokensPerSecond: (batch * 1000) / streamMs,
      kernelMs: await kernelMs(executable, settings.device), bytes, bytesPerSecond,
      shareOfCopy: bytesPerSecond / copyBytesPerSecond, dispatches: streamPlan.steps.length,
      deviceBytes: deviceBytes([plans.prefill, plans.decode, streamPlan]),
    }; // prettier-ignore
  });
}

function facts({ type }: Settings, model: Model, { batch }: GenerationSize) {
  return { model: model.name, parameters: parameterCount(model).total, weights: type, batch };
}

async function withPlans<T>(
  settings: Settings,
  kind: 'prefill' | 'decode',
  model: Model,
  size: GenerationSize,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const { device, report } = settings;
  report(`${kind}: compiling ${model.name}, ${size.batch} x ${size.seq} positions`);
  const plans = compileGeneration(model, planOptions(settings, size));
  const session = new Session(device);
  try {
    const fence = await openFence(session);
    const executable = await session.load(plans[kind]);
    fillParameters(session, model);
    report(`${kind}: measuring`);
    return await work({ session, plans, executable, fence });
  } finally {
    session.destroy();
  }
}

function planOptions({ device, type }: Settings, { batch, seq }: GenerationSize): GenerationOptions {
  return { target: device.target, context: seq, batch, weights: type === 'f16' ? halves : null };
}

/** Of a token that the device chooses, the cache filling up: the median of a few texts. */
async function streamedMs(stream: TokenStream, { target }: EngineDevice, { seq }: GenerationSize): Promise<number> {
  const isFast = target.kind === 'webgpu' && !target.software;
  const count = Math.min(isFast ? 256 : target.kind === 'wasm' ? 64 : 8, Math.floor(seq / 2));
  const start = { position: seq - count, token: 0, count, temperature: 1, seedOf: (i: number) => i };
  const times: number[] = [];
  for (let turn = 0; turn < (isFast ? 6 : 4); turn++) {
    const begin = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one after another is the point
    for await (const token of stream.tokens(start)) void token;
    if (turn > 0) times.push((performance.now() - begin) / count);
  }
  return median(times) ?? Number.NaN;
}

function write(executable: Executable, tokens: Int32Array, offset: number, last: number): void {
  executable.write('tokens', tokens);
  executable.write('offset', Int32Array.of(offset));
  executable.write('last', Int32Array.of(last));
}

/** Of what `measure` says, after one that warms up: at least three times, and for so many seconds. */
async function medianOf(measure: () => Promise<number>, seconds: number): Promise<number> {
  await measure();
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  // oxlint-disable-next-line no-await-in-loop -- one after another is the point
  while (times.length < 3 || (performance.now() < end && times.length < 100)) times.push(await measure());
  return median(times) ?? Number.NaN;
}
