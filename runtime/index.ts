// Takes: nothing. Gives: the public API: what the commands do, as functions.
// Promises: everything named here is documented and stays; the command line is made of nothing else.
export { compileForward, compileGeneration, compileTraining, checkSource } from '../compiler/compile.ts';
export { trainSpecOf } from '../compiler/2-check/train/narrow.ts';
export { generateSpecOf } from '../compiler/2-check/train/narrow-generate.ts';
export { compileGraph } from '../compiler/compile-graph.ts';
export type { CheckedSource, GenerationPlans, TrainingPlans } from '../compiler/compile.ts';
export type { CompileOptions, StageResult } from '../compiler/compile-graph.ts';
export type { Plan, Target } from '../compiler/7-plan/plan.ts';
export { defaultTarget } from '../compiler/7-plan/default-target.ts';
export { formatDiagnostic, type Diagnostic } from '../compiler/diagnostics.ts';
export { explainModel, printExplanation, type Explanation } from '../compiler/explain/explain.ts';
export { diffModels, type ModelDiff } from '../compiler/explain/diff/diff.ts';
export { printDiff } from '../compiler/explain/diff/print.ts';
export type { EngineDevice } from './engine/engine-device.ts';
export { openDevice, type DeviceChoice, type DeviceOptions } from './engine/open-device.ts';
export { Session } from './engine/session.ts';
export type { Executable } from './engine/executable.ts';
export { checkSourceFile, chooseGenerate, chooseModel, chooseTrain, loadModelFile, readPrelude } from './model-file.ts';
export { textBatches, type BatchSource } from './data/batch-source.ts';
export { readCorpus, type Corpus } from './data/corpus.ts';
export { fileBatches, TokenFile } from './data/token-file.ts';
export { Trainer, initializeParameters } from './training/trainer.ts';
export { runTraining, type Progress, type RunResult } from './training/run.ts';
export { loadCheckpoint, modelOf, restore, saveCheckpoint, type Checkpoint } from './training/checkpoint.ts';
export { RunFolder, type Metrics } from './training/run-folder.ts';
export { Generator, type Generated, type GenerateOptions } from './inference/generator.ts';
export { UserError } from './user-error.ts';
