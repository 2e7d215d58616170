// Takes: a .model file. Gives: the text of any stage of its compilation, or a saved Plan.
// Promises: needs no device; a saved Plan runs without the compiler.
import { Command, Option } from 'commander';
import { writeFileSync } from 'node:fs';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import type { Model } from '../../compiler/2-check/model.ts';
import { printGraph } from '../../compiler/3-graph/print-graph.ts';
import { printProgram } from '../../compiler/5-optimize/print-program.ts';
import { defaultTargets } from '../../compiler/7-plan/default-target.ts';
import type { Plan } from '../../compiler/7-plan/plan.ts';
import { compileForward, compileGeneration, compileTraining } from '../../compiler/compile.ts';
import type { CompileOptions, StageResult } from '../../compiler/compile-graph.ts';
import { chooseModel, chooseTrain, loadModelFile, type LoadedFile } from '../model-file.ts';
import { colorOn, notice, print } from '../terminal.ts';
import { memoryText } from '../training/memory-text.ts';

const stages = ['ast', 'model', 'graph', 'gradients', 'groups', 'kernels', 'plan'] as const;
type StageName = (typeof stages)[number];
const targets = ['train', 'forward', 'prefill', 'decode'] as const;
type PlanName = (typeof targets)[number];

interface CompileFlags {
  readonly model?: string;
  readonly emit: StageName;
  readonly plan: PlanName;
  readonly fusion: boolean;
  readonly device: 'gpu' | 'cpu';
  readonly out?: string;
}

export function compileCommand(): Command {
  return new Command('compile')
    .description('compile a model and print any stage')
    .argument('<file>', '.model file')
    .option('--model <name>', 'which model or variant (default: the first)')
    .addOption(new Option('--emit <stage>', 'what to print').choices(stages).default('plan'))
    .addOption(new Option('--plan <name>', 'of which plan').choices(targets).default('train'))
    .addOption(new Option('--device <name>', 'for which: WGSL or WebAssembly').choices(['gpu', 'cpu']).default('gpu'))
    .option('--no-fusion', 'one kernel per op, for comparison')
    .option('--out <file>', 'write there instead of printing')
    .addHelpText(
      'after',
      `
Stages: ast (syntax tree), model (resolved, canonical), graph (forward), gradients (with backward and optimizer),
groups (fused), kernels (WGSL, or WebAssembly as text), plan (buffers and dispatches, JSON that runs without the compiler).

Examples:
  modelc compile specs/quickstart.model --emit graph
  modelc compile specs/quickstart.model --emit kernels --plan decode --device cpu
  modelc compile specs/quickstart.model --plan train --out quickstart.plan.json`,
    )
    .action((file: string, flags: CompileFlags) => {
      const text = emit(loadModelFile(file, colorOn('stderr')), flags);
      if (flags.out === undefined) return print(text);
      writeFileSync(flags.out, text);
      notice(`wrote ${flags.out} (${text.length.toLocaleString('en')} bytes)`);
    });
}

function emit(loaded: LoadedFile, flags: CompileFlags): string {
  const model = chooseModel(loaded, flags.model);
  const printers: Record<StageName, () => string> = {
    ast: () => JSON.stringify(parseFile(loaded.source).ast, withoutFiles, 2),
    model: () => model.canonical,
    graph: () => compiled(loaded, model, { ...flags, plan: 'forward' }, 'graph'),
    gradients: () => compiled(loaded, model, { ...flags, plan: 'train' }, 'graph'),
    groups: () => compiled(loaded, model, flags, 'groups'),
    kernels: () => compiled(loaded, model, flags, 'kernel'),
    plan: () => JSON.stringify(one(plansOf(loaded, model, flags, defaults(flags)))),
  };
  return printers[flags.emit]();
}

const defaults = ({ fusion, device }: CompileFlags): CompileOptions => ({
  target: defaultTargets[device],
  fusion,
});

/** Several Plans (gradient accumulation) print as a list. */
const one = (plans: readonly Plan[]): Plan | readonly Plan[] => (plans.length === 1 && plans[0] ? plans[0] : plans);

/** The file inside every span would repeat the whole text. */
function withoutFiles(key: string, value: unknown): unknown {
  return key === 'file' ? undefined : value;
}

type Printed = 'graph' | 'groups' | 'kernel';

function compiled(loaded: LoadedFile, model: Model, flags: CompileFlags, stage: Printed): string {
  const texts = new Map<string, string[]>();
  const onStage = (result: StageResult): void => {
    if (result.stage !== stage) return;
    const text = stageText(result);
    const known = texts.get(result.plan);
    if (known) known.push(text);
    else texts.set(result.plan, [text]);
  };
  plansOf(loaded, model, flags, { ...defaults(flags), onStage });
  const byPlan = [...texts.values()].map((parts) => parts.join('\n'));
  // Training compiles its validation first and generation its decode last; each shows only what was asked for.
  return flags.plan === 'train' ? byPlan.slice(1).join('\n\n') : (byPlan[flags.plan === 'decode' ? 1 : 0] ?? '');
}

function stageText(result: Extract<StageResult, { stage: Printed }>): string {
  switch (result.stage) {
    case 'graph':
      return printGraph(result.graph);
    case 'groups':
      return printProgram(result.program);
    case 'kernel':
      return `${result.text.startsWith('(') ? ';;' : '//'} ${result.plan}: ${result.name}\n${result.text}`;
  }
}

function plansOf(loaded: LoadedFile, model: Model, { plan }: CompileFlags, options: CompileOptions): readonly Plan[] {
  switch (plan) {
    case 'forward':
      return [compileForward(model, { batch: 1, seq: model.context }, options)];
    case 'prefill':
      return [compileGeneration(model, options).prefill];
    case 'decode':
      return [compileGeneration(model, options).decode];
    case 'train': {
      const plans = compileTraining(model, chooseTrain(loaded, model), options);
      notice(memoryText(plans));
      return plans.kind === 'whole' ? [plans.step] : [plans.accumulate, plans.apply];
    }
  }
}
