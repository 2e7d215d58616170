// Takes: nothing. Gives: the public API in a browser: check, compile, train and generate on the CPU, inside a dedicated worker.
// Promises: names nothing of Node, nor does anything it imports; the same names mean the same as in `index.ts`.
export { compileForward, compileGeneration, compileTraining, checkSource } from '../compiler/compile.ts';
export { trainSpecOf } from '../compiler/2-check/train/narrow.ts';
export { generateSpecOf } from '../compiler/2-check/train/narrow-generate.ts';
export { compileGraph } from '../compiler/compile-graph.ts';
export type { CheckedSource, GenerationPlans, TrainingPlans } from '../compiler/compile.ts';
export type { CompileOptions, StageResult } from '../compiler/compile-graph.ts';
export type { GenerateSpec, Model, TrainSpec } from '../compiler/2-check/model.ts';
export type { Plan, Target } from '../compiler/7-plan/plan.ts';
export { formatDiagnostic, type Diagnostic } from '../compiler/diagnostics.ts';
export { explainModel, printExplanation, type Explanation } from '../compiler/explain/explain.ts';
export { diffModels, type ModelDiff } from '../compiler/explain/diff/diff.ts';
export { printDiff } from '../compiler/explain/diff/print.ts';
export type { SourceFile } from '../grammar/source.ts';
export type { EngineDevice } from './engine/engine-device.ts';
export { openCpu, type CpuOptions } from './engine/open-in-browser.ts';
export { Session } from './engine/session.ts';
export type { Executable } from './engine/executable.ts';
export { textBatches, type BatchSource, type TrainingTokens } from './data/batch-source.ts';
export { Trainer, initializeParameters, type StepResult } from './training/trainer.ts';
export { Generator, type Generated, type GenerateOptions } from './inference/generator.ts';
export { DeviceError } from './engine/device-error.ts';
export { UserError } from './user-error.ts';
