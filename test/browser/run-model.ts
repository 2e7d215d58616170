// Takes: texts, tokens and a device. Gives: what a training run, the logits after it and a generated text are.
// Promises: the same code in Node and in a browser, through the browser's public entry alone.
import {
  checkSource,
  compileForward,
  compileGeneration,
  compileTraining,
  type EngineDevice,
  formatDiagnostic,
  Generator,
  initializeParameters,
  Session,
  type SourceFile,
  textBatches,
  Trainer,
  trainSpecOf,
} from '../../runtime/browser.ts';

export interface Request {
  readonly source: SourceFile;
  readonly prelude: readonly SourceFile[];
  /** Bytes. */
  readonly text: string;
  readonly threads: number;
  readonly steps: number;
  readonly maxTokens: number;
}

export interface Outcome {
  readonly device: string;
  readonly features: readonly string[];
  readonly losses: readonly number[];
  readonly validationLoss: number;
  /** After the first 16 bytes of the text. */
  readonly logits: readonly number[];
  readonly tokens: readonly number[];
  /** Milliseconds. */
  readonly times: {
    readonly compile: number;
    readonly firstStep: number;
    readonly otherSteps: number;
    readonly decode: number;
  };
}

export async function runModel(device: EngineDevice, request: Request): Promise<Outcome> {
  const { file, diagnostics } = checkSource(request.source, request.prelude);
  const error = diagnostics.find(({ severity }) => severity === 'error');
  const [model, block] = [file.models[0], file.trains[0]];
  const train = block && trainSpecOf(block).spec;
  if (error !== undefined || model === undefined || train === undefined)
    throw new Error(error ? formatDiagnostic(error, { color: false }) : 'the file has no model or no train block');
  const { target } = device;
  const session = new Session(device);
  const bytes = new TextEncoder().encode(request.text);
  const begin = performance.now();
  const plans = compileTraining(model, train, { target });
  const trainer = await Trainer.open(session, plans, train, textBatches({ train: bytes, held: bytes }, train));
  initializeParameters(session, model, train.seed);
  const compiled = performance.now();
  const losses = [(await trainer.step(0)).loss];
  const first = performance.now();
  for (let step = 1; step < request.steps; step++) {
    // oxlint-disable-next-line no-await-in-loop -- a step begins with the weights of the one before
    losses.push((await trainer.step(step)).loss);
  }
  const otherSteps = performance.now() - first;
  const forward = await session.load(compileForward(model, { batch: 1, seq: 16 }, { target }));
  forward.write('tokens', Int32Array.from(bytes.subarray(0, 16)));
  forward.run();
  const logits = Array.from(await forward.read('logits')).slice(-model.vocab);
  const generator = await Generator.open(session, compileGeneration(model, { target, chunk: 8 }));
  const options = { temperature: 0.8, topK: 40, topP: null, minP: null, seed: 1, stop: [] };
  const { tokens, decodeMs } = await generator.generate(bytes.subarray(0, 16), { ...options, maxTokens: request.maxTokens }); // prettier-ignore
  const validationLoss = (await trainer.validate()) ?? Number.NaN;
  session.destroy();
  const times = { compile: compiled - begin, firstStep: first - compiled, otherSteps, decode: decodeMs };
  return { device: device.describe(), features: target.features, losses, validationLoss, logits, tokens, times };
}
